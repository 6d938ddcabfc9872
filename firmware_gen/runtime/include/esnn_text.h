/**
 * @file esnn_text.h
 * @brief The text dialect: MLPerf Tiny's commands, which end in '%'. See docs/protocol.md.
 *
 * Every command gets one answer, whose last line is "m-ready".
 */
#ifndef ESNN_TEXT_H
#define ESNN_TEXT_H

#include "esnn_server.h"

/** Most characters of a command, its '%' left out. */
#define ESNN_TEXT_MAX 80u

/** Sends a text. */
void esnn_print(const char *text);

/** Sends a name: printable characters, others and ']' as '_'. */
void esnn_print_name(const char *name);

/** Sends a number in decimal digits. */
void esnn_print_number(uint64_t value);

/** Sends "m-results-[..]": the logits as shares of one, three decimals, never negative, their sum 1.000. */
void esnn_print_results(const esnn_result_t *result);

/** Divides in place, by shifting and subtracting; `divisor` is 1 or more. @return the remainder. */
uint64_t esnn_divide(uint64_t *value, uint64_t divisor);

/** Whether two texts are equal. */
uint32_t esnn_text_is(const char *a, const char *b);

/** Cuts the next word off `*at`, between spaces or line ends. @return it, or NULL at the end. */
const char *esnn_text_word(char **at);

/** Reads a decimal number of up to 9 digits. @return it, or `other` if `word` is none. */
uint32_t esnn_text_number(const char *word, uint32_t other);

/** `db load N`, `db HEX..`, `db print`: fills and shows the image; `rest` is what follows "db". */
void esnn_text_db(esnn_server_t *server, char *rest);

/** `infer [N [W]]`: W inferences to warm up, then N timed ones; `rest` is what follows "infer". */
void esnn_text_infer(esnn_server_t *server, char *rest);

/** Sends the line "m-lap-us-..": a reading of the board's clock in microseconds. */
void esnn_text_lap(uint64_t ticks);

/** Where the image of the text dialect lies. */
uint8_t *esnn_text_image(esnn_server_t *server);

#endif
