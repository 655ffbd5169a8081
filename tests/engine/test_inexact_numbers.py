from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.inexact_numbers import changed_number
from batch_transform.engine.json_record import parse_json, serialise_json


def changed(text: bytes) -> tuple[str, str] | None:
    return changed_number(text, serialise_json(parse_json(text)))


@pytest.mark.parametrize(
    ("text", "number", "becomes"),
    [
        (b'{"id":9007199254740993}', "9007199254740993", "9007199254740992"),
        (b'{"id":-9007199254740993}', "-9007199254740993", "-9007199254740992"),
        (b'[{"x":[0.1234567890123456789]}]', "0.1234567890123456789", "0.12345678901234568"),
        (b"0.12345678901234567", "0.12345678901234567", "0.12345678901234566"),
        (b"-12345678.123456789012", "-12345678.123456789012", "-12345678.12345679"),
        (b'{"a":"1","id":12345678901234567890}', "12345678901234567890", "12345678901234567000"),
        (
            b'{"id":144115188075855872}',
            "144115188075855872",
            "144115188075855870",
        ),  # 2**57, which float64 holds
        (b'{"x":1e-400}', "1e-400", "0"),
    ],
)
def test_a_number_that_float64_cannot_hold_is_found(text: bytes, number: str, becomes: str) -> None:
    assert changed(text) == (number, becomes)


@pytest.mark.parametrize(
    "text",
    [
        b'{"id":9007199254740992}',
        b'{"id":"9007199254740993"}',  # a string stays as it is
        b'{"a\\"9007199254740993":1}',
        b'{"x":0.10000000000000001}',  # 0.1 with all the digits of its float64
        b'{"x":1.0,"y":100000000000000000000}',
        b'{"x":1e-310}',
        b"1234567890123456e999",  # refused as too large, with an error of its own
        b"",
    ],
)
def test_a_number_that_survives_is_not_found(text: bytes) -> None:
    assert changed_number(text, text + b" 9007199254740992 0 inf") is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_written_from_float64_are_never_reported(value: float) -> None:
    for text in (repr(value), f"{value:.17g}"):
        assert changed_number(text.encode(), b"".join(b"%d" % digit for digit in range(10))) is None
        assert changed(json.dumps({"x": float(text)}).encode()) is None


@given(st.integers(-(2**70), 2**70))
def test_integers_are_reported_exactly_if_they_change(value: int) -> None:
    found = changed(b'{"id":%d}' % value)
    is_same = Decimal(repr(float(value))) == value
    assert (found is None) == is_same
    if found is not None:
        assert math.isclose(float(found[1]), value, rel_tol=1e-15)


def test_a_number_that_the_filter_drops_is_not_reported() -> None:
    assert changed_number(b'{"id":9007199254740993,"a":1}', b'{"a":1}') is None


def test_the_number_of_numbers_to_check_can_be_limited() -> None:
    text = b"[" + b"0.1234567890123456," * 5 + b"9007199254740993]"
    assert changed_number(text, b"9007199254740992", most=5) is None
    assert changed_number(text, b"9007199254740992", most=6) is not None
