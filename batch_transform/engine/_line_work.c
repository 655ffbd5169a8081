/* The line work of a transform, in C: finds rows, cuts and joins cells, and writes JSON records anew as Go does.

   An optional accelerator. The Python of csv_lines, csv_record, json_lines and json_record is the definition; this
   takes the usual line and hands any other to `slow`, a Python function of one line. It reads nothing but the bytes
   objects that it is given, and relies on what CPython promises of them: they do not change, and a NUL follows them.
   The GIL is held only while Python objects are made, and from the first line on that needs Python.

   Every function that can meet an unusual line returns one of OK, UNUSUAL (nobody is to blame: ask `slow`) and FAILED
   (a Python error is set, or memory is at an end). */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { OK, UNUSUAL, FAILED };
enum { SELECT_ALL, SELECT_INDEXES, SELECT_SLICE };
enum { NOTHING, AFTER_EACH, BETWEEN };

#define MOST_SELECTED 64 /* a filter has at most 63 characters */
#define DEEPEST 64       /* levels of a JSON document; deeper ones are unusual */
#define FEW 16           /* members that are sorted without qsort, which allocates memory */
#define MOST_DIGITS 15   /* every decimal number of so many digits is the shortest form of its float64 */

typedef const unsigned char *Text;

/* ---- what is written ---- */

typedef struct {
    unsigned char *data;
    size_t length, room;
} Buffer;

static int grow(Buffer *buffer, size_t more)
{
    if (more > (size_t)PY_SSIZE_T_MAX - buffer->length) return FAILED;
    size_t needed = buffer->length + more;
    size_t room = buffer->room + buffer->room / 2 + 1024;
    if (room < needed) room = needed;
    unsigned char *data = PyMem_RawRealloc(buffer->data, room);
    if (data == NULL) return FAILED;
    buffer->data = data;
    buffer->room = room;
    return OK;
}

static inline int put(Buffer *buffer, const void *data, size_t length)
{
    if (length > buffer->room - buffer->length && grow(buffer, length) != OK) return FAILED;
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    return OK;
}

static inline int put_byte(Buffer *buffer, unsigned char byte)
{
    if (buffer->length == buffer->room && grow(buffer, 1) != OK) return FAILED;
    buffer->data[buffer->length++] = byte;
    return OK;
}

/* Pass on anything but OK. */
#define TRY(call) do { int outcome_ = (call); if (outcome_ != OK) return outcome_; } while (0)

/* ---- one call ---- */

typedef struct {
    Text start, end; /* without the newline */
} Span;

typedef struct {
    Text key;
    size_t key_length, start, end; /* the place of `"key":value` in what is written */
} Member;

typedef struct {
    Buffer out, scratch;
    PyThreadState *released; /* NULL while the GIL is held */
    PyObject *slow;
    int ending;
    /* CSV */
    int kind, count;
    Py_ssize_t indexes[MOST_SELECTED]; /* or start and end of a slice */
    int has_end;
    Span *cells;
    size_t cell_room;
    /* JSON */
    int names; /* how many; 0 for all members */
    int is_bare; /* one name, whose value is written without it */
    Span name[MOST_SELECTED];
    Member *members;
    size_t member_count, member_room;
} Work;

typedef struct {
    Text records, records_end, answers, answers_end; /* answers is NULL without a join */
    int is_json, are_records_plain, are_answers_plain; /* plain: without a quote and a carriage return */
} Input;

static void hold_gil(Work *work)
{
    if (work->released != NULL) {
        PyEval_RestoreThread(work->released);
        work->released = NULL;
    }
}

static void clear(Work *work)
{
    PyMem_RawFree(work->out.data);
    PyMem_RawFree(work->scratch.data);
    PyMem_RawFree(work->cells);
    PyMem_RawFree(work->members);
}

/* Write what Python makes of a line. */
static int ask_python(Work *work, Span record, const Span *answer)
{
    hold_gil(work);
    PyObject *result =
        answer == NULL
            ? PyObject_CallFunction(work->slow, "y#O", (const char *)record.start,
                                    (Py_ssize_t)(record.end - record.start), Py_None)
            : PyObject_CallFunction(work->slow, "y#y#", (const char *)record.start,
                                    (Py_ssize_t)(record.end - record.start), (const char *)answer->start,
                                    (Py_ssize_t)(answer->end - answer->start));
    if (result == NULL) return FAILED;
    if (!PyBytes_Check(result)) {
        Py_DECREF(result);
        PyErr_SetString(PyExc_TypeError, "slow must return bytes");
        return FAILED;
    }
    int outcome = put(&work->out, PyBytes_AS_STRING(result), (size_t)PyBytes_GET_SIZE(result));
    Py_DECREF(result);
    return outcome;
}

/* ---- CSV ---- */

static Text line_end(Text start, Text end)
{
    Text found = memchr(start, '\n', (size_t)(end - start));
    return found == NULL ? end : found;
}

