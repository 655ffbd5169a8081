"""One JSON record: a value, and the text that SageMaker writes for it.

A recorded join of 34,319 bytes shows compact text, keys sorted by bytes at every level, and numbers
converted through float64 (`1.0` became `1`). That is how Go's encoding/json writes, and the containers'
access logs show a Go client. What no recording shows (escapes, exponents, big integers) follows that package.

orjson reads and writes. Where it differs from Go, the text is fixed afterwards if that is safe; otherwise
`go_json` reads or writes it.
"""

from __future__ import annotations

import re

import orjson

from batch_transform.engine.go_json import go_number, go_parse, go_text
from batch_transform.job.filters.json_path import JsonValue

# orjson then refuses integers of more than 53 bits, which are not always exact as float64.
DUMPS_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
NEGATIVE_ZERO = re.compile(rb"-0(?![0-9.])")  # orjson reads it as the integer 0
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_STRING_OR_EXPONENT = re.compile(_STRING + rb"|(-?[0-9.]+e[-+][0-9]+)")
_STRING_OR_FRACTION = re.compile(rb"(" + _STRING + rb")|\.0(?![0-9])")
# Unsafe inside HTML and JavaScript.
_HTML = {b"<": rb"\u003c", b">": rb"\u003e", b"&": rb"\u0026"}
_SEPARATORS = {"\u2028".encode(): rb"\u2028", "\u2029".encode(): rb"\u2029"}


def parse_json(text: bytes) -> JsonValue:
    """Return the value; an integer may be an int. Raises UnparsableError.

    As in Go: a byte that isn't UTF-8 and half a surrogate pair become U+FFFD, the last of equal keys wins, and NaN and
    numbers too large for a float64 are refused.
    """
    if b"-0" in text and NEGATIVE_ZERO.search(text):
        return go_parse(text)
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError:
        return go_parse(text)  # accepts what Go accepts, and says what is wrong with the rest
    return value


def serialise_json(value: JsonValue) -> bytes:
    """Return the value's text as Go's encoding/json writes it, without a newline."""
    try:
        text = orjson.dumps(value, option=DUMPS_OPTIONS)
    except orjson.JSONEncodeError:
        return go_text(value)
    if b"e-" in text or b"e+" in text:
        text = _STRING_OR_EXPONENT.sub(go_exponent, text)
    if b".0," in text or b".0]" in text or b".0}" in text or text.endswith(b".0"):
        text = _STRING_OR_FRACTION.sub(rb"\1", text)
    return escape_html(text)


def escape_html(text: bytes) -> bytes:
    """Escape what Go's Marshal escapes. None of it occurs outside strings."""
    for character, escape in _HTML.items():
        if character in text:
            text = text.replace(character, escape)
    if b"\xe2\x80" in text:
        for character, escape in _SEPARATORS.items():
            text = text.replace(character, escape)
    return text


def go_exponent(match: re.Match[bytes]) -> bytes:
    """Return group 1, a number with an exponent, in Go's form; without that group, the whole match."""
    return go_number(float(match[1])).encode() if match[1] else match[0]
