#include "esnn_graded_conv.h"

#define SHIFT 5u /* ESNN_ROW_UNIT */

_Static_assert(ESNN_ROW_UNIT == 1u << SHIFT, "rows are found by a shift");

void esnn_graded_nibbles_portable(const esnn_part_t *part, uint32_t entry, esnn_place_ref_t *next, uint16_t *entries)
{
    (void)entries; /* where places are addresses */
    uint16_t *lower = ESNN_AT(entries, next[1]), *upper = ESNN_AT(entries, next[2]);
    const uint8_t *line = part->codes;
    entry -= ESNN_ROW_UNIT; /* there is no row of halves of 0 */
    for (uint32_t lines = part->lines; lines != 0; --lines) {
        const uint8_t *codes = line;
        for (uint32_t left = part->count; left != 0; --left) {
            const uint32_t code = *codes++;
            const uint32_t high = code >> 4, low = code & 15u;
            if (high != 0) {
                *upper++ = (uint16_t)(entry + (high << SHIFT));
            }
            if (low != 0) {
                *lower++ = (uint16_t)(entry + (low << SHIFT));
            }
            ESNN_WALK(entry, 15u * ESNN_ROW_UNIT);
        }
        ESNN_WALK(line, part->line_bytes);
    }
    next[1] = ESNN_REF(entries, lower);
    next[2] = ESNN_REF(entries, upper);
}