static int add_cell(Work *work, size_t *count, Text start, Text end)
{
    if (*count == work->cell_room) {
        size_t room = work->cell_room * 2 + 64;
        if (room > (size_t)PY_SSIZE_T_MAX / sizeof(Span)) return FAILED;
        Span *cells = PyMem_RawRealloc(work->cells, room * sizeof(Span));
        if (cells == NULL) return FAILED;
        work->cells = cells;
        work->cell_room = room;
    }
    work->cells[*count].start = start;
    work->cells[*count].end = end;
    ++*count;
    return OK;
}

/* Cut a row into its cells as they are written back: without quotes where they need none. */
static int cut(Work *work, size_t *count, Span row)
{
    Text at = row.start;
    for (;;) {
        Text start = at;
        if (at < row.end && *at == '"') {
            int needs_quotes = 0;
            for (++at;; ++at) {
                if (at >= row.end) return UNUSUAL; /* no closing quote */
                if (*at == ',') needs_quotes = 1;
                if (*at != '"') continue;
                if (at + 1 < row.end && at[1] == '"') {
                    needs_quotes = 1;
                    ++at;
                    continue;
                }
                break;
            }
            ++at;
            if (at < row.end && *at != ',') return UNUSUAL; /* text after the closing quote */
            TRY(needs_quotes ? add_cell(work, count, start, at) : add_cell(work, count, start + 1, at - 1));
        } else {
            while (at < row.end && *at != ',') {
                if (*at == '"') return UNUSUAL; /* a bare quote */
                ++at;
            }
            TRY(add_cell(work, count, start, at));
        }
        if (at >= row.end) return OK;
        ++at; /* the comma, after which there is a cell even at the end */
    }
}

/* Write cells with commas between them; those that lie side by side in the row in one piece. */
static int write_cells(Work *work, size_t from, size_t to)
{
    for (size_t at = from; at <= to; ++at) {
        Span piece = work->cells[at];
        while (at < to && work->cells[at + 1].start == piece.end + 1) piece.end = work->cells[++at].end;
        TRY(put(&work->out, piece.start, (size_t)(piece.end - piece.start)));
        if (at < to) TRY(put_byte(&work->out, ','));
    }
    return OK;
}

/* Select from the cells of work->cells. */
static int select_cells(Work *work, size_t count)
{
    Py_ssize_t length = (Py_ssize_t)count;
    if (work->kind == SELECT_ALL) return write_cells(work, 0, count - 1);
    if (work->kind == SELECT_SLICE) {
        Py_ssize_t start = work->indexes[0], end = work->has_end ? work->indexes[1] : length - 1;
        if (start < 0) start += length;
        if (start < 0 || end < start || end >= length) return UNUSUAL;
        return write_cells(work, (size_t)start, (size_t)end);
    }
    for (int at = 0; at < work->count; ++at) {
        Py_ssize_t index = work->indexes[at];
        if (index < 0) index += length;
        if (index < 0 || index >= length) return UNUSUAL;
        if (at) TRY(put_byte(&work->out, ','));
        TRY(write_cells(work, (size_t)index, (size_t)index));
    }
    return OK;
}

/* The cell with an index from the left of a row without quotes; NULL where there are not so many. */
static Text cell_start(Span row, Py_ssize_t index)
{
    Text at = row.start;
    for (; index > 0; --index) {
        at = memchr(at, ',', (size_t)(row.end - at));
        if (at == NULL) return NULL;
        ++at;
    }
    return at;
}

static Text cell_end(Span row, Text start)
{
    Text found = memchr(start, ',', (size_t)(row.end - start));
    return found == NULL ? row.end : found;
}

/* The same from the right: -1 is the last. */
static Text cell_start_from_right(Span row, Py_ssize_t index, Text *end)
{
    Text at = row.end;
    *end = at;
    for (;;) {
        while (at > row.start && at[-1] != ',') --at;
        if (++index == 0) return at;
        if (at == row.start) return NULL;
        --at;
        *end = at;
    }
}

/* Rows without quotes: no cell changes, so each row is cut only as far as it must be. UNUSUAL: not this way. */
static int select_plain(Work *work, Span record, const Span *answer)
{
    Buffer *out = &work->out;
    size_t begun = out->length;
    if (work->kind == SELECT_INDEXES) {
        for (int at = 0; at < work->count; ++at) {
            Py_ssize_t index = work->indexes[at];
            Text start, end;
            if (index >= 0) {
                start = cell_start(record, index);
                end = start == NULL ? NULL : cell_end(record, start);
            } else {
                start = cell_start_from_right(answer == NULL ? record : *answer, index, &end);
            }
            if (start == NULL) { /* in the other of the two, or nowhere */
                out->length = begun;
                return UNUSUAL;
            }
            if (at) TRY(put_byte(out, ','));
            TRY(put(out, start, (size_t)(end - start)));
        }
        return OK;
    }
    Text start = record.start, end = record.end;
    if (work->kind == SELECT_SLICE) {
        if (work->indexes[0] < 0) return UNUSUAL;
        start = cell_start(record, work->indexes[0]);
        if (start == NULL) return UNUSUAL;
        if (work->has_end) {
            if (work->indexes[1] < work->indexes[0]) return UNUSUAL;
            Span rest = {start, record.end};
            Text last = cell_start(rest, work->indexes[1] - work->indexes[0]);
            if (last == NULL) return UNUSUAL;
            end = cell_end(record, last);
            answer = NULL; /* the slice ends before it */
        }
    }
    TRY(put(out, start, (size_t)(end - start)));
    if (answer == NULL) return OK;
    TRY(put_byte(out, ','));
    return put(out, answer->start, (size_t)(answer->end - answer->start));
}

