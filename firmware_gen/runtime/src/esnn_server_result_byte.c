#include "esnn_server.h"

uint8_t esnn_server_result_byte(const esnn_result_t *result, uint32_t at)
{
    if (at < 32u) {
        return esnn_model_sha256[at];
    }
    at -= 32u;
    uint32_t word = at >> 2;
    uint32_t value;
    if (word < ESNN_MODEL_CLASSES) {
        value = (uint32_t)result->logits[word];
    } else if ((word -= ESNN_MODEL_CLASSES) < ESNN_MODEL_COUNTERS) {
        value = result->counts[word];
    } else if ((word -= ESNN_MODEL_COUNTERS) < ESNN_MODEL_STEPS) {
        value = result->step_ticks[word];
    } else {
        value = word == ESNN_MODEL_STEPS ? (uint32_t)result->ticks : (uint32_t)(result->ticks >> 32);
    }
    return (uint8_t)(value >> ((at & 3u) << 3));
}
