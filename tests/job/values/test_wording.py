from __future__ import annotations

from datetime import timedelta

import pytest

from batch_transform.job.values.wording import counted, length_text, listed, shown, without_html


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 columns"), (1, "1 column"), (2, "2 columns"), (2000, "2,000 columns")]
)
def test_a_number_of_things_is_written_in_singular_or_plural(number: int, text: str) -> None:
    assert counted(number, "column") == text


def test_a_list_ends_with_how_many_more_there_are() -> None:
    assert listed(range(8)) == "0, 1, 2, 3, 4, 5, 6, 7"
    assert listed(range(9)) == "0, 1, 2, 3, 4, 5, 6, 7 and 1 more"
    assert listed(range(2000), most=2) == "0, 1 and 1,998 more"
    assert listed([]) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (None, "nothing"),
        (1.5, "1.5"),
        ("a\nb\x00\u00e9", "'a\\nb\\x00\u00e9'"),
        ("a" * 60, f"'{'a' * 60}'"),
        ("a" * 61, f"'{'a' * 60}…' (61 characters)"),
        ({}, "a mapping"),
        ([], "a list"),
        ((), "a list"),
    ],
)
def test_a_value_is_shown_as_a_job_file_has_it(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.5, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (4214, "1 h 10 min 14 s"),
        (90_000, "25 h"),
    ],
)
def test_a_length_of_time_is_written_to_the_second(seconds: float, text: str) -> None:
    assert length_text(timedelta(seconds=seconds)) == text


FLASK = (
    "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n"
    "<p>The server encountered an internal error &amp; was unable to complete your request.</p>\n"
)
NGINX = (
    "<html>\r\n<head><title>502 Bad Gateway</title><style>p {color: red}</style></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.18</center>\r\n</body>\r\n</html>\r\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b, <c> and <title>", "a < b, <c> and <title>"),
        (
            f"ClientError: 500: {FLASK}",
            "ClientError: 500: 500 Internal Server Error: Internal Server Error The server encountered an internal "
            "error & was unable to complete your request.",
        ),
        (f"{NGINX}after it", "502 Bad Gateway nginx/1.18\r\nafter it"),
        ("<HTML><!-- a --><script>x()</script></HTML>", ""),
        ("<html>" + "word " * 100, "word " * 60 + "…"),
        ("<html>never <closed", "never <closed"),
    ],
)
def test_a_page_of_html_is_what_a_browser_shows_of_it(text: str, expected: str) -> None:
    assert without_html(text) == expected
