#include "esnn_vector_pixels.h"

#if ESNN_VECTOR_MVE

#include <arm_mve.h>

/** Channels at or above the next threshold: their number is added to `count`, their bits are `by`. */
#define ESNN_BY(count, by)                                                                                           \
    "vldrh.u16 q6, [%[threshold]], #16\n"                                                                            \
    "vldrh.u16 q7, [%[threshold]], #16\n"                                                                            \
    "vpt.s16 ge, %q[even], q6\n"                                                                                     \
    "vaddvat.u16 " count ", %q[one]\n"                                                                               \
    "vmrs " by ", p0\n"                                                                                              \
    "vpt.s16 ge, %q[odd], q7\n"                                                                                      \
    "vaddvat.u16 " count ", %q[one]\n"                                                                               \
    "vmrs %[bits], p0\n"                                                                                             \
    "and " by ", " by ", #0x55555555\n"                                                                              \
    "and %[bits], %[bits], #0xaaaaaaaa\n"                                                                            \
    "orr " by ", " by ", %[bits]\n"

void esnn_vector_pixel_block_mve(const esnn_pixel_run_t *run, int32_t lines, uint32_t span, uintptr_t table,
                                 const int16_t *start, const int16_t *threshold, uint32_t *planes, uint32_t *fired)
{
    int16x8_t even = vld1q_s16(start), odd = vld1q_s16(start + 8);
    int16x8_t lower_even = vdupq_n_s16(0), lower_odd = vdupq_n_s16(0);
    for (int32_t line = 0; line < lines; ++line) {
        const uint32_t *from = run->from[line];
        uint32_t upper, lower;
        __asm__ volatile("sub %[lower], %[to], %[from]\n"
                         "lsr %[lower], %[lower], #2\n"
                         "wls lr, %[lower], 2f\n"
                         "1:\n"
                         "ldr %[lower], [%[from]], #4\n"
                         "add %[upper], %[rows], %[lower], lsr #16\n"
                         "uxtah %[lower], %[rows], %[lower]\n"
                         "vldrh.u16 q6, [%[upper]]\n"
                         "vldrh.u16 q7, [%[upper], #16]\n"
                         "vadd.i16 %q[even], %q[even], q6\n"
                         "vadd.i16 %q[odd], %q[odd], q7\n"
                         "vldrh.u16 q6, [%[lower]]\n"
                         "vldrh.u16 q7, [%[lower], #16]\n"
                         "vadd.i16 %q[lower_even], %q[lower_even], q6\n"
                         "vadd.i16 %q[lower_odd], %q[lower_odd], q7\n"
                         "le lr, 1b\n"
                         "2:\n"
                         : [even] "+w"(even), [odd] "+w"(odd), [lower_even] "+w"(lower_even),
                           [lower_odd] "+w"(lower_odd), [from] "+r"(from), [upper] "=&r"(upper), [lower] "=&r"(lower)
                         : [to] "r"(run->from[span + (uint32_t)line]), [rows] "r"((uintptr_t)run->rows[line] + table)
                         : "lr", "q6", "q7", "cc", "memory");
    }
    even = vqaddq_s16(vqshlq_n_s16(even, 4), lower_even);
    odd = vqaddq_s16(vqshlq_n_s16(odd, 4), lower_odd);
    uint32_t n0 = fired[0], n1 = fired[1], n2 = fired[2], n3 = fired[3];
    uint32_t by0, by1, by2, by3, bits;
    __asm__ volatile(
        ESNN_BY("%[n0]", "%[by0]") ESNN_BY("%[n1]", "%[by1]") ESNN_BY("%[n2]", "%[by2]") ESNN_BY("%[n3]", "%[by3]")
        : [n0] "+Te"(n0), [n1] "+Te"(n1), [n2] "+Te"(n2), [n3] "+Te"(n3), [by0] "=&r"(by0), [by1] "=&r"(by1),
          [by2] "=&r"(by2), [by3] "=&r"(by3), [bits] "=&r"(bits), [threshold] "+r"(threshold)
        : [even] "w"(even), [odd] "w"(odd), [one] "w"(vdupq_n_s16(1))
        : "q6", "q7", "cc", "memory");
    fired[0] = n0;
    fired[1] = n1;
    fired[2] = n2;
    fired[3] = n3;
    const uint32_t third = by2 & ~by1; /* those that fire at every third step */
    planes[0] = by0 | by1 << 16;
    planes[1] = by0 | third | (by3 & ~third) << 16;
}

#endif
