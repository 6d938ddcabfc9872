#include <stddef.h>

#include "esnn_text.h"

uint32_t esnn_text_is(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        ++a;
        ++b;
    }
    return *a == *b;
}

static uint32_t esnn_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const char *esnn_text_word(char **at)
{
    char *from = *at;
    while (esnn_is_space(*from)) {
        ++from;
    }
    char *end = from;
    while (*end != '\0' && !esnn_is_space(*end)) {
        ++end;
    }
    *at = *end == '\0' ? end : end + 1;
    *end = '\0';
    return end == from ? NULL : from;
}

uint32_t esnn_text_number(const char *word, uint32_t other)
{
    uint32_t value = 0;
    uint32_t digits = 0;
    for (; word[digits] >= '0' && word[digits] <= '9' && digits < 10u; ++digits) {
        value = (value << 3) + (value << 1) + (uint32_t)(word[digits] - '0');
    }
    return digits == 0 || digits > 9u || word[digits] != '\0' ? other : value;
}