/* Remove the carriage return that ends a row; UNUSUAL for one anywhere else. */
static int without_return(Span *row)
{
    if (row->end > row->start && row->end[-1] == '\r') --row->end;
    return memchr(row->start, '\r', (size_t)(row->end - row->start)) == NULL ? OK : UNUSUAL;
}

static int without_quotes(Span row)
{
    return memchr(row.start, '"', (size_t)(row.end - row.start)) == NULL;
}

static int csv_line(Work *work, const Input *input, Span record, const Span *answer)
{
    Span end = {NULL, NULL};
    int is_plain = 1;
    if (!input->are_records_plain) {
        TRY(without_return(&record));
        is_plain = without_quotes(record);
    }
    if (answer != NULL && !input->are_answers_plain) {
        end = *answer;
        TRY(without_return(&end));
        is_plain = is_plain && without_quotes(end);
        answer = &end;
    }
    if (is_plain) {
        int outcome = select_plain(work, record, answer);
        if (outcome != UNUSUAL) return outcome;
    }
    size_t count = 0;
    TRY(cut(work, &count, record));
    if (answer != NULL) TRY(cut(work, &count, *answer));
    return select_cells(work, count);
}

/* ---- JSON ---- */

/* 1 for what stands in a string as it is. */
static unsigned char as_it_is[256];

static int is_hex(unsigned char byte, unsigned *value)
{
    unsigned read;
    if (byte >= '0' && byte <= '9') read = byte - '0';
    else if (byte >= 'a' && byte <= 'f') read = byte - 'a' + 10;
    else if (byte >= 'A' && byte <= 'F') read = byte - 'A' + 10;
    else return 0;
    *value = *value * 16 + read;
    return 1;
}

/* Read the four digits of an escape. They are looked at one by one, so that none lies behind the end. */
static int hex4(Text at, unsigned *value)
{
    *value = 0;
    return is_hex(at[0], value) && is_hex(at[1], value) && is_hex(at[2], value) && is_hex(at[3], value);
}

/* The length of the UTF-8 sequence at `at`, 0 for one that is none. A NUL or newline ends every text. */
static int sequence(Text at)
{
    unsigned char first = at[0];
    if (first >= 0xC2 && first <= 0xDF) return (at[1] & 0xC0) == 0x80 ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        if ((at[1] & 0xC0) != 0x80 || (at[2] & 0xC0) != 0x80) return 0;
        if (first == 0xE0 && at[1] < 0xA0) return 0;
        if (first == 0xED && at[1] > 0x9F) return 0; /* half a surrogate pair */
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if ((at[1] & 0xC0) != 0x80 || (at[2] & 0xC0) != 0x80 || (at[3] & 0xC0) != 0x80) return 0;
        if (first == 0xF0 && at[1] < 0x90) return 0;
        if (first == 0xF4 && at[1] > 0x8F) return 0;
        return 4;
    }
    return 0;
}

static int put_character(Buffer *out, unsigned character)
{
    unsigned char bytes[4];
    size_t length;
    if (character < 0x80) {
        bytes[0] = (unsigned char)character;
        length = 1;
    } else if (character < 0x800) {
        bytes[0] = (unsigned char)(0xC0 | character >> 6);
        bytes[1] = (unsigned char)(0x80 | (character & 0x3F));
        length = 2;
    } else if (character < 0x10000) {
        bytes[0] = (unsigned char)(0xE0 | character >> 12);
        bytes[1] = (unsigned char)(0x80 | (character >> 6 & 0x3F));
        bytes[2] = (unsigned char)(0x80 | (character & 0x3F));
        length = 3;
    } else {
        bytes[0] = (unsigned char)(0xF0 | character >> 18);
        bytes[1] = (unsigned char)(0x80 | (character >> 12 & 0x3F));
        bytes[2] = (unsigned char)(0x80 | (character >> 6 & 0x3F));
        bytes[3] = (unsigned char)(0x80 | (character & 0x3F));
        length = 4;
    }
    return put(out, bytes, length);
}

/* Write a \u escape as the character that it is; *at is on its u, and then on its last digit. */
static int unescape(Buffer *out, Text *at)
{
    unsigned character, low;
    if (!hex4(*at + 1, &character)) return UNUSUAL;
    *at += 4;
    if (character >= 0xD800 && character <= 0xDBFF) {
        if ((*at)[1] != '\\' || (*at)[2] != 'u' || !hex4(*at + 3, &low)) return UNUSUAL;
        if (low < 0xDC00 || low > 0xDFFF) return UNUSUAL;
        *at += 6;
        character = 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00);
    } else if ((character < 0x80 && !as_it_is[character]) || (character >= 0xDC00 && character <= 0xDFFF) ||
               character == 0x2028 || character == 0x2029) {
        return UNUSUAL;
    }
    return put_character(out, character);
}

