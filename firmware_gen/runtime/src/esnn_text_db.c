#include <stddef.h>

#include "esnn_board.h"
#include "esnn_text.h"

/** Value of a hexadecimal digit, or 16. */
static uint32_t esnn_hex(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (uint32_t)(digit - '0');
    }
    const char small = (char)(digit | 0x20);
    return small >= 'a' && small <= 'f' ? (uint32_t)(small - 'a') + 10u : 16u;
}

static void esnn_db_load(esnn_server_t *server, const char *count)
{
    const uint32_t size = count == NULL ? 0 : esnn_text_number(count, UINT32_MAX);
    if (size == 0) {
        esnn_print("e-[Command 'db load' must be >0 bytes]\r\n");
    } else if (size > ESNN_MODEL_INPUT_BYTES) {
        esnn_print("e-[The input has ");
        esnn_print_number(ESNN_MODEL_INPUT_BYTES);
        esnn_print(" bytes]\r\n");
    } else {
        server->text_size = size;
        server->text_filled = 0;
        esnn_print("m-[Expecting ");
        esnn_print_number(size);
        esnn_print(" bytes]\r\n");
    }
}

static void esnn_db_print(esnn_server_t *server)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *image = esnn_text_image(server);
    for (uint32_t i = 0; i < server->text_filled; ++i) {
        esnn_print((i & 7u) == 0 ? "m-buffer-" : "-");
        esnn_board_write((uint8_t)digits[image[i] >> 4]);
        esnn_board_write((uint8_t)digits[image[i] & 15u]);
        if ((i & 7u) == 7u || i + 1u == server->text_filled) {
            esnn_print("\r\n");
        }
    }
}

static void esnn_db_bytes(esnn_server_t *server, const char *hex)
{
    uint32_t length = 0;
    for (; hex[length] != '\0'; ++length) {
        if (esnn_hex(hex[length]) > 15u) {
            esnn_print("e-[Invalid hex digit]\r\n");
            return;
        }
    }
    if ((length & 1u) != 0) {
        esnn_print("e-[Insufficent number of hex digits]\r\n"); /* spelled as the runner knows it */
        return;
    }
    if (server->text_filled >= server->text_size) {
        esnn_print("e-[Nothing to load: send 'db load N' first]\r\n");
        return;
    }
    uint8_t *image = esnn_text_image(server);
    for (uint32_t i = 0; i < length && server->text_filled < server->text_size; i += 2) {
        image[server->text_filled++] = (uint8_t)(esnn_hex(hex[i]) << 4 | esnn_hex(hex[i + 1]));
    }
    if (server->text_filled == server->text_size) {
        esnn_print("m-load-done\r\n");
    }
}

void esnn_text_db(esnn_server_t *server, char *rest)
{
    const char *word = esnn_text_word(&rest);
    if (word == NULL) {
        esnn_print("e-[Command 'db' requires a subcommand]\r\n");
    } else if (esnn_text_is(word, "load")) {
        esnn_db_load(server, esnn_text_word(&rest));
    } else if (esnn_text_is(word, "print")) {
        esnn_db_print(server);
    } else {
        esnn_db_bytes(server, word);
    }
}
