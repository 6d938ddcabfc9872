/**
 * @file wide_clock.h
 * @brief 64-bit time from counters of 32 and of 24 bits, whatever moment they turn over at. No registers here.
 */
#ifndef ESNN_WIDE_CLOCK_H
#define ESNN_WIDE_CLOCK_H

#include <stdint.h>

/** A 32-bit counter that counts up, as it was read last; all 0 before the first reading. */
typedef struct {
    volatile uint32_t last;
    volatile uint32_t turns;
} esnn_wide_t;

/** Takes a reading that is less than one turn of the counter after the one before. */
static inline void esnn_wide_take(esnn_wide_t *wide, uint32_t now)
{
    if (now < wide->last) {
        wide->turns = wide->turns + 1u;
    }
    wide->last = now;
}

/** Time of a reading that is less than one turn after the one that was taken. */
static inline uint64_t esnn_wide_time(uint32_t turns, uint32_t last, uint32_t now)
{
    return (uint64_t)(now < last ? turns + 1u : turns) << 32 | now;
}

/** SysTick counts 24 bits down and asks for its interrupt when it comes to 0. */
#define ESNN_SYSTICK_LAST 0xffffffu

/**
 * Time by SysTick.
 *
 * A turn begins with 0, the count at which the interrupt is asked for. Where it is asked for and has not been served,
 * the turn is not in `turns` yet: it counts if the count was read behind 0, that is, in the first half of a turn.
 *
 * @param turns    interrupts served, read before and after the other two and found the same.
 * @param count    SYST_CVR, read before `pending`.
 * @param pending  not 0: the interrupt waits.
 */
static inline uint64_t esnn_systick_time(uint32_t turns, uint32_t count, uint32_t pending)
{
    const uint32_t since = (0u - count) & ESNN_SYSTICK_LAST;
    const uint32_t late = pending != 0 && since <= ESNN_SYSTICK_LAST / 2u;
    return ((uint64_t)turns << 24) + ((uint64_t)late << 24) + since;
}

#endif
