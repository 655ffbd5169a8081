/* Rows of CSV: cuts them into cells, and writes the selected ones. */

#include "filter.h"

static int add_cell(Work *work, size_t *count, Text start, Text end)
{
    if (*count == work->cell_room) {
        Span *cells = more_room(work->cells, &work->cell_room, sizeof(Span));
        if (cells == NULL) return FAILED;
        work->cells = cells;
    }
    work->cells[*count].start = start;
    work->cells[*count].end = end;
    ++*count;
    return OK;
}

/* Cut a row into cells, in the form in which they are written: with quotes only where the cell needs them. */
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

/* Write cells with commas between them. Cells that are adjacent in the row are copied in one piece. */
static int write_cells(Work *work, size_t from, size_t to)
{
    for (size_t at = from; at <= to; ++at) {
        Span piece = work->cells[at];
        while (at < to && work->cells[at + 1].start == piece.end + 1) piece.end = work->cells[++at].end;
        TRY(put_span(&work->out, piece));
        if (at < to) TRY(put_byte(&work->out, ','));
    }
    return OK;
}

/* Write the selected ones of work->cells. */
static int select_cells(Work *work, size_t count)
{
    Py_ssize_t length = (Py_ssize_t)count;
    if (work->kind == CSV_ALL) return write_cells(work, 0, count - 1);
    if (work->kind == CSV_SLICE) {
        Py_ssize_t start = work->indexes[0], end = work->count == 2 ? work->indexes[1] : length - 1;
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

/* Return the start of a cell of a row without quotes, counted from the left; NULL if the row is too short. */
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

/* The same counted from the right, where -1 is the last cell. */
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

/* Rows without quotes: cells are copied as they are, so a row is read only up to the last cell that is needed. */
static int select_plain(Work *work, Span record, const Span *answer)
{
    Buffer *out = &work->out;
    size_t begun = out->length;
    if (work->kind == CSV_INDEXES) {
        for (int at = 0; at < work->count; ++at) {
            Py_ssize_t index = work->indexes[at];
            Text start, end;
            if (index >= 0) {
                start = cell_start(record, index);
                end = start == NULL ? NULL : cell_end(record, start);
            } else {
                start = cell_start_from_right(answer == NULL ? record : *answer, index, &end);
            }
            if (start == NULL) { /* the cell is in the other one of record and answer, or missing */
                out->length = begun;
                return UNUSUAL;
            }
            if (at) TRY(put_byte(out, ','));
            TRY(put(out, start, (size_t)(end - start)));
        }
        return OK;
    }
    Text start = record.start, end = record.end;
    if (work->kind == CSV_SLICE) {
        if (work->indexes[0] < 0) return UNUSUAL;
        start = cell_start(record, work->indexes[0]);
        if (start == NULL) return UNUSUAL;
        if (work->count == 2) {
            if (work->indexes[1] < work->indexes[0]) return UNUSUAL;
            Span rest = {start, record.end};
            Text last = cell_start(rest, work->indexes[1] - work->indexes[0]);
            if (last == NULL) return UNUSUAL;
            end = cell_end(record, last);
            answer = NULL; /* the slice ends in the record */
        }
    }
    TRY(put(out, start, (size_t)(end - start)));
    if (answer == NULL) return OK;
    TRY(put_byte(out, ','));
    return put_span(out, *answer);
}

/* Remove the carriage return at the end of a row. One anywhere else is unusual. */
static int without_return(Span *row)
{
    if (row->end > row->start && row->end[-1] == '\r') --row->end;
    return memchr(row->start, '\r', span_length(*row)) == NULL ? OK : UNUSUAL;
}

static int without_quotes(Span row)
{
    return memchr(row.start, '"', span_length(row)) == NULL;
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
