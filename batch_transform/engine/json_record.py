"""One JSON record: a value, and the text that SageMaker makes of it.

A recorded join of 34,319 bytes shows compact text, keys sorted by bytes at every level, and numbers
that went through float64 (`1.0` came out as `1`). These are the marks of Go's encoding/json, whose
client name the containers' access logs show; what no recording shows (escapes, exponents, big
integers) follows that package.

orjson reads and writes, and what it does otherwise than Go is mended: on the text where that is
certain, else by the readers and writers of `go_json`.
"""

from __future__ import annotations

import re

import orjson

from batch_transform.engine.go_json import go_number, go_parse, go_text
from batch_transform.job.filters.json_path import JsonValue

# orjson refuses what it cannot write as a float64 would be: integers of more than 53 bits.
DUMPS_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
NEGATIVE_ZERO = re.compile(rb"-0(?![0-9.])")  # an integer to orjson, which knows no negative one
_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_STRING_OR_EXPONENT = re.compile(_STRING + rb"|(-?[0-9.]+e[-+][0-9]+)")
_STRING_OR_FRACTION = re.compile(rb"(" + _STRING + rb")|\.0(?![0-9])")
# What would be unsafe inside HTML and JavaScript.
_HTML = {b"<": rb"\u003c", b">": rb"\u003e", b"&": rb"\u0026"}
_SEPARATORS = {"\u2028".encode(): rb"\u2028", "\u2029".encode(): rb"\u2029"}


def parse_json(text: bytes) -> JsonValue:
    """Return the value; an integer may be an int. Raises UnparsableError.

    Like Go: a byte that is not UTF-8 and half a surrogate pair become U+FFFD, the last of equal keys
    wins, NaN and numbers beyond float64 are refused.
    """
    if b"-0" in text and NEGATIVE_ZERO.search(text):
        return go_parse(text)
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError:
        return go_parse(text)  # takes what Go would take all the same, and says what is wrong with the rest
    return value


def join_json(record: JsonValue, answer: JsonValue) -> JsonValue:
    """Add the answer to an object; put anything else beside it, as SageMakerInput (Developer Guide).

    A member SageMakerOutput of the input is overwritten: the guide reserves the name.
    """
    members = record if isinstance(record, dict) else {"SageMakerInput": record}
    return {**members, "SageMakerOutput": answer}


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
    """Escape what Go's Marshal escapes. Outside strings none of it occurs."""
    for character, escape in _HTML.items():
        if character in text:
            text = text.replace(character, escape)
    if b"\xe2\x80" in text:
        for character, escape in _SEPARATORS.items():
            text = text.replace(character, escape)
    return text


def go_exponent(match: re.Match[bytes]) -> bytes:
    """Replace group 1, a number with an exponent; a match without it stays as it is."""
    return go_number(float(match[1])).encode() if match[1] else match[0]
