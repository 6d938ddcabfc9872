#include "esnn_board.h"
#include "esnn_text.h"

void esnn_print(const char *text)
{
    for (; *text != '\0'; ++text) {
        esnn_board_write((uint8_t)*text);
    }
}

void esnn_print_name(const char *name)
{
    for (; *name != '\0'; ++name) {
        const char c = *name;
        esnn_board_write((uint8_t)(c < ' ' || c > '~' || c == ']' ? '_' : c));
    }
}

void esnn_print_number(uint64_t value)
{
    char digits[21]; /* 2^64 has 20 */
    uint32_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + (uint32_t)esnn_divide(&value, 10));
    } while (value != 0);
    esnn_print(digits + at);
}
