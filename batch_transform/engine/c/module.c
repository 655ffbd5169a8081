/* The Python module: lines up records and answers, and passes unusual lines to Python. */

#include "filter.h"

#include "csv.c"
#include "json_string.c"
#include "json_number.c"
#include "json.c"

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

static void *more_room(void *array, size_t *room, size_t item_size)
{
    size_t more = *room * 2 + 64;
    if (more > (size_t)PY_SSIZE_T_MAX / item_size) return NULL;
    array = PyMem_RawRealloc(array, more * item_size);
    if (array != NULL) *room = more;
    return array;
}

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

/* Write the result of an unusual line, which is Python's. */
static int ask_python(Work *work, Span record, const Span *answer)
{
    hold_gil(work);
    PyObject *result =
        answer == NULL
            ? PyObject_CallFunction(work->slow, "y#O", (const char *)record.start,
                                    (Py_ssize_t)span_length(record), Py_None)
            : PyObject_CallFunction(work->slow, "y#y#", (const char *)record.start,
                                    (Py_ssize_t)span_length(record), (const char *)answer->start,
                                    (Py_ssize_t)span_length(*answer));
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

static Text line_end(Text start, Text end)
{
    Text found = memchr(start, '\n', (size_t)(end - start));
    return found == NULL ? end : found;
}

static int line(Work *work, const Input *input, Span record, const Span *answer)
{
    size_t begun = work->out.length;
    int outcome = work->kind >= JSON_MEMBERS ? json_line(work, record, answer)
                                             : csv_line(work, input, record, answer);
    if (outcome != UNUSUAL) return outcome;
    work->out.length = begun;
    return ask_python(work, record, answer);
}

/* Filter all records; *answers is where the next answer begins. */
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
    if (work->kind < JSON_MEMBERS) {
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

/* Take the indexes or bounds of CSV, or the names of JSON. */
static int take_selection(Work *work, PyObject *selection)
{
    Py_ssize_t count = PyTuple_GET_SIZE(selection);
    static const int least[] = {0, 1, 1, 0, 1}, most[] = {0, MOST_SELECTED, 2, MOST_SELECTED, 1}; /* by kind */
    if (work->kind < CSV_ALL || work->kind > JSON_VALUE || count < least[work->kind] || count > most[work->kind]) {
        PyErr_SetString(PyExc_ValueError, "not a selection");
        return FAILED;
    }
    work->count = (int)count;
    for (Py_ssize_t at = 0; at < count; ++at) {
        PyObject *item = PyTuple_GET_ITEM(selection, at);
        if (work->kind < JSON_MEMBERS) {
            work->indexes[at] = PyLong_AsSsize_t(item);
            if (work->indexes[at] == -1 && PyErr_Occurred()) return FAILED;
        } else if (PyBytes_CheckExact(item)) {
            work->names[at].start = (Text)PyBytes_AS_STRING(item);
            work->names[at].end = work->names[at].start + PyBytes_GET_SIZE(item);
        } else {
            PyErr_SetString(PyExc_TypeError, "names must be bytes");
            return FAILED;
        }
    }
    return OK;
}

PyDoc_STRVAR(filter_lines_doc,
"filter_lines(records, answers, offset, plain, kind, selection, ending, slow) -> (text, offset)\n\n"
"Select from each line of records, joined with its answer unless answers is None. The first answer begins at offset;\n"
"the result is the text, and where the next answer begins. plain says that no answer has a double quote or a carriage\n"
"return. kind and selection: 0 all cells (), 1 cells by index, 2 a slice of cells of one or two bounds, 3 members of\n"
"an object by different names, () for all of them, 4 the value of one name. ending: 0 nothing, 1 a newline after each\n"
"result, 2 a newline between results. slow(record, answer or None) returns the result of a line that is unusual.");

static PyObject *filter_lines(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *records, *answers, *selection, *result = NULL;
    Py_ssize_t offset;
    Work work = {0};
    Input input = {0};
    if (!PyArg_ParseTuple(arguments, "SOnpiO!iO", &records, &answers, &offset, &input.are_answers_plain, &work.kind,
                          &PyTuple_Type, &selection, &work.ending, &work.slow))
        return NULL;
    if (take_selection(&work, selection) == OK) result = run(&work, &input, records, answers, offset);
    clear(&work);
    return result;
}

PyDoc_STRVAR(newlines_doc,
"newlines(text, start, end) -> int\n\n"
"Count the newlines of a part of a text, eight bytes at a time.");

static PyObject *newlines(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *text;
    Py_ssize_t start, end;
    if (!PyArg_ParseTuple(arguments, "Snn", &text, &start, &end)) return NULL;
    if (start < 0 || end > PyBytes_GET_SIZE(text) || start > end) {
        PyErr_SetString(PyExc_ValueError, "start and end are not within the text");
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
    {"filter_lines", filter_lines, METH_VARARGS, filter_lines_doc},
    {"newlines", newlines, METH_VARARGS, newlines_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_compiled", "The filters of the engine, in C.", 0, functions, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__compiled(void)
{
    prepare_strings();
    return PyModule_Create(&definition);
}
