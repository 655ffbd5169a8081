/* JSON numbers: written again as Go writes a float64. */

#include "filter.h"

#define MOST_DIGITS 15 /* a decimal number of up to 15 digits is the shortest form of its float64 */

/* Write digits in Go's form. `point` is how many digits precede the decimal point. digits[0] is not 0. */
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

/* Write a number of many digits: Python converts it to a float64 and back. */
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
    int count = 0, seen = 0, leading = 0, point = -1; /* leading: zeros before the first digit, as in 0.0012 */
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

static int json_number(Work *work, Text *place, Buffer *out)
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
    if (point_at - whole + exponent > 300) return UNUSUAL; /* may be too large for a float64 */
    if (out == NULL) return OK;
    if (!has_exponent && at - whole <= MOST_DIGITS) { /* copied, without trailing zeros of a fraction */
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
        if (!count && *at == '0') continue; /* a leading zero */
        if (count < MOST_DIGITS) digits[count++] = (char)*at;
        else if (*at != '0') has_many = 1;
    }
    if (has_many) return long_number(work, out, start, *place);
    while (count > 0 && digits[count - 1] == '0') --count;
    if (count == 0) return is_negative ? put(out, "-0", 2) : put(out, "0", 1);
    if (point + exponent < -290) return UNUSUAL; /* may have fewer exact digits */
    return lay_out(out, is_negative, digits, count, (int)(point + exponent));
}
