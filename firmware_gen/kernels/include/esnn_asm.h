/**
 * @file esnn_asm.h
 * @brief What assembler text tells the stack bound.
 *
 * The compiler does not read the text of inline assembler, so bytes that it pushes are in no call graph. A file that
 * has such text says them once, in a line of its own at file scope; firmware_gen/stack.py adds them to each function
 * of the file. An assembler file (.S) is one function, named as the file, that calls nothing, and always says them.
 */
#ifndef ESNN_ASM_H
#define ESNN_ASM_H

/** The most bytes that are on the stack at once by assembler text of this file: a plain number, words. */
#ifdef __ASSEMBLER__
#define ESNN_ASM_STACK(bytes)
#else
#define ESNN_ASM_STACK(bytes) _Static_assert((bytes) % 4u == 0u, "words are pushed")
#endif

#endif
