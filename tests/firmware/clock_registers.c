/*
 * Runs core_clock.c on counters that are simulated, each access some cycles after the last one, with the interrupt
 * served late or in between any two accesses. CLOCK_SOURCE is that file, its own memory accessed through shared().
 *
 * Usage: program KIND SEED READINGS; KIND: systick, dwt, absent, still, locked. Fails where a reading is not the time
 * that has passed since the counter began.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD ((uint64_t)1 << 24)
#define TURN ((uint64_t)1 << 32)

static volatile uint32_t *simulated(uint32_t address);
static void tick(void);
#define ESNN_REGISTER(address) (*simulated(address))
#define ESNN_CORE_HAS_DWT 1
#include CLOCK_SOURCE

static uint64_t cycle; /* the true time */
static uint64_t random_state;
static uint64_t zero_at;   /* SysTick was 0 */
static uint64_t next_zero; /* it comes to 0 again */
static uint64_t cycles_at; /* CYCCNT was 0 */
static uint64_t due;       /* the interrupt that waits is served */
static uint32_t enabled, pending, in_handler;
static uint32_t has_trace, absent, stands_still, is_locked, demcr, control;
static volatile uint32_t cell;
static uint32_t cell_address, cell_given;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

/** What the last access wrote, if it was a write. */
static void settle(void)
{
    if (cell_address == 0 || cell == cell_given) {
        cell_address = 0;
        return;
    }
    switch (cell_address) {
    case 0xe000e010u:
        enabled = cell & 1u;
        break;
    case 0xe000e018u:
        zero_at = cycle;
        next_zero = cycle + PERIOD;
        break;
    case 0xe000edfcu:
        demcr = has_trace ? cell : 0;
        break;
    case 0xe0001000u:
        control = is_locked ? control : cell;
        break;
    case 0xe0001004u:
        cycles_at = cycle;
        break;
    case 0xe0001fb0u:
        is_locked = is_locked == 1 && cell == 0xc5acce55u ? 0 : is_locked; /* 2: for good */
        break;
    default:
        break;
    }
    cell_address = 0;
}

static void serve(void)
{
    pending = 0;
    in_handler = 1;
    SysTick_Handler();
    settle();
    in_handler = 0;
}

/** Some cycles pass; the interrupt is served at once, or some cycles late. */
static void pass(uint64_t cycles)
{
    const uint64_t end = cycle + cycles;
    while (enabled) {
        if (pending && !in_handler && due <= end) {
            cycle = due > cycle ? due : cycle;
            serve();
        } else if (next_zero <= end) {
            cycle = next_zero > cycle ? next_zero : cycle;
            due = next_zero + (draw(2) == 0 ? draw(200) : 0);
            next_zero += PERIOD;
            pending = 1;
        } else {
            break;
        }
    }
    cycle = end > cycle ? end : cycle;
}

static void tick(void)
{
    settle();
    pass(draw(4) == 0 ? draw(30) : draw(3));
}

static volatile uint32_t *simulated(uint32_t address)
{
    tick();
    uint32_t value = 0;
    switch (address) {
    case 0xe000e018u:
        value = (uint32_t)((0 - (cycle - zero_at)) & (PERIOD - 1));
        break;
    case 0xe000ed04u:
        value = pending ? 1u << 26 : 0;
        break;
    case 0xe000edfcu:
        value = demcr;
        break;
    case 0xe0001000u:
        value = control | (absent ? 1u << 25 : 0);
        break;
    case 0xe0001004u:
        value = (control & 1u) != 0 && !stands_still ? (uint32_t)(cycle - cycles_at) : 0;
        break;
    default:
        break;
    }
    cell_address = address;
    cell_given = value;
    cell = value;
    return &cell;
}

/** Lets time pass until just before, at, or behind a moment at which something turns over. */
static void move(void)
{
    uint64_t now = cycle;
    switch (draw(6)) {
    case 0:
        pass(draw(200));
        return;
    case 1:
        pass((uint64_t)draw(1u << 30) << draw(5)); /* a long step: up to 4 turns of CYCCNT */
        return;
    case 2: { /* CYCCNT */
        const uint64_t left = TURN - (now - cycles_at) % TURN;
        const uint64_t early = draw(80);
        pass(left > early ? left - early : left);
        return;
    }
    default: { /* SysTick */
        const uint64_t early = draw(80);
        pass(next_zero - now > early ? next_zero - now - early : draw(80));
        return;
    }
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    const char *kind = argv[1];
    random_state = strtoull(argv[2], NULL, 0);
    has_trace = strcmp(kind, "systick") != 0;
    absent = strcmp(kind, "absent") == 0;
    stands_still = strcmp(kind, "still") == 0;
    is_locked = strcmp(kind, "locked") == 0 ? 2 : 1;
    cycle = draw(1000);
    esnn_clock_init();
    settle();
    const uint32_t by_dwt = strcmp(esnn_board_clock_name(), "DWT CYCCNT") == 0;
    printf("%s\n", esnn_board_clock_name());
    uint64_t origin = by_dwt ? cycles_at : zero_at, last = 0;
    const unsigned long readings = strtoul(argv[3], NULL, 0);
    for (unsigned long i = 0; i < readings; ++i) {
        move();
        if (draw(50) == 0) {
            esnn_board_clock_restart();
            settle();
            if (!by_dwt) { /* SysTick's time begins anew in the turn that it is in */
                origin = next_zero - PERIOD - ((uint64_t)(core_clock.turns + pending) << 24);
                last = 0;
            }
        }
        const uint64_t before = cycle - origin;
        const uint64_t ticks = esnn_clock_ticks();
        settle();
        const uint64_t after = cycle - origin;
        if (ticks < before || ticks > after || ticks < last) {
            printf("reading %lu: %" PRIu64 " is not in %" PRIu64 "..%" PRIu64 "\n", i, ticks, before, after);
            return 1;
        }
        last = ticks;
    }
    return 0;
}