/* Read a string; *at is behind its first quote, and then behind its last. out is NULL where it is not written. */
static int string(Text *place, Buffer *out)
{
    Text at = *place, copied = at;
    for (;; ++at) {
        while (as_it_is[*at]) ++at;
        unsigned char byte = *at;
        if (byte == '"') break;
        if (byte < 0x20) return UNUSUAL; /* a control character, or the end of the line */
        if (byte == '\\') {
            ++at;
            if (*at == 'u') {
                if (out == NULL) {
                    unsigned ignored;
                    if (!hex4(at + 1, &ignored)) return UNUSUAL;
                    at += 4;
                } else {
                    TRY(put(out, copied, (size_t)(at - 1 - copied)));
                    TRY(unescape(out, &at));
                    copied = at + 1;
                }
            } else if (*at == '/') {
                if (out != NULL) return UNUSUAL;
            } else if (*at == 0 || strchr("\"\\bfnrt", *at) == NULL) {
                return UNUSUAL;
            }
            continue;
        }
        if (out == NULL) continue; /* broken UTF-8 is no fault in Go */
        if (byte < 0x80) { /* one of < > & */
            static const char digits[] = "0123456789abcdef";
            char escape[6] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
            TRY(put(out, copied, (size_t)(at - copied)));
            TRY(put(out, escape, 6));
            copied = at + 1;
            continue;
        }
        int length = sequence(at);
        if (length == 0) return UNUSUAL;
        if (length == 3 && byte == 0xE2 && at[1] == 0x80 && (at[2] & 0xFE) == 0xA8) {
            TRY(put(out, copied, (size_t)(at - copied)));
            TRY(put(out, at[2] == 0xA8 ? "\\u2028" : "\\u2029", 6));
            copied = at + 3;
        }
        at += length - 1;
    }
    if (out != NULL) TRY(put(out, copied, (size_t)(at - copied)));
    *place = at + 1;
    return OK;
}

/* Write digits as Go writes a float64; the point stands before digits[0] when point is 0. There is a digit, not 0. */
static int lay_out(Buffer *out, int is_negative, const char *digits, int count, int point)
{
    char text[64];
    int exponent = point - 1, length = 0;
    if (count > 20) return UNUSUAL;
    if (is_negative) text[length++] = '-';
    if (exponent < -6 || exponent >= 21) {
        text[length++] = digits[0];
        if (count > 1) {
            text[length++] = '.';
            memcpy(text + length, digits + 1, (size_t)(count - 1));
            length += count - 1;
        }
        length += PyOS_snprintf(text + length, 16, "e%c%d", exponent < 0 ? '-' : '+',
                                exponent < 0 ? -exponent : exponent);
    } else if (exponent < 0) {
        text[length++] = '0';
        text[length++] = '.';
        for (; point < 0; ++point) text[length++] = '0';
        memcpy(text + length, digits, (size_t)count);
        length += count;
    } else {
        for (int at = 0; at < (count > point ? count : point); ++at) {
            if (at == point) text[length++] = '.';
            text[length++] = at < count ? digits[at] : '0';
        }
    }
    return put(out, text, (size_t)length);
}

/* Write a number of many digits through float64, which Python does. */
static int long_number(Work *work, Buffer *out, Text start, Text end)
{
    char text[64];
    size_t length = (size_t)(end - start);
    if (length >= sizeof text) return UNUSUAL;
    memcpy(text, start, length);
    text[length] = 0;
    hold_gil(work);
    char *stop = NULL;
    double value = PyOS_string_to_double(text, &stop, NULL);
    if (value == -1.0 && PyErr_Occurred()) {
        PyErr_Clear();
        return UNUSUAL;
    }
    if (value == 0.0 || value > 1.7e308 || value < -1.7e308) return UNUSUAL;
    char *shortest = PyOS_double_to_string(value, 'r', 0, 0, NULL);
    if (shortest == NULL) return FAILED;
    char digits[32];
    int count = 0, seen = 0, leading = 0, point = -1; /* leading: the zeros in front, as of 0.0012 */
    const char *at = shortest + (*shortest == '-');
    for (; *at && *at != 'e'; ++at) {
        if (*at == '.') {
            point = seen;
            continue;
        }
        ++seen;
        if (*at == '0' && count == 0) ++leading;
        else if (count < (int)sizeof digits) digits[count++] = *at;
    }
    if (point < 0) point = seen;
    point += (*at == 'e' ? atoi(at + 1) : 0) - leading;
    PyMem_Free(shortest);
    while (count > 1 && digits[count - 1] == '0') --count;
    return count ? lay_out(out, value < 0, digits, count, point) : UNUSUAL;
}

