/**
 * @file esnn_count.c
 * @brief QEMU plugin: how often each block of guest code runs during an inference, step by step.
 *
 * Arguments (-plugin FILE,NAME=VALUE,..):
 *   out=PATH            receives the counts
 *   begin=ADDRESS       first instruction of the function that infers; it ends where its caller goes on
 *   clock=ADDRESS       first instruction of the function that reads the clock: each call of it ends a window
 *   clock_end=ADDRESS   behind that function
 *
 * Output, for every inference: a line "inference"; for every window and every block that ran in it a line
 * "window begin instructions count taken fallen" (begin in hexadecimal); a line "end windows".
 * taken: how often the block led elsewhere than to the address behind it; fallen: how often it was entered from the
 * instruction just before it. A block is straight-line code; QEMU may cut the same code in several ways.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin_api.h"

#ifndef ESNN_PLUGIN_API
#define ESNN_PLUGIN_API 1
#endif
#define EXPORT __attribute__((visibility("default")))
#define BUCKETS 4096u

typedef struct esnn_block {
    struct esnn_block *next;   /* in its bucket */
    struct esnn_block *before; /* of all blocks, the one made before it */
    uint64_t begin;
    uint64_t end;
    uint64_t instructions;
    uint64_t count;
    uint64_t taken;
    uint64_t fallen;
} esnn_block_t;

EXPORT int qemu_plugin_version = ESNN_PLUGIN_API;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

static struct {
    FILE *out;
    uint64_t begin;
    uint64_t clock;
    uint64_t clock_end;
    esnn_block_t *buckets[BUCKETS];
    esnn_block_t *all;
    esnn_block_t *last;  /* the block that ran before */
    uint64_t back;       /* where the caller of the inference goes on */
    unsigned int window; /* 0 until the clock is read first */
    int active;
} state;

static void esnn_close_window(int keep)
{
    for (esnn_block_t *block = state.all; block != NULL; block = block->before) {
        if (keep && block->count != 0) {
            fprintf(state.out, "%u %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", state.window,
                    block->begin, block->instructions, block->count, block->taken, block->fallen);
        }
        block->count = 0;
        block->taken = 0;
        block->fallen = 0;
    }
    ++state.window;
}

static void esnn_run(unsigned int cpu, void *data)
{
    (void)cpu;
    esnn_block_t *block = data;
    esnn_block_t *last = state.last;
    state.last = block;
    if (block->begin == state.begin && last != NULL) {
        esnn_close_window(0);
        fputs("inference\n", state.out);
        state.back = last->end;
        state.window = 0;
        state.active = 1;
    } else if (!state.active) {
        return;
    } else {
        if (last->end == block->begin) {
            ++block->fallen;
        } else {
            ++last->taken;
        }
        if (block->begin == state.clock) {
            esnn_close_window(1);
        } else if (block->begin == state.back) {
            esnn_close_window(1);
            fprintf(state.out, "end %u\n", state.window);
            fflush(state.out);
            state.active = 0;
            return;
        }
    }
    ++block->count;
}

/** The block with this code; made when it is new, so that its address stays good for good. */
static esnn_block_t *esnn_block(uint64_t begin, uint64_t end, uint64_t instructions)
{
    esnn_block_t **bucket = &state.buckets[(begin >> 1) & (BUCKETS - 1u)];
    for (esnn_block_t *block = *bucket; block != NULL; block = block->next) {
        if (block->begin == begin && block->end == end && block->instructions == instructions) {
            return block;
        }
    }
    esnn_block_t *block = calloc(1, sizeof *block);
    if (block == NULL) {
        fputs("esnn_count: out of memory\n", stderr);
        exit(1);
    }
    block->begin = begin;
    block->end = end;
    block->instructions = instructions;
    block->next = *bucket;
    *bucket = block;
    block->before = state.all;
    state.all = block;
    return block;
}

static void esnn_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *code)
{
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(code);
    const uint64_t begin = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(code, 0));
    if (begin < state.clock || begin >= state.clock_end) {
        const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(code, count - 1);
        const uint64_t end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
        qemu_plugin_register_vcpu_tb_exec_cb(code, esnn_run, QEMU_PLUGIN_CB_NO_REGS, esnn_block(begin, end, count));
        return;
    }
    /* With -icount QEMU leaves a block where it touches a device, and starts anew behind that instruction: whole
     * blocks would count what follows twice. So where the clock is read, each instruction is a block. */
    for (size_t i = 0; i < count; ++i) {
        struct qemu_plugin_insn *one = qemu_plugin_tb_get_insn(code, i);
        const uint64_t at = qemu_plugin_insn_vaddr(one);
        esnn_block_t *block = esnn_block(at, at + qemu_plugin_insn_size(one), 1);
        qemu_plugin_register_vcpu_insn_exec_cb(one, esnn_run, QEMU_PLUGIN_CB_NO_REGS, block);
    }
}

static uint64_t *esnn_number(const char *name, size_t length)
{
    if (length == 5 && memcmp(name, "begin", 5) == 0) {
        return &state.begin;
    }
    if (length == 5 && memcmp(name, "clock", 5) == 0) {
        return &state.clock;
    }
    return length == 9 && memcmp(name, "clock_end", 9) == 0 ? &state.clock_end : NULL;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; ++i) {
        const char *value = strchr(argv[i], '=');
        uint64_t *number = value != NULL ? esnn_number(argv[i], (size_t)(value - argv[i])) : NULL;
        if (number != NULL) {
            *number = strtoull(value + 1, NULL, 0);
        } else if (strncmp(argv[i], "out=", 4) == 0) {
            state.out = fopen(value + 1, "w");
        }
    }
    if (state.out == NULL || state.begin == 0 || state.clock == 0 || state.clock_end <= state.clock) {
        fputs("esnn_count: needs out=, begin=, clock= and clock_end=\n", stderr);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, esnn_translated);
    return 0;
}
