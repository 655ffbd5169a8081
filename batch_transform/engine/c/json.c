/* Records of JSON: written again with sorted keys, whole or the selected members. */

#include "filter.h"

#define DEEPEST 64 /* levels of a JSON document; deeper ones are unusual */
#define FEW 16     /* members that are sorted without qsort, which allocates memory */

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
        Member *members = more_room(work->members, &work->member_room, sizeof(Member));
        if (members == NULL) return FAILED;
        work->members = members;
    }
    Member member = {key, length, start, end};
    work->members[work->member_count++] = member;
    return OK;
}

/* Sort the members that were written from `start` on by their keys. */
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

/* Read a key and its colon; *key is the text between the quotes. An escape in a key is unusual. */
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

/* Write `"key":value`, and note its place for sorting. */
static int member(Work *work, Text *place, Buffer *out, Span key, int is_simple, int depth)
{
    size_t start = out->length;
    if (is_simple) {
        TRY(put(out, key.start - 1, span_length(key) + 2));
        TRY(put_byte(out, ':'));
    } else {
        Text at = key.start;
        TRY(put_byte(out, '"'));
        TRY(json_string(&at, out));
        if (out->length - start - 1 != span_length(key)) return UNUSUAL; /* escaped: the order may differ */
        TRY(put(out, "\":", 2));
    }
    TRY(value(work, place, out, depth));
    return add_member(work, key.start, span_length(key), start, out->length);
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

/* Read a value and write it again; *place is before it, and then after it. With out NULL, write nothing. */
static int value(Work *work, Text *place, Buffer *out, int depth)
{
    Text at = past_blanks(*place);
    int outcome;
    if (depth >= DEEPEST) return UNUSUAL;
    switch (*at) {
    case '"':
        ++at;
        if (out != NULL) TRY(put_byte(out, '"'));
        TRY(json_string(&at, out));
        outcome = out == NULL ? OK : put_byte(out, '"');
        break;
    case '{': ++at; outcome = object(work, &at, out, depth + 1); break;
    case '[': ++at; outcome = array(work, &at, out, depth + 1); break;
    case 't': outcome = literal(&at, out, "true"); break;
    case 'f': outcome = literal(&at, out, "false"); break;
    case 'n': outcome = literal(&at, out, "null"); break;
    default: outcome = json_number(work, &at, out);
    }
    *place = at;
    return outcome;
}

static const char OUTPUT[] = "SageMakerOutput";
#define IS_OUTPUT(span) \
    (span_length(span) == sizeof OUTPUT - 1 && memcmp((span).start, OUTPUT, sizeof OUTPUT - 1) == 0)

static int is_wanted(const Work *work, Span key)
{
    if (!work->count) return 1;
    for (int at = 0; at < work->count; ++at) {
        Span name = work->names[at];
        if (name.end - name.start == key.end - key.start && *name.start == *key.start &&
            memcmp(name.start, key.start, span_length(key)) == 0)
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

/* Write the wanted members of an object. The answer is its member SageMakerOutput. Other records are unusual. */
static int json_line(Work *work, Span record, const Span *answer)
{
    Buffer *out = &work->out;
    const int is_bare = work->kind == JSON_VALUE;
    work->member_count = 0;
    Text at = past_blanks(record.start);
    if (*at != '{') return UNUSUAL;
    at = past_blanks(at + 1);
    if (!is_bare) TRY(put_byte(out, '{'));
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
            } else if (is_bare) {
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
        } else if (is_bare) {
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
    if (work->count && found != work->count) return UNUSUAL; /* a member is missing, or there twice */
    if (is_bare) return OK;
    TRY(arrange(work, out, start, 0));
    return put_byte(out, '}');
}
