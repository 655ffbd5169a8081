"""Finds JSON numbers that SageMaker changes: a filter or a join converts them through float64 (see `json_record`)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from batch_transform.engine.go_json import go_number

_MOST_DIGITS = 15  # every decimal number with this many digits survives, unless it is as small as 1e-300
_DIGITS = bytes(0x30 if chr(byte).isdecimal() and byte < 0x80 else 0x20 for byte in range(256))
_MANY = b"0" * (_MOST_DIGITS + 1)
_TINY = re.compile(rb"[0-9][eE]-[3-9][0-9]{2}")
_STRING_OR_NUMBER = re.compile(
    rb'"[^"\\]*(?:\\.[^"\\]*)*"|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)', re.DOTALL
)


class ChangedNumber(NamedTuple):
    """A number as written in the data, and as written in the result."""

    number: str
    becomes: str


def changed_number(before: bytes, after: bytes, *, most: int | None = None) -> ChangedNumber | None:
    """Return the first number in the JSON text `before` that float64 changes, and whose new form is in `after`.

    0.10000000000000001 for 0.1 is not a change: it is the same float64, written with all its digits. A whole number
    that a float64 holds exactly may still change, since it is written with the fewest digits that identify it: 2**57
    becomes 144115188075855870. Checks the first `most` long numbers; None checks all. Strings never change.
    """
    for seen, number in enumerate(_long_numbers(before)):
        if most is not None and seen >= most:
            return None
        value = float(number)
        # unchanged, or refused with an error of its own
        if number == repr(value) or math.isinf(value):
            continue
        exact = Decimal(number)
        is_same_float = not number.lstrip("-").isdigit() and exact == Decimal(f"{value:.17g}")
        if is_same_float or exact == Decimal(repr(value)):
            continue
        becomes = go_number(value)
        if becomes.encode() in after:
            return ChangedNumber(number, becomes)
    return None


def _long_numbers(text: bytes) -> Iterator[str]:
    """Yield the numbers that float64 might change; it is fast for a text without any."""
    digits = text.translate(_DIGITS, b".")
    if _MANY not in digits and not _TINY.search(text):
        return
    for match in _STRING_OR_NUMBER.finditer(text):
        number = match[1]
        if number and (len(number) > _MOST_DIGITS or _TINY.search(number)):
            yield number.decode()
