/*
 * Runs LLVMFuzzerTestOneInput() where there is no libFuzzer: every file of a corpus, then random changes of them.
 * Usage: program SECONDS SEED FILE..
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILES 4096
#define BYTES 4096
#define HANG_SECONDS 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __sanitizer_set_death_callback(void (*callback)(void));

static uint8_t *files[FILES];
static size_t sizes[FILES];
static int count;
static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state ^= state << 13; /* xorshift64 */
    state ^= state >> 7;
    state ^= state << 17;
    return below == 0 ? 0 : (uint32_t)(state >> 32) % below;
}

static size_t change(uint8_t *data, size_t size)
{
    static const uint8_t telling[] = {0, 1, 2, 3, 4, 5, 6, 0x25, 0x7f, 0x80, 0xfe, 0xff};
    const uint32_t turns = 1 + draw(8);
    for (uint32_t turn = 0; turn < turns; ++turn) {
        const size_t at = draw((uint32_t)size + 1);
        const uint32_t how = draw(6);
        if (how == 0 && size < BYTES) {
            memmove(data + at + 1, data + at, size - at);
            data[at] = (uint8_t)draw(256);
            ++size;
        } else if (how == 1 && at < size) {
            memmove(data + at, data + at + 1, size - at - 1);
            --size;
        } else if (how == 2 && at < size) {
            data[at] ^= (uint8_t)(1u << draw(8));
        } else if (how == 3 && at < size) {
            data[at] = telling[draw(sizeof telling)];
        } else if (how == 4 && count > 0) { /* the start of this, the end of another */
            const int other = (int)draw((uint32_t)count);
            const size_t from = draw((uint32_t)sizes[other] + 1);
            const size_t room = BYTES - at, rest = sizes[other] - from;
            memcpy(data + at, files[other] + from, rest < room ? rest : room);
            size = at + (rest < room ? rest : room);
        } else if (how == 5 && at < size) {
            data[at] = (uint8_t)draw(256);
        }
    }
    return size;
}

static void keep(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || count == FILES) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    files[count] = malloc(BYTES);
    sizes[count] = fread(files[count], 1, BYTES, file);
    ++count;
    fclose(file);
}

static const uint8_t *current;
static size_t current_size;

/* A finding is written where it can be run again. */
static void keep_finding(void)
{
    FILE *file = fopen("finding", "wb");
    if (file != NULL) {
        (void)fwrite(current, 1, current_size, file);
        fclose(file);
    }
}

static void on_signal(int number)
{
    (void)number;
    keep_finding();
    _exit(77);
}

static void run(const uint8_t *data, size_t size)
{
    current = data;
    current_size = size;
    alarm(HANG_SECONDS);
    (void)LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        return 2;
    }
    __sanitizer_set_death_callback(keep_finding);
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    state = strtoull(argv[2], NULL, 10) + 0x9e3779b97f4a7c15u;
    for (int i = 3; i < argc; ++i) {
        keep(argv[i]);
        run(files[count - 1], sizes[count - 1]);
    }
    const time_t end = time(NULL) + atoi(argv[1]);
    uint64_t runs = 0;
    while (time(NULL) < end) {
        for (int i = 0; i < 200; ++i, ++runs) {
            uint8_t *data = malloc(BYTES + 1);
            const int from = (int)draw((uint32_t)count);
            memcpy(data, files[from], sizes[from]);
            size_t size = change(data, sizes[from]);
            uint8_t *exact = malloc(size + 1); /* so that a read past its end is seen */
            memcpy(exact, data, size);
            run(exact, size);
            free(exact);
            free(data);
        }
    }
    printf("%llu inputs\n", (unsigned long long)runs);
    return 0;
}