static int number(Work *work, Text *place, Buffer *out)
{
    Text start = *place, at = start;
    char digits[MOST_DIGITS];
    int count = 0, has_many = 0, is_negative = *at == '-';
    long point = 0, exponent = 0;
    if (is_negative) ++at;
    Text whole = at;
    if (*at == '0') {
        ++at;
    } else if (*at >= '1' && *at <= '9') {
        while (*at >= '0' && *at <= '9') ++at;
    } else {
        return UNUSUAL;
    }
    Text point_at = at, fraction_end = at;
    if (*at == '.') {
        ++at;
        if (*at < '0' || *at > '9') return UNUSUAL;
        while (*at >= '0' && *at <= '9') ++at;
        fraction_end = at;
    }
    int has_exponent = *at == 'e' || *at == 'E';
    if (has_exponent) {
        ++at;
        int is_small = *at == '-';
        if (*at == '-' || *at == '+') ++at;
        if (*at < '0' || *at > '9') return UNUSUAL;
        for (; *at >= '0' && *at <= '9'; ++at) {
            exponent = exponent * 10 + (*at - '0');
            if (exponent > 9999) return UNUSUAL;
        }
        if (is_small) exponent = -exponent;
    }
    *place = at;
    if (point_at - whole + exponent > 300) return UNUSUAL; /* perhaps beyond float64 */
    if (out == NULL) return OK;
    if (!has_exponent && at - whole <= MOST_DIGITS) { /* stays as it is, without the zeros at the end of a fraction */
        if (fraction_end == point_at) return put(out, start, (size_t)(at - start));
        while (at[-1] == '0') --at;
        if (at[-1] == '.') --at;
        int is_tiny = *whole == '0' && at - whole > 7 && memcmp(whole, "0.000000", 8) == 0;
        if (!is_tiny) return put(out, start, (size_t)(at - start));
    }
    for (at = whole; at < fraction_end; ++at) {
        if (at == point_at) continue;
        if (at < point_at && (count || *at != '0')) ++point;
        if (at > point_at && !count && *at == '0') --point;
        if (!count && *at == '0') continue; /* a zero in front */
        if (count < MOST_DIGITS) digits[count++] = (char)*at;
        else if (*at != '0') has_many = 1;
    }
    if (has_many) return long_number(work, out, start, *place);
    while (count > 0 && digits[count - 1] == '0') --count;
    if (count == 0) return is_negative ? put(out, "-0", 2) : put(out, "0", 1);
    if (point + exponent < -290) return UNUSUAL; /* perhaps less exact than others */
    return lay_out(out, is_negative, digits, count, (int)(point + exponent));
}

static inline Text past_blanks(Text at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r') ++at;
    return at;
}

static int compare(Text one, size_t one_length, Text other, size_t other_length)
{
    int order = memcmp(one, other, one_length < other_length ? one_length : other_length);
    if (order) return order;
    return one_length < other_length ? -1 : one_length > other_length;
}

static int compare_members(const void *one, const void *other)
{
    const Member *left = one, *right = other;
    if (left->key_length && right->key_length && *left->key != *right->key) return *left->key < *right->key ? -1 : 1;
    return compare(left->key, left->key_length, right->key, right->key_length);
}

static int add_member(Work *work, Text key, size_t length, size_t start, size_t end)
{
    if (work->member_count == work->member_room) {
        size_t room = work->member_room * 2 + 64;
        if (room > (size_t)PY_SSIZE_T_MAX / sizeof(Member)) return FAILED;
        Member *members = PyMem_RawRealloc(work->members, room * sizeof(Member));
        if (members == NULL) return FAILED;
        work->members = members;
        work->member_room = room;
    }
    Member member = {key, length, start, end};
    work->members[work->member_count++] = member;
    return OK;
}

/* Put the members that were written from `start` on in the order of their keys, and commas between them. */
static int arrange(Work *work, Buffer *out, size_t start, size_t first)
{
    size_t count = work->member_count - first;
    Member *members = work->members + first;
    int is_sorted = 1;
    for (size_t at = 1; at < count && is_sorted; ++at) {
        int order = compare_members(&members[at - 1], &members[at]);
        if (order == 0) return UNUSUAL; /* the last of equal keys wins */
        if (order > 0) is_sorted = 0;
    }
    if (count > 1 && !is_sorted) {
        if (count > FEW) {
            qsort(members, count, sizeof(Member), compare_members);
        } else {
            for (size_t at = 1; at < count; ++at) {
                Member member = members[at];
                size_t to = at;
                for (; to > 0 && compare_members(&members[to - 1], &member) > 0; --to) members[to] = members[to - 1];
                members[to] = member;
            }
        }
        for (size_t at = 1; at < count; ++at)
            if (compare_members(&members[at - 1], &members[at]) == 0) return UNUSUAL;
        size_t length = out->length - start;
        work->scratch.length = 0;
        TRY(put(&work->scratch, out->data + start, length));
        out->length = start;
        for (size_t at = 0; at < count; ++at) {
            if (at) TRY(put_byte(out, ','));
            TRY(put(out, work->scratch.data + (members[at].start - start), members[at].end - members[at].start));
        }
    }
    work->member_count = first;
    return OK;
}

