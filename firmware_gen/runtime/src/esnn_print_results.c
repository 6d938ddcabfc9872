#include "esnn_text.h"

/** What a logit is above the least one. */
static uint64_t esnn_above(const esnn_result_t *result, uint32_t i, int32_t least)
{
    return (uint64_t)((int64_t)result->logits[i] - least);
}

/** Thousandths of `sum` in `part`, rounded down: three digits of a long division. */
static uint32_t esnn_share(uint64_t part, uint64_t sum)
{
    uint32_t share = 0;
    for (uint32_t digit = 0; digit < 3u; ++digit) {
        uint64_t ten = (part << 3) + (part << 1);
        part = esnn_divide(&ten, sum);
        share = (share << 3) + (share << 1) + (uint32_t)ten;
    }
    return share;
}

static void esnn_print_share(uint32_t share)
{
    esnn_print(share >= 1000u ? "1." : "0.");
    share = share >= 1000u ? 0 : share;
    esnn_print(share < 10u ? "00" : share < 100u ? "0" : "");
    esnn_print_number(share);
}

void esnn_print_results(const esnn_result_t *result)
{
    uint32_t best = 0;
    int32_t least = result->logits[0];
    for (uint32_t i = 1; i < ESNN_MODEL_CLASSES; ++i) {
        best = result->logits[i] > result->logits[best] ? i : best;
        least = result->logits[i] < least ? result->logits[i] : least;
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < ESNN_MODEL_CLASSES; ++i) {
        sum += esnn_above(result, i, least);
    }
    /* All equal: the winner takes all, which is what the remainder does below. */
    sum = sum == 0 ? 1u : sum;
    uint32_t rest = 1000u;
    for (uint32_t i = 0; i < ESNN_MODEL_CLASSES; ++i) {
        rest -= esnn_share(esnn_above(result, i, least), sum);
    }
    esnn_print("m-results-[");
    for (uint32_t i = 0; i < ESNN_MODEL_CLASSES; ++i) {
        /* What rounding down left over goes to the winner: the largest share is the class, also after a near tie. */
        const uint32_t share = esnn_share(esnn_above(result, i, least), sum);
        esnn_print(i == 0 ? "" : ",");
        esnn_print_share(i == best ? share + rest : share);
    }
    esnn_print("]\r\n");
}
