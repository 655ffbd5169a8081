/* JSON strings: checked, and written again as Go's encoding/json writes them. */

#include "filter.h"

static void prepare_strings(void)
{
    for (int byte = 0x20; byte < 0x80; ++byte)
        as_it_is[byte] = byte != '"' && byte != '\\' && byte != '<' && byte != '>' && byte != '&';
}

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

/* Read the four digits of an escape. It stops at the first byte that is not a digit, so it never reads past the end. */
static int hex4(Text at, unsigned *value)
{
    *value = 0;
    return is_hex(at[0], value) && is_hex(at[1], value) && is_hex(at[2], value) && is_hex(at[3], value);
}

/* Return the length of the UTF-8 sequence at `at`, 0 if it is invalid. A NUL or newline ends every text. */
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

/* Write a \u escape as its character; *at is on the u, and then on the last digit. */
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

static int json_string(Text *place, Buffer *out)
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
        if (out == NULL) continue; /* Go accepts invalid UTF-8 */
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