/* Read a key and its colon; *key is what stands between the quotes. One with an escape is unusual. */
static int read_key(Text *place, Span *key, int *is_simple)
{
    Text at = past_blanks(*place);
    if (*at != '"') return UNUSUAL;
    key->start = ++at;
    while (as_it_is[*at]) ++at;
    *is_simple = *at == '"';
    for (; *at != '"'; ++at) {
        if (*at < 0x20 || *at == '\\') return UNUSUAL;
    }
    key->end = at;
    ++at;
    if (*at != ':') at = past_blanks(at);
    if (*at != ':') return UNUSUAL;
    *place = at + 1;
    return OK;
}

static int value(Work *work, Text *place, Buffer *out, int depth);

/* Write `"key":value`, and remember it as a member. */
static int member(Work *work, Text *place, Buffer *out, Span key, int is_simple, int depth)
{
    size_t start = out->length;
    if (is_simple) {
        TRY(put(out, key.start - 1, (size_t)(key.end - key.start) + 2));
        TRY(put_byte(out, ':'));
    } else {
        Text at = key.start;
        TRY(put_byte(out, '"'));
        TRY(string(&at, out));
        if (out->length - start - 1 != (size_t)(key.end - key.start)) return UNUSUAL; /* escaped: sorts otherwise */
        TRY(put(out, "\":", 2));
    }
    TRY(value(work, place, out, depth));
    return add_member(work, key.start, (size_t)(key.end - key.start), start, out->length);
}

static int object(Work *work, Text *place, Buffer *out, int depth)
{
    Text at = past_blanks(*place);
    size_t first = work->member_count, start = 0;
    if (out != NULL) {
        TRY(put_byte(out, '{'));
        start = out->length;
    }
    if (*at == '}') {
        *place = at + 1;
        return out == NULL ? OK : put_byte(out, '}');
    }
    for (int is_first = 1;; is_first = 0) {
        Span key;
        int is_simple;
        TRY(read_key(&at, &key, &is_simple));
        if (out == NULL) {
            TRY(value(work, &at, NULL, depth));
        } else {
            if (!is_first) TRY(put_byte(out, ','));
            TRY(member(work, &at, out, key, is_simple, depth));
        }
        at = past_blanks(at);
        if (*at == '}') break;
        if (*at != ',') return UNUSUAL;
        ++at;
    }
    *place = at + 1;
    if (out == NULL) return OK;
    TRY(arrange(work, out, start, first));
    return put_byte(out, '}');
}

static int array(Work *work, Text *place, Buffer *out, int depth)
{
    Text at = past_blanks(*place);
    if (out != NULL) TRY(put_byte(out, '['));
    if (*at == ']') {
        *place = at + 1;
        return out == NULL ? OK : put_byte(out, ']');
    }
    for (;;) {
        TRY(value(work, &at, out, depth));
        at = past_blanks(at);
        if (*at == ']') break;
        if (*at != ',') return UNUSUAL;
        ++at;
        if (out != NULL) TRY(put_byte(out, ','));
    }
    *place = at + 1;
    return out == NULL ? OK : put_byte(out, ']');
}

static int literal(Text *place, Buffer *out, const char *word)
{
    size_t length = strlen(word);
    if (strncmp((const char *)*place, word, length) != 0) return UNUSUAL;
    *place += length;
    return out == NULL ? OK : put(out, word, length);
}

/* Read a value; *place is before it, and then behind it. It is written to `out`, or nowhere. */
static int value(Work *work, Text *place, Buffer *out, int depth)
{
    Text at = past_blanks(*place);
    int outcome;
    if (depth >= DEEPEST) return UNUSUAL;
    switch (*at) {
    case '"':
        ++at;
        if (out != NULL) TRY(put_byte(out, '"'));
        TRY(string(&at, out));
        outcome = out == NULL ? OK : put_byte(out, '"');
        break;
    case '{': ++at; outcome = object(work, &at, out, depth + 1); break;
    case '[': ++at; outcome = array(work, &at, out, depth + 1); break;
    case 't': outcome = literal(&at, out, "true"); break;
    case 'f': outcome = literal(&at, out, "false"); break;
    case 'n': outcome = literal(&at, out, "null"); break;
    default: outcome = number(work, &at, out);
    }
    *place = at;
    return outcome;
}

static const char OUTPUT[] = "SageMakerOutput";
#define IS_OUTPUT(span) \
    ((size_t)((span).end - (span).start) == sizeof OUTPUT - 1 && memcmp((span).start, OUTPUT, sizeof OUTPUT - 1) == 0)

static int is_wanted(const Work *work, Span key)
{
    if (!work->names) return 1;
    for (int at = 0; at < work->names; ++at) {
        Span name = work->name[at];
        if (name.end - name.start == key.end - key.start && *name.start == *key.start &&
            memcmp(name.start, key.start, (size_t)(key.end - key.start)) == 0)
            return 1;
    }
    return 0;
}

static int whole_value(Work *work, Span line, Buffer *out)
{
    Text at = line.start;
    TRY(value(work, &at, out, 1));
    return past_blanks(at) == line.end ? OK : UNUSUAL;
}

