"""Results put together."""

from __future__ import annotations

from batch_transform.engine.assemble import assemble


def test_assemble_with_none_puts_nothing_between_results() -> None:
    assert assemble([b'[{"a":1}]', b'[{"a":2}]'], with_lines=False) == b'[{"a":1}][{"a":2}]'


def test_assemble_with_line_ends_each_result_with_exactly_one_newline() -> None:
    assert assemble([b"1", b"2\n", b"3\n4\n"], with_lines=True) == b"1\n2\n3\n4\n"


def test_an_inner_result_that_ends_with_a_newline_gets_no_second_one() -> None:
    assert assemble([b"1\n", b"2"], with_lines=True) == b"1\n2\n"


def test_no_results_make_no_bytes() -> None:
    assert assemble([], with_lines=True) == b""
