#include "esnn_context_rows.h"

void esnn_context_add(uint32_t *context, const uint8_t *row_words, uint32_t bits, const uint32_t *key, uint32_t words)
{
    esnn_change_rows(context, row_words, bits, key, words, 0);
}
