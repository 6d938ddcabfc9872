#include "esnn_build.h"
#include "esnn_softmax.h"

int32_t esnn_high_product(int32_t a, int32_t b)
{
    const uint32_t negative = (uint32_t)(a ^ b) >> 31;
    uint32_t bits = a < 0 ? 0u - (uint32_t)a : (uint32_t)a;
    const uint32_t add = b < 0 ? 0u - (uint32_t)b : (uint32_t)b;
    /* From the lowest bit up: (high, low) is 2^31 times what the bits so far make, shifted as far as they go. */
    uint32_t high = 0, low = 0;
    for (uint32_t i = 31; i != 0; --i) {
        if (bits & 1u) {
            high += add; /* below 2^32: high < 2^31, add < 2^31 */
        }
        bits >>= 1;
        low = low >> 1 | high << 31;
        high >>= 1;
        ESNN_HIDE(high);
    }
    /* The product is high 2^31 + (low >> 1). */
    const uint32_t rest = low >> 1, half = 1u << 30;
    const uint32_t up = rest > half || (rest == half && !negative);
    const int32_t rounded = (int32_t)(high + up);
    return negative ? -rounded : rounded;
}
