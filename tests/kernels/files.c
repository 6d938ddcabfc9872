/* Files for cases.c on this computer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void case_begin(void);
void case_end(void);
uint32_t case_read(void *to, uint32_t bytes);
void case_write(const void *from, uint32_t bytes);

static FILE *in, *out;

void case_begin(void)
{
    in = fopen("in.bin", "rb");
    out = fopen("out.bin", "wb");
}

void case_end(void)
{
    fclose(out);
    exit(0);
}

uint32_t case_read(void *to, uint32_t bytes)
{
    return (uint32_t)fread(to, 1, bytes, in);
}

void case_write(const void *from, uint32_t bytes)
{
    fwrite(from, 1, bytes, out);
}
