"""Newlines are counted alike in C and in Python."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.compiled import newlines
from engine.python_alone import python_alone


@given(st.binary(max_size=5000) | st.integers(0, 5000).map(lambda size: b"\n" * size), st.data())
def test_newlines_are_counted(text: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert newlines(text, start, end) == text.count(b"\n", start, end)


def test_newlines_are_counted_without_a_compiler() -> None:
    with python_alone():
        assert newlines(b"a\nb\n") == 2
