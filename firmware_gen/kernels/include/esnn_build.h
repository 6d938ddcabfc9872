/**
 * @file esnn_build.h
 * @brief What keeps the kernels the same under any compiler and any of its flags: no multiply, no lost register.
 *
 * **Walks.** `at += stride` in a loop ends at `at + turns * stride`, and compilers like to compute that by
 * multiplying, or `at + i * stride` in each turn. Flags that keep one compiler from it would have to stand in every
 * user's build; so what walks by a number that is not a constant goes through ESNN_WALK(), behind which no compiler
 * sees.
 *
 * **Chains of comparisons** of one number may become a jump table, which is an indirect branch, or on an M0 a call
 * that rewrites its return address: ESNN_HIDE() between them.
 *
 * **Inline assembler** that needs more registers than a compiler can spare pushes what is not its own, and never
 * names r7, which may be the frame pointer; nor does it have operands in memory, which may be found through r7 or
 * sp. What it pushes its file says by ESNN_ASM_STACK() (esnn_asm.h), and it calls nothing.
 */
#ifndef ESNN_BUILD_H
#define ESNN_BUILD_H

/** Makes the compiler forget what it knows of a variable; costs nothing. */
#if defined(__GNUC__)
#define ESNN_HIDE(x) __asm__("" : "+r"(x))
#else
#define ESNN_HIDE(x) ((void)(x))
#endif

/** What is loaded through `at` is loaded behind what makes `x` and `y`: else compilers load all there is, and spill
 * it. */
#if defined(__GNUC__)
#define ESNN_THEN(at, x, y) __asm__("" : "+r"(at), "+r"(x), "+r"(y))
#else
#define ESNN_THEN(at, x, y) ((void)(at), (void)(x), (void)(y))
#endif

/** In front of what the outside calls: it stays a function of its own where programs are optimised as a whole. */
#if defined(__clang__)
#define ESNN_ENTRY __attribute__((noinline, used))
#elif defined(__GNUC__)
#define ESNN_ENTRY __attribute__((noinline, noclone, used, externally_visible))
#else
#define ESNN_ENTRY
#endif

/** In front of generated functions of which there are many: each is compiled by itself. */
#if defined(__GNUC__)
#define ESNN_APART __attribute__((noinline))
#else
#define ESNN_APART
#endif

/** at += by, step by step. */
#define ESNN_WALK(at, by)                                                                                            \
    do {                                                                                                             \
        (at) += (by);                                                                                                \
        ESNN_HIDE(at);                                                                                               \
    } while (0)

/** at -= by, step by step. */
#define ESNN_WALK_BACK(at, by)                                                                                       \
    do {                                                                                                             \
        (at) -= (by);                                                                                                \
        ESNN_HIDE(at);                                                                                               \
    } while (0)

/* C11 asks compilers for strings of 4,095 characters; inline assembler in one piece is longer, and both take it. */
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Woverlength-strings"
#endif

#endif
