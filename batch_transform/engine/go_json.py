"""Reads and writes JSON like Go's encoding/json, value by value: slow, but complete.

`json_record` uses it where its library differs from Go.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from decimal import Decimal
from typing import NoReturn

from batch_transform.job.errors import UnparsableError
from batch_transform.job.filters.json_path import JsonValue

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HTML = re.compile("[<>&\u2028\u2029]")
_HTML_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def go_parse(text: bytes) -> JsonValue:
    """Return the value; every number is a float. Raises UnparsableError."""
    document = text.decode("utf-8", "go-replace")
    try:
        value: JsonValue = _DECODER.decode(document)
        return _without_surrogates(value) if _SURROGATE_ESCAPE.search(document) else value
    except json.JSONDecodeError as error:
        raise UnparsableError(f"{error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise UnparsableError("the document is nested too deeply") from error


def go_text(value: JsonValue) -> bytes:
    """Return the value's text, without a newline. Raises UnparsableError if it is nested too deeply."""
    try:
        return _text(value).encode()
    except RecursionError as error:
        raise UnparsableError("the document is nested too deeply") from error


def join_json(record: JsonValue, answer: JsonValue) -> JsonValue:
    """Add the answer to an object; a value that isn't an object becomes the member SageMakerInput (Developer Guide).

    An existing member SageMakerOutput is overwritten: the guide reserves the name.
    """
    members = record if isinstance(record, dict) else {"SageMakerInput": record}
    return {**members, "SageMakerOutput": answer}


def go_number(value: float) -> str:
    """Return a float64 in Go's form: the shortest digits, with an exponent below 1e-6 and from 1e21 on."""
    text = repr(float(value)).removesuffix(".0")
    if "e" not in text:
        return text
    if 1e-6 <= abs(value) < 1e21:
        return format(Decimal(text), "f")
    return text.replace("e-0", "e-")  # Python pads exponents to two digits, encoding/json does not


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        # Python orders strings by code point, which is the order of their UTF-8 bytes.
        return "{" + ",".join([f"{_string(name)}:{_text(value[name])}" for name in sorted(value)]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_text(element) for element in value]) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return go_number(value)


def _string(text: str) -> str:
    quoted = _quote(text)
    return quoted.translate(_HTML_ESCAPES) if _HTML.search(quoted) else quoted


_quote = json.JSONEncoder(ensure_ascii=False).encode


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise UnparsableError(f"the number {digits[:40]} is too large for a float64")
    return value


def _no_constant(name: str) -> NoReturn:
    raise UnparsableError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_int=_finite, parse_constant=_no_constant)


def _without_surrogates(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {
            _SURROGATE.sub("\ufffd", name): _without_surrogates(element) for name, element in value.items()
        }
    if isinstance(value, list):
        return [_without_surrogates(element) for element in value]
    return value


def _replace_byte(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - narrows the type: used for decoding alone
    return "\ufffd", error.start + 1


# Python's "replace" writes one U+FFFD for an invalid sequence, Go one for each of its bytes.
codecs.register_error("go-replace", _replace_byte)
