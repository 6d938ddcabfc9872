/* Runs a generated model on inputs that it reads, and writes logits and counts. */
#include "esnn_model.h"

void case_begin(void);
void case_end(void);
uint32_t case_read(void *to, uint32_t bytes); /* bytes that were read */
void case_write(const void *from, uint32_t bytes);

static _Alignas(8) uint8_t arena[ESNN_MODEL_ARENA_BYTES];
static esnn_result_t result;

uint64_t esnn_clock_ticks(void)
{
    return 0;
}

int main(void)
{
    case_begin();
    for (uint32_t i = 0; i < sizeof arena; ++i) {
        arena[i] = 0xa5;
    }
    while (case_read(arena + ESNN_MODEL_INPUT_OFFSET, ESNN_MODEL_INPUT_BYTES) == ESNN_MODEL_INPUT_BYTES) {
        if (esnn_model_infer(arena, &result) != ESNN_OK) {
            break;
        }
        case_write(result.logits, sizeof result.logits);
        case_write(result.counts, sizeof result.counts);
    }
    case_end();
    return 0;
}
