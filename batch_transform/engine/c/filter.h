/* Filters and joins of many lines, in C: what the files of this folder share.

   The extension is optional. It filters records and joins them with their answers, and writes the same bytes as the
   Python modules csv_record and json_record, which define the result. It handles the usual line and passes any other
   line to `slow`, a Python function for a single line.

   It reads only the bytes objects that it is given, and relies on two guarantees of CPython: they don't change, and a
   NUL follows the last byte. The GIL is held only while Python objects are created, and from the first line that needs
   Python to the end of the call.

   A function that can meet an unusual line returns OK, UNUSUAL (ask `slow`, which either handles the line or raises),
   or FAILED (a Python error is set, or memory ran out).

   module.c includes the other files. As a single translation unit they are up to 10 % faster. */

#ifndef BATCH_TRANSFORM_FILTER_H
#define BATCH_TRANSFORM_FILTER_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { OK, UNUSUAL, FAILED };
enum { CSV_ALL, CSV_INDEXES, CSV_SLICE, JSON_MEMBERS, JSON_VALUE }; /* what a filter selects */
enum { NOTHING, AFTER_EACH, BETWEEN };                             /* where the newlines go */

#define MOST_SELECTED 64 /* a filter has at most 63 characters */

/* Pass on anything but OK. */
#define TRY(call) do { int outcome_ = (call); if (outcome_ != OK) return outcome_; } while (0)

typedef const unsigned char *Text;

typedef struct {
    Text start, end; /* without the newline */
} Span;

static inline size_t span_length(Span span)
{
    return (size_t)(span.end - span.start);
}

typedef struct {
    unsigned char *data;
    size_t length, room;
} Buffer;

typedef struct {
    Text key;
    size_t key_length, start, end; /* where `"key":value` is in the output */
} Member;

/* One call of the module: its filter, and the memory that is reused from line to line. */
typedef struct {
    Buffer out, scratch;
    PyThreadState *released; /* NULL while the GIL is held */
    PyObject *slow;
    int kind, ending;
    int count;                         /* of the indexes, bounds or names; JSON_MEMBERS with 0 selects all members */
    Py_ssize_t indexes[MOST_SELECTED]; /* of CSV_INDEXES; the one or two bounds of CSV_SLICE */
    Span names[MOST_SELECTED];         /* of JSON_MEMBERS; the one name of JSON_VALUE, which is not written */
    Span *cells;
    size_t cell_room;
    Member *members;
    size_t member_count, member_room;
} Work;

typedef struct {
    Text records, records_end, answers, answers_end; /* answers is NULL without a join */
    int are_records_plain, are_answers_plain;        /* plain: no double quote and no carriage return */
} Input;

/* ---- module.c ---- */

static int grow(Buffer *buffer, size_t more);
static void hold_gil(Work *work);

/* Return `array` with room for twice as many items; *room is how many it has. NULL: out of memory. */
static void *more_room(void *array, size_t *room, size_t item_size);

static inline int put(Buffer *buffer, const void *data, size_t length)
{
    if (length > buffer->room - buffer->length && grow(buffer, length) != OK) return FAILED;
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    return OK;
}

static inline int put_span(Buffer *buffer, Span span)
{
    return put(buffer, span.start, span_length(span));
}

static inline int put_byte(Buffer *buffer, unsigned char byte)
{
    if (buffer->length == buffer->room && grow(buffer, 1) != OK) return FAILED;
    buffer->data[buffer->length++] = byte;
    return OK;
}

/* ---- csv.c, json.c: one record, joined with its answer unless that is NULL ---- */

static int csv_line(Work *work, const Input *input, Span record, const Span *answer);
static int json_line(Work *work, Span record, const Span *answer);

/* ---- json_string.c ---- */

/* 1 for each byte that stands for itself in a JSON string. */
static unsigned char as_it_is[256];
static void prepare_strings(void);

/* Read a string; *place is after its opening quote, and then after its closing one. With out NULL, write nothing. */
static int json_string(Text *place, Buffer *out);

/* ---- json_number.c ---- */

/* Read a number and write it as Go writes a float64. With out NULL, write nothing. */
static int json_number(Work *work, Text *place, Buffer *out);

#endif
