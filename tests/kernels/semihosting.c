/* Files of the computer for cases.c, by semihosting (Arm 100863); and the end of the emulation. */
#include <stdint.h>

void case_begin(void);
void case_end(void);
uint32_t case_read(void *to, uint32_t bytes);
void case_write(const void *from, uint32_t bytes);

enum { SYS_OPEN = 1, SYS_CLOSE = 2, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT = 0x18, STOPPED = 0x20026 };

static uintptr_t call(uintptr_t what, uintptr_t with)
{
    register uintptr_t r0 __asm__("r0") = what;
    register uintptr_t r1 __asm__("r1") = with;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uintptr_t in, out;

static uintptr_t file(const char *name, uintptr_t length, uintptr_t mode)
{
    const uintptr_t block[3] = {(uintptr_t)name, mode, length};
    return call(SYS_OPEN, (uintptr_t)block);
}

void case_begin(void)
{
    in = file("in.bin", 6, 1);   /* rb */
    out = file("out.bin", 7, 5); /* wb */
}

void case_end(void)
{
    const uintptr_t block[1] = {out};
    (void)call(SYS_CLOSE, (uintptr_t)block);
    (void)call(SYS_EXIT, STOPPED);
}

uint32_t case_read(void *to, uint32_t bytes)
{
    const uintptr_t block[3] = {in, (uintptr_t)to, bytes};
    return bytes - (uint32_t)call(SYS_READ, (uintptr_t)block);
}

void case_write(const void *from, uint32_t bytes)
{
    const uintptr_t block[3] = {out, (uintptr_t)from, bytes};
    (void)call(SYS_WRITE, (uintptr_t)block);
}