/* A record that is an object: the members that are wanted, among them the answer as SageMakerOutput. */
static int json_line(Work *work, Span record, const Span *answer)
{
    Buffer *out = &work->out;
    work->member_count = 0;
    Text at = past_blanks(record.start);
    if (*at != '{') return UNUSUAL;
    at = past_blanks(at + 1);
    if (!work->is_bare) TRY(put_byte(out, '{'));
    size_t start = out->length;
    int found = 0;
    if (*at == '}') {
        ++at;
    } else {
        for (;;) {
            Span key;
            int is_simple;
            TRY(read_key(&at, &key, &is_simple));
            if (!is_wanted(work, key) || (answer != NULL && IS_OUTPUT(key))) {
                TRY(value(work, &at, NULL, 1));
            } else if (work->is_bare) {
                if (found++) return UNUSUAL; /* the last of equal keys wins */
                TRY(value(work, &at, out, 1));
            } else {
                if (found++) TRY(put_byte(out, ','));
                TRY(member(work, &at, out, key, is_simple, 1));
            }
            at = past_blanks(at);
            if (*at == '}') break;
            if (*at != ',') return UNUSUAL;
            ++at;
        }
        ++at;
    }
    if (past_blanks(at) != record.end) return UNUSUAL;
    if (answer != NULL) {
        Span key = {(Text)OUTPUT, (Text)OUTPUT + sizeof OUTPUT - 1};
        if (!is_wanted(work, key)) {
            TRY(whole_value(work, *answer, NULL));
        } else if (work->is_bare) {
            ++found;
            TRY(whole_value(work, *answer, out));
        } else {
            if (found++) TRY(put_byte(out, ','));
            size_t begun = out->length;
            TRY(put(out, "\"SageMakerOutput\":", sizeof OUTPUT + 2));
            TRY(whole_value(work, *answer, out));
            TRY(add_member(work, key.start, sizeof OUTPUT - 1, begun, out->length));
        }
    }
    if (work->names && found != work->names) return UNUSUAL; /* one is missing, or there twice */
    if (work->is_bare) return OK;
    TRY(arrange(work, out, start, 0));
    return put_byte(out, '}');
}

/* ---- lines ---- */

static int line(Work *work, const Input *input, Span record, const Span *answer)
{
    size_t begun = work->out.length;
    int outcome = input->is_json ? json_line(work, record, answer)
                                 : csv_line(work, input, record, answer);
    if (outcome != UNUSUAL) return outcome;
    work->out.length = begun;
    return ask_python(work, record, answer);
}

/* Work through all records; *answers is where the next answer begins. */
static int lines(Work *work, const Input *input, Text *answers)
{
    Text at = input->records;
    for (;;) {
        Span record = {at, line_end(at, input->records_end)}, answer;
        if (input->answers != NULL) {
            if (*answers >= input->answers_end) {
                hold_gil(work);
                PyErr_SetString(PyExc_ValueError, "fewer answers than records");
                return FAILED;
            }
            answer.start = *answers;
            answer.end = line_end(*answers, input->answers_end);
            *answers = answer.end < input->answers_end ? answer.end + 1 : answer.end;
        }
        TRY(line(work, input, record, input->answers == NULL ? NULL : &answer));
        int is_last = record.end == input->records_end;
        if (work->ending == AFTER_EACH || (work->ending == BETWEEN && !is_last))
            TRY(put_byte(&work->out, '\n'));
        if (is_last) return OK;
        at = record.end + 1;
    }
}

static PyObject *run(Work *work, Input *input, PyObject *records, PyObject *answers, Py_ssize_t offset)
{
    input->records = (Text)PyBytes_AS_STRING(records);
    input->records_end = input->records + PyBytes_GET_SIZE(records);
    input->answers = input->answers_end = NULL;
    Text next = NULL;
    if (answers != Py_None) {
        if (!PyBytes_CheckExact(answers)) {
            PyErr_SetString(PyExc_TypeError, "answers must be bytes or None");
            return NULL;
        }
        if (offset < 0 || offset > PyBytes_GET_SIZE(answers)) {
            PyErr_SetString(PyExc_ValueError, "the offset is not within the answers");
            return NULL;
        }
        input->answers = (Text)PyBytes_AS_STRING(answers);
        input->answers_end = input->answers + PyBytes_GET_SIZE(answers);
        next = input->answers + offset;
    }
    if (grow(&work->out, (size_t)PyBytes_GET_SIZE(records) + 64) != OK) return PyErr_NoMemory();
    work->released = PyEval_SaveThread();
    if (!input->is_json) {
        size_t length = (size_t)(input->records_end - input->records);
        input->are_records_plain =
            memchr(input->records, '"', length) == NULL && memchr(input->records, '\r', length) == NULL;
    }
    int outcome = lines(work, input, &next);
    hold_gil(work);
    if (outcome != OK) return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    return Py_BuildValue("y#n", (const char *)work->out.data, (Py_ssize_t)work->out.length,
                         next == NULL ? (Py_ssize_t)0 : (Py_ssize_t)(next - input->answers));
}

