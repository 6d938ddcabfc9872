#include "esnn_block.h"

#if ESNN_CHAIN_V7M

/*
 * A neuron falls through where it is silent, which is most of the time; where it fires, out of line, its membrane is
 * the next sum alone. Planes of +1 grow in upper halves, those of -1 in lower ones.
 */
#define ESNN_PLUS(step)                                                                                              \
    "cmp %[u], %[theta]\n"                                                                                           \
    "bge 1" step "f\n"
#define ESNN_MINUS(step)                                                                                             \
    "cmn %[u], %[theta]\n"                                                                                           \
    "ble 2" step "f\n"
#define ESNN_NEXT(at, step)                                                                                          \
    "ldrsh %[x], [%[sums], #" at "]\n"                                                                               \
    "add %[u], %[x], %[u], asr #1\n" step ":\n"
#define ESNN_FIRED(number, plane, at, step)                                                                          \
    number ":\n"                                                                                                     \
           "orr %[" plane "\n"                                                                                       \
           "ldrsh %[u], [%[sums], #" at "]\n"                                                                        \
           "b " step "b\n"
#define ESNN_FIRED_LAST(number, plane)                                                                               \
    number ":\n"                                                                                                     \
           "orr %[" plane "\n"                                                                                       \
           "b 4b\n"
#define ESNN_BEGIN                                                                                                   \
    "0:\n"                                                                                                           \
    "ldrsh %[theta], [%[thresholds]], #2\n"                                                                          \
    "ldrsh %[u], [%[sums]], #2\n"
#define ESNN_END                                                                                                     \
    "4:\n"                                                                                                           \
    "lsls %[bit], %[bit], #1\n"                                                                                      \
    "bcc 0b\n"                                                                                                       \
    "b 5f\n"
#define ESNN_ALL_PLUS                                                                                                \
    ESNN_FIRED("10", "a], %[a], %[bit]", "30", "1")                                                                  \
    ESNN_FIRED("11", "b], %[b], %[bit]", "62", "2")                                                                  \
    ESNN_FIRED("12", "c], %[c], %[bit]", "94", "3") ESNN_FIRED_LAST("13", "d], %[d], %[bit]")
#define ESNN_ALL_MINUS                                                                                               \
    ESNN_FIRED("20", "a], %[a], %[bit], lsr #16", "30", "1")                                                         \
    ESNN_FIRED("21", "b], %[b], %[bit], lsr #16", "62", "2")                                                         \
    ESNN_FIRED("22", "c], %[c], %[bit], lsr #16", "94", "3") ESNN_FIRED_LAST("23", "d], %[d], %[bit], lsr #16")

#define ESNN_RUN(program)                                                                                            \
    uint32_t a = 0, b = 0, c = 0, d = 0;                                                                             \
    uint32_t bit = 1u << ESNN_BLOCK;                                                                                 \
    int32_t u, x, theta;                                                                                             \
    __asm__ volatile(program "5:\n"                                                                                  \
                     : [sums] "+r"(sums), [thresholds] "+r"(threshold), [bit] "+r"(bit), [a] "+r"(a), [b] "+r"(b),   \
                       [c] "+r"(c), [d] "+r"(d), [u] "=&r"(u), [x] "=&r"(x), [theta] "=&r"(theta)                    \
                     :                                                                                               \
                     : "cc", "memory")

static uint32_t esnn_neurons_binary(const int16_t *sums, const int16_t *threshold, uint32_t *planes)
{
    ESNN_RUN(ESNN_BEGIN ESNN_PLUS("0") ESNN_NEXT("30", "1") ESNN_PLUS("1") ESNN_NEXT("62", "2") ESNN_PLUS("2")
                 ESNN_NEXT("94", "3") ESNN_PLUS("3") ESNN_END ESNN_ALL_PLUS);
    planes[0] = a >> 16 | b;
    planes[1] = c >> 16 | d;
    return a | b | c | d;
}

static uint32_t esnn_neurons_ternary(const int16_t *sums, const int16_t *threshold, uint32_t *planes)
{
    ESNN_RUN(ESNN_BEGIN ESNN_PLUS("0") ESNN_MINUS("0") ESNN_NEXT("30", "1") ESNN_PLUS("1") ESNN_MINUS("1")
                 ESNN_NEXT("62", "2") ESNN_PLUS("2") ESNN_MINUS("2") ESNN_NEXT("94", "3") ESNN_PLUS("3")
                     ESNN_MINUS("3") ESNN_END ESNN_ALL_PLUS ESNN_ALL_MINUS);
    planes[0] = a >> 16 | (b & 0xffff0000u);
    planes[1] = c >> 16 | (d & 0xffff0000u);
    planes[2] = (a & 0xffffu) | b << 16;
    planes[3] = (c & 0xffffu) | d << 16;
    return a | b | c | d;
}

uint32_t esnn_block_neuron_v7m(const int16_t *sums, const int16_t *threshold, uint8_t ternary, uint32_t *planes)
{
    return ternary ? esnn_neurons_ternary(sums, threshold, planes) : esnn_neurons_binary(sums, threshold, planes);
}

#endif
