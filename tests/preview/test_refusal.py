from __future__ import annotations

import pytest

from batch_transform.engine.interfaces import Answer
from batch_transform.preview.refusal import ModelMessage, model_message


def read(body: str) -> ModelMessage:
    return model_message(Answer(500, body.encode()))


@pytest.mark.parametrize(
    ("body", "headline"),
    [
        ("", "the response has no body"),
        ("bad row\n", "bad row"),
        (
            'Traceback (most recent call last):\n  File "x", line 7, in f\n    g()\nValueError: no\n',
            "ValueError: no",
        ),
        (
            "Exception on /invocations\nTraceback (most recent call last):\n  File\nKeyError: 1\n\nThe above is the"
            " direct cause of the following:\n\nTraceback (most recent call last):\n  File\na.B: two\nlines\n",
            "a.B: two lines",
        ),
        ("  Traceback (most recent call last):\n    File\n  E: no\n", "E: no"),
        (
            'Traceback (most recent call last):\n  File\nE: no\n127.0.0.1 - - "POST /invocations HTTP/1.1" 500\n',
            "E: no",
        ),
        ("<html>\n<title>500</title>", "<html>"),
    ],
)
def test_the_exception_comes_first(body: str, headline: str) -> None:
    assert read(body).headline == headline


def test_a_text_with_several_lines_is_kept_and_a_single_line_is_not_repeated() -> None:
    assert read("a\n\nb\n\n").details == ("a", "", "b")
    assert read("a\n").details == ()


def test_a_long_text_keeps_its_first_and_last_lines() -> None:
    details = read("\n".join(map(str, range(1000)))).details
    assert (details[0], details[20], details[-1]) == ("0", "... 960 more lines ...", "999")
