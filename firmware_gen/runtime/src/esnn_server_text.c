#include <stddef.h>

#include "esnn_text.h"

static void esnn_profile(void)
{
    esnn_print("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[");
    /* The benchmark's own name where the input is that of its image classification, else ours. */
    if (ESNN_MODEL_INPUT_BYTES == 3072 && ESNN_MODEL_CLASSES == 10) {
        esnn_print("ic01");
    } else {
        esnn_print_name(esnn_model_name);
    }
    esnn_print("]\r\n");
}

static void esnn_command(esnn_server_t *server, const char *word, char *rest)
{
    if (esnn_text_is(word, "name")) {
        esnn_print("m-name-dut-[edge_snn " ESNN_BOARD_NAME "]\r\n");
    } else if (esnn_text_is(word, "profile")) {
        esnn_profile();
    } else if (esnn_text_is(word, "timestamp")) {
        esnn_text_lap(esnn_clock_ticks());
    } else if (esnn_text_is(word, "db")) {
        esnn_text_db(server, rest);
    } else if (esnn_text_is(word, "infer")) {
        esnn_text_infer(server, rest);
    } else if (esnn_text_is(word, "results")) {
        if (server->has_result == ESNN_RESULT_NONE) {
            esnn_print("e-[There is no result]\r\n");
        } else {
            esnn_print_results(&server->result);
        }
    } else if (esnn_text_is(word, "help")) {
        esnn_print("name%, profile%, timestamp%, db load N%, db HEX%, db print%, infer N W%, results%\r\n");
    } else {
        esnn_print("e-[Unknown command: ");
        esnn_print_name(word);
        esnn_print("]\r\n");
    }
}

void esnn_server_text(esnn_server_t *server)
{
    char *text = (char *)server->receiver.bytes;
    server->traced_steps = 0; /* an image or an inference may come to lie over what a trace left */
    if (server->receiver.overflow || server->receiver.length > ESNN_TEXT_MAX + 1u) {
        esnn_print("e-[Command too long]\r\nm-ready\r\n");
        esnn_link_clear(&server->receiver);
        return;
    }
    text[server->receiver.length - 1u] = '\0'; /* the '%' */
    /* Line ends between commands belong to none; a lone '%' asks for nothing, and gets no answer. */
    while (*text == '\r' || *text == '\n' || *text == '%') {
        ++text;
    }
    const char *word = esnn_text_word(&text);
    if (word != NULL) {
        esnn_command(server, word, text);
        esnn_print("m-ready\r\n");
    }
    esnn_link_clear(&server->receiver);
}
