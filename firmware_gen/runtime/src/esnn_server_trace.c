#include "esnn_server.h"
#include "esnn_trace.h"

/** CRCs of a reply. */
#define TRACE_MOST (ESNN_PART_BYTES / 4u)

/** Begins a reply as every reply of an image begins. */
static uint8_t *esnn_put_echo(const esnn_server_t *server, uint8_t *at)
{
    at = esnn_put_u32(at, server->session);
    at = esnn_put_u32(at, server->result_index);
    return esnn_put_u32(at, server->result_crc);
}

/**
 * Runs steps 0 .. last; appends CRCs number first .. first + TRACE_MOST - 1 to the reply.
 * @param made  receives how many CRCs there are in all.
 */
static esnn_status_t esnn_trace_run(esnn_server_t *server, uint32_t last, uint32_t first, uint8_t **end,
                                    uint32_t *made)
{
    esnn_result_t *result = &server->result;
    uint32_t tensor = 0;
    for (uint32_t i = 0; i < ESNN_MODEL_COUNTERS; ++i) {
        result->counts[i] = 0;
    }
    result->ticks = 0;
    for (uint32_t step = 0; step <= last; ++step) {
        const esnn_status_t status = esnn_model_step(step, server->arena, result);
        if (status != ESNN_OK) {
            return status;
        }
        result->ticks += result->step_ticks[step];
        for (; tensor < ESNN_MODEL_TENSORS && esnn_model_tensors[tensor].step == step; ++tensor) {
            if (tensor - first < TRACE_MOST) { /* wraps to a large number below first */
                *end = esnn_put_u32(*end, esnn_tensor_crc(&esnn_model_tensors[tensor], server->arena));
            }
        }
    }
    if (last == ESNN_MODEL_STEPS - 1u) {
        uint32_t crc = 0;
        for (uint32_t i = 0; i < ESNN_MODEL_CLASSES; ++i) {
            uint8_t logit[4];
            esnn_put_u32(logit, (uint32_t)result->logits[i]);
            crc = esnn_crc32(crc, logit, 4);
        }
        if (tensor++ - first < TRACE_MOST) {
            *end = esnn_put_u32(*end, crc);
        }
    }
    *made = tensor;
    return ESNN_OK;
}

uint32_t esnn_server_trace(esnn_server_t *server, uint8_t *payload, uint8_t **end)
{
    const uint32_t index = esnn_get_u32(payload + 4);
    const uint32_t crc = esnn_get_u32(payload + 8);
    const uint32_t last = esnn_get_u32(payload + 12);
    const uint32_t first = esnn_get_u32(payload + 16);
    if (last >= ESNN_MODEL_STEPS || first > ESNN_MODEL_TENSORS) {
        return ESNN_LINK_RANGE;
    }
    if (esnn_crc32(0, server->arena + ESNN_MODEL_INPUT_OFFSET, ESNN_MODEL_INPUT_BYTES) != crc) {
        return ESNN_LINK_IMAGE;
    }
    server->has_result = ESNN_RESULT_NONE;
    server->traced_steps = 0;
    server->text_filled = ESNN_BOARD_KEEPS_IMAGE ? server->text_filled : 0;
    server->result_index = index;
    server->result_crc = crc;
    server->result_sequence = (uint16_t)esnn_get_u16(server->receiver.bytes + 2);
    uint8_t *numbers = esnn_put_echo(server, payload);
    *end = numbers + 4;
    esnn_board_clock_restart();
    uint32_t made = 0;
    if (esnn_trace_run(server, last, first, end, &made) != ESNN_OK) {
        return ESNN_LINK_MODEL;
    }
    esnn_put_u16(esnn_put_u16(numbers, first), made);
    server->traced_steps = (uint16_t)(last + 1u);
    server->has_result = last == ESNN_MODEL_STEPS - 1u ? ESNN_RESULT_OF_FRAMES : ESNN_RESULT_NONE;
    return 0;
}

uint32_t esnn_server_read(esnn_server_t *server, uint8_t *payload, uint8_t **end)
{
    const uint32_t index = esnn_get_u32(payload + 4);
    const uint32_t tensor = esnn_get_u32(payload + 8);
    const uint32_t offset = esnn_get_u32(payload + 12);
    if (tensor >= ESNN_MODEL_TENSORS) {
        return ESNN_LINK_RANGE;
    }
    /* Later steps reuse the place, and an image is written over it: only what the last step left is there. */
    if (server->result_index != index || esnn_model_tensors[tensor].step + 1u != server->traced_steps) {
        return ESNN_LINK_RESULT;
    }
    uint8_t *bytes = esnn_put_u32(esnn_put_echo(server, payload), offset);
    *end = bytes + esnn_tensor_read(&esnn_model_tensors[tensor], server->arena, offset, bytes, ESNN_PART_BYTES);
    return *end != bytes ? 0 : ESNN_LINK_RANGE;
}
