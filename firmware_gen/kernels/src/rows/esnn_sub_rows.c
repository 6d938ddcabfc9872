#include "esnn_rows_portable.h"

void esnn_sub_rows(int32_t *acc, const int8_t *weights, const uint16_t *rows, uint32_t count, uint32_t channels)
{
    esnn_change_sums(acc, weights, rows, count, channels, 1);
}
