/* Runs cases from a file on an emulated core, by semihosting: reads cases.bin, writes results.bin. */
#include <stdint.h>

#include "target.h"

enum { SYS_OPEN = 1, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT = 0x18 };

static uint64_t input[TARGET_BYTES / 8u];
static uint64_t output[TARGET_BYTES / 8u];

static uint32_t semihost(uint32_t operation, const void *arguments)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uint32_t open_file(const char *name, uint32_t length, uint32_t mode)
{
    const uint32_t arguments[3] = {(uint32_t)(uintptr_t)name, mode, length};
    return semihost(SYS_OPEN, arguments);
}

/** Whether all bytes were moved. */
static uint32_t move(uint32_t operation, uint32_t file, void *bytes, uint32_t count)
{
    const uint32_t arguments[3] = {file, (uint32_t)(uintptr_t)bytes, count};
    return semihost(operation, arguments) == 0;
}

int main(void)
{
    const uint32_t cases = open_file("cases.bin", 9, 1);     /* rb */
    const uint32_t results = open_file("results.bin", 11, 5); /* wb */
    uint32_t head[2];                                         /* kernel, bytes behind it */
    while (move(SYS_READ, cases, head, sizeof(head)) && head[1] <= TARGET_BYTES &&
           move(SYS_READ, cases, input, head[1])) {
        uint32_t count = run_case(head[0], input, output);
        (void)move(SYS_WRITE, results, &count, 4);
        (void)move(SYS_WRITE, results, output, count);
    }
    (void)semihost(SYS_EXIT, (const void *)0x20026); /* ADP_Stopped_ApplicationExit */
    return 0;
}
