/**
 * @file esnn_status.h
 * @brief Status codes of every esnn function.
 */
#ifndef ESNN_STATUS_H
#define ESNN_STATUS_H

typedef enum {
    ESNN_OK = 0,
    ESNN_ERROR_ARGUMENT = 1, /**< a null pointer, a size of zero or a shape out of range */
    ESNN_ERROR_MODEL = 2,    /**< the generated model and the library disagree */
} esnn_status_t;

#endif
