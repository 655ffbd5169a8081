"""Many JSON records, read and written at a time. Filters and joins are tested in `test_record_filter`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.go_json import go_parse, go_text
from batch_transform.engine.json_lines import parse_lines, serialise_lines
from batch_transform.job.errors import UnparsableError

numbers = st.sampled_from(
    ["0", "-0", "-0.0", "1.0", "10.0", "0.25", "1e-7", "2.50e-6", "1e16", "1E21", "9007199254740993"]
)
strings = st.text(alphabet='ab".,0e-+<\\\u2028é]}', max_size=6).map(json.dumps) | st.sampled_from(
    ['"\\ud800"', '"1.0,"', '"e-"', '"x-0"', '"a\\"b"']
)
lines = st.recursive(
    numbers | strings | st.sampled_from(["null", "true"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda elements: "[" + ", ".join(elements) + "]")
        | st.dictionaries(st.sampled_from(['"a"', '"b"', '"SageMakerOutput"', '"é"']), inner).map(
            lambda members: "{" + ",".join(f"{name}: {value}" for name, value in members.items()) + "}"
        )
    ),
    max_leaves=6,
).map(str.encode)


@given(st.lists(lines, min_size=1, max_size=5))
def test_lines_are_read_and_written_as_each_by_itself(texts: list[bytes]) -> None:
    assert serialise_lines(parse_lines(texts)) == [go_text(go_parse(text)) for text in texts]


def test_no_values_make_no_lines() -> None:
    assert serialise_lines([]) == []


@pytest.mark.parametrize("line", [b"", b"{", b"NaN", b"1e999"])
def test_fails_for_a_line_that_is_not_json(line: bytes) -> None:
    with pytest.raises(UnparsableError):
        parse_lines([b"1", line])