PyDoc_STRVAR(csv_doc,
"csv(records, answers, offset, plain, kind, indexes, ending, slow) -> (text, offset)\n\n"
"Select cells of each row, joined with its answer where answers is not None. plain says that no answer has a quote or\n"
"a carriage return. kind is 0 for all cells, 1 for indexes, 2 for a slice of one or two bounds.");

static PyObject *csv(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *records, *answers, *indexes, *result = NULL;
    Py_ssize_t offset;
    Work work = {0};
    Input input = {0};
    if (!PyArg_ParseTuple(arguments, "SOnpiO!iO", &records, &answers, &offset, &input.are_answers_plain, &work.kind,
                          &PyTuple_Type, &indexes, &work.ending, &work.slow))
        return NULL;
    Py_ssize_t count = PyTuple_GET_SIZE(indexes);
    if (count > MOST_SELECTED || (work.kind == SELECT_INDEXES && count < 1) ||
        (work.kind == SELECT_SLICE && (count < 1 || count > 2)) || work.kind < SELECT_ALL ||
        work.kind > SELECT_SLICE) {
        PyErr_SetString(PyExc_ValueError, "not a selection");
        return NULL;
    }
    for (Py_ssize_t at = 0; at < count; ++at) {
        work.indexes[at] = PyLong_AsSsize_t(PyTuple_GET_ITEM(indexes, at));
        if (work.indexes[at] == -1 && PyErr_Occurred()) return NULL;
    }
    work.count = (int)count;
    work.has_end = count == 2;
    result = run(&work, &input, records, answers, offset);
    clear(&work);
    return result;
}

PyDoc_STRVAR(json_doc,
"json(records, answers, offset, names, is_bare, ending, slow) -> (text, offset)\n\n"
"Write each record anew, joined with its answer where answers is not None: with all members or those of these names,\n"
"all different, or (is_bare) the value of the one name alone.");

static PyObject *json(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *records, *answers, *names, *result = NULL;
    Py_ssize_t offset;
    Work work = {0};
    Input input = {0};
    input.is_json = 1;
    if (!PyArg_ParseTuple(arguments, "SOnO!piO", &records, &answers, &offset, &PyTuple_Type, &names, &work.is_bare,
                          &work.ending, &work.slow))
        return NULL;
    Py_ssize_t count = PyTuple_GET_SIZE(names);
    if (count > MOST_SELECTED || (work.is_bare && count != 1)) {
        PyErr_SetString(PyExc_ValueError, "not a selection");
        return NULL;
    }
    for (Py_ssize_t at = 0; at < count; ++at) {
        PyObject *name = PyTuple_GET_ITEM(names, at);
        if (!PyBytes_CheckExact(name)) {
            PyErr_SetString(PyExc_TypeError, "names must be bytes");
            return NULL;
        }
        work.name[at].start = (Text)PyBytes_AS_STRING(name);
        work.name[at].end = work.name[at].start + PyBytes_GET_SIZE(name);
    }
    work.names = (int)count;
    result = run(&work, &input, records, answers, offset);
    clear(&work);
    return result;
}

PyDoc_STRVAR(count_doc,
"count(text, start, end) -> int\n\n"
"Count the newlines of a part of a text; bytes.count looks at one byte at a time.");

static PyObject *count_newlines(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *text;
    Py_ssize_t start, end;
    if (!PyArg_ParseTuple(arguments, "Snn", &text, &start, &end)) return NULL;
    if (start < 0 || end > PyBytes_GET_SIZE(text) || start > end) {
        PyErr_SetString(PyExc_ValueError, "no part of the text");
        return NULL;
    }
    const uint64_t low = 0x7F7F7F7F7F7F7F7FULL, ones = 0x0101010101010101ULL;
    Text at = (Text)PyBytes_AS_STRING(text) + start, behind = (Text)PyBytes_AS_STRING(text) + end;
    size_t count = 0;
    Py_BEGIN_ALLOW_THREADS
    while (behind - at >= 8) {
        uint64_t sums = 0; /* eight counters, of up to 255 each */
        for (int round = 0; round < 255 && behind - at >= 8; ++round, at += 8) {
            uint64_t word;
            memcpy(&word, at, 8);
            word ^= ones * '\n';
            sums += ~(((word & low) + low) | word | low) >> 7; /* 1 for each byte that is 0 now */
        }
        for (; sums; sums >>= 8) count += sums & 0xFF;
    }
    for (; at < behind; ++at) count += *at == '\n';
    Py_END_ALLOW_THREADS
    return PyLong_FromSize_t(count);
}

static PyMethodDef functions[] = {
    {"csv", csv, METH_VARARGS, csv_doc},
    {"json", json, METH_VARARGS, json_doc},
    {"count", count_newlines, METH_VARARGS, count_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_line_work", "The line work of a transform, in C.", 0, functions, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__line_work(void)
{
    for (int byte = 0x20; byte < 0x80; ++byte)
        as_it_is[byte] = byte != '"' && byte != '\\' && byte != '<' && byte != '>' && byte != '&';
    return PyModule_Create(&definition);
}
