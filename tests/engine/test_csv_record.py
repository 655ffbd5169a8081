"""Rows of cells, with strict quotes and unchanged cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.csv_record import parse_row, serialise_row
from batch_transform.job.errors import UnparsableError
from engine.reference import Refused, parse_csv


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        (b"5575-GNVDE,8.747138053877279e-05,1.0\n", [b"5575-GNVDE", b"8.747138053877279e-05", b"1.0"]),
        (b" a ,\tb", [b" a ", b"\tb"]),
        (b"", [b""]),
        (b"\n", [b""]),
        (b",", [b"", b""]),
        (b"a,b\r\n", [b"a", b"b"]),
        (b'"a,b","say ""x""",""', [b"a,b", b'say "x"', b""]),
        (b'"two\nlines",b\n', [b"two\nlines", b"b"]),
        (b"\xff\x00,b", [b"\xff\x00", b"b"]),
    ],
)
def test_cells_are_taken_verbatim(text: bytes, cells: list[bytes]) -> None:
    assert parse_row(text) == cells


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            b'    "predictions": [[1.5881, 2.5]]',
            'bare " in non quoted field found near:     "predictions": [[1.5881,',
        ),
        (b'1,a"b\n', 'bare " in non quoted field found near: a"b'),
        (b'1, "a",2', 'bare " in non quoted field found near:  "a",'),
        (b'1,"a', 'no closing " in quoted field found near: "a'),
        (b'"a"b,c', 'text after the closing " of a quoted field found near: "a"b,'),
        (b'1,a"b,2,3', 'bare " in non quoted field found near: a"b,'),
        (b'\xe9"b,2', 'bare " in non quoted field found near: \ufffd"b,'),
        (b"a\nb", "more than one row in one record; set SplitType to Line"),
    ],
)
def test_fails_for_stray_quotes_in_the_recorded_words(text: bytes, message: str) -> None:
    with pytest.raises(UnparsableError) as refusal:
        parse_row(text)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ([b"a b", b" x ", b"", b"'"], b"a b, x ,,'"),
        ([b"a,b", b'"', b"a\nb", b"a\rb"], b'"a,b","""","a\nb","a\rb"'),
    ],
)
def test_only_cells_that_need_quotes_get_them(cells: list[bytes], text: bytes) -> None:
    assert serialise_row(cells) == text


@given(st.lists(st.binary(max_size=6), min_size=1))
def test_a_written_row_reads_back_unchanged(cells: list[bytes]) -> None:
    assert parse_row(serialise_row(cells)) == cells


@given(st.text(alphabet='ab," \r', max_size=12).map(str.encode))
def test_any_line_is_read_as_the_slow_automaton_reads_it(line: bytes) -> None:
    try:
        cells = parse_csv(line)
    except Refused:
        with pytest.raises(UnparsableError):
            parse_row(line)
    else:
        assert parse_row(line) == cells
