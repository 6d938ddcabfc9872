#include <stddef.h>
#include <string.h>

#include "esnn_text.h"

#define MOST 65535u /* a slip of the finger must not keep a device busy for years */

static uint32_t esnn_infer_times(esnn_server_t *server, uint32_t times)
{
    for (; times > 0; --times) {
#if ESNN_BOARD_KEEPS_IMAGE
        memcpy(server->arena + ESNN_MODEL_INPUT_OFFSET, server->kept, ESNN_MODEL_INPUT_BYTES);
#endif
        if (esnn_model_infer(server->arena, &server->result) != ESNN_OK) {
            return 0;
        }
    }
    return 1;
}

void esnn_text_infer(esnn_server_t *server, char *rest)
{
    const char *word = esnn_text_word(&rest);
    const uint32_t times = word == NULL ? 1u : esnn_text_number(word, 0);
    word = word == NULL ? NULL : esnn_text_word(&rest);
    const uint32_t warm = word == NULL ? 10u : esnn_text_number(word, UINT32_MAX);
    if (times == 0 || times > MOST) {
        esnn_print("e-[Inference iterations must be >0 and <65536]\r\n");
        return;
    }
    if (warm > MOST) {
        esnn_print("e-[Inference warmup must be >=0 and <65536]\r\n");
        return;
    }
    if (server->text_filled != ESNN_MODEL_INPUT_BYTES) {
        esnn_print("e-[The input is not loaded: its bytes are ");
        esnn_print_number(ESNN_MODEL_INPUT_BYTES);
        esnn_print("]\r\n");
        return;
    }
    if (!ESNN_BOARD_KEEPS_IMAGE && times + warm > 1u) {
        esnn_print("e-[This board has no memory to run an input twice: infer 1 0]\r\n");
        return;
    }
    server->text_filled = ESNN_BOARD_KEEPS_IMAGE ? server->text_filled : 0;
    server->has_result = ESNN_RESULT_NONE;
    esnn_print("m-warmup-start-");
    esnn_print_number(warm);
    uint32_t good = esnn_infer_times(server, warm);
    esnn_print("\r\nm-warmup-done\r\nm-infer-start-");
    esnn_print_number(times);
    esnn_print("\r\n");
    /* Both readings are sent afterwards: the time it takes to send the first belongs to no inference. */
    const uint64_t start = esnn_clock_ticks();
    good = good && esnn_infer_times(server, times);
    const uint64_t end = esnn_clock_ticks();
    esnn_text_lap(start);
    esnn_text_lap(end);
    if (!good) {
        esnn_print("e-[The inference failed]\r\n");
        return;
    }
    server->has_result = ESNN_RESULT_OF_TEXT;
    esnn_print("m-infer-done\r\n");
    esnn_print_results(&server->result);
}
