/* What a file of cases offers to target_main.c. */
#ifndef TARGET_H
#define TARGET_H

#include <stdint.h>

#ifndef TARGET_BYTES
#define TARGET_BYTES 65536u
#endif

/** Runs a case: reads `in`, writes `out`, both 8-byte aligned. @return bytes written, at most TARGET_BYTES. */
uint32_t run_case(uint32_t kernel, const void *in, void *out);

#endif
