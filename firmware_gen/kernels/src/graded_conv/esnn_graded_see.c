#include "esnn_graded_conv.h"

void esnn_graded_see(const esnn_graded_conv_t *conv, esnn_line_t *line, uint32_t windows)
{
    line->windows = windows;
    line->columns = conv->kernel_width;
    for (uint32_t i = windows - 1u; i != 0; --i) {
        ESNN_WALK(line->columns, conv->stride_x);
    }
}
