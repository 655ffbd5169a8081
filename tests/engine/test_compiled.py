"""The line work in C gives what the Python of each line gives, or leaves the line to it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from batch_transform.engine import compiled
from batch_transform.engine.compiled import TextLines, text_lines
from batch_transform.engine.formats import FORMATS, NEEDS_A_CLOSER_LOOK
from batch_transform.engine.newlines import newlines
from batch_transform.job.filters.json_path import JsonPath
from engine.python_alone import python_alone

pytestmark = pytest.mark.skipif(
    not compiled.is_compiled(), reason="the line work was not compiled: there was no C compiler"
)

CSV_PATHS = ["$", "$[0]", "$[-1]", "$[0,-1]", "$[-1,2,0,0]", "$[1:]", "$[:2]", "$[1:2]", "$[-2:]", "$[2:1]"]
JSON_PATHS = ["$", "$.a", "$.SageMakerOutput", "$['a','b']", "$['b','SageMakerOutput']", "$['a','a']"]

# Any bytes at all now and then, so that nothing depends on a text being sound.
broken = st.binary(max_size=12).map(lambda line: line.replace(b"\n", b""))
csv_lines = (
    st.lists(
        st.sampled_from(["", "1", "1.0", "é", '"q,r"', '"a""b"', '"x"', '""', '"', 'a"', "\r", '"x"y']),
        min_size=1,
        max_size=5,
    ).map(lambda cells: ",".join(cells).encode())
    | broken
)
digits = st.integers(0, 10**20).map(str)
numbers = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    digits | st.sampled_from(["0", "00", "9007199254740993", "9" * 301]),
    st.sampled_from(["", ".0", ".10", ".000000", ".0000001", "."]) | digits.map(".{}".format),
    st.sampled_from(["", "", "e0", "E5", "e-7", "e+21", "e-300", "e285", "e400", "e"]),
)
strings = st.text(alphabet='ab"\\<>&\u2028é😀\n\x7f/\x00', max_size=5).map(json.dumps) | st.text(
    alphabet='ab"\\<&\u2029é😀', max_size=5
).map(lambda text: json.dumps(text, ensure_ascii=False))
odd = st.sampled_from(
    ["null", "true", "nul", "NaN", "", '"\\ud800"', '"\\ud83d\\ude00"', '"\\/"', '"\\u12"', '"a']
)
names = st.sampled_from(['"a"', '"b"', '"SageMakerOutput"', '"é"', '"Z"', '"<"', '"\\u0061"'])
blanks = st.sampled_from(["", "", " ", "\t", "\r"])


def objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.builds("{}{}:{}{}".format, names, blanks, blanks, inner)
    return st.lists(members, max_size=4).map(lambda each: "{" + " ,".join(each) + "}")


values = st.recursive(
    numbers | strings | odd,
    lambda inner: st.lists(inner, max_size=3).map(lambda each: "[" + ", ".join(each) + "]") | objects(inner),
    max_leaves=6,
)
json_lines = (
    st.builds("{}{}{}".format, blanks, objects(values) | objects(values) | values, blanks).map(
        lambda line: line.encode("utf-8", "surrogatepass")
    )
    | broken
)


def in_c(format_name: str, path: JsonPath) -> TextLines:
    found = text_lines(format_name, path)
    assert found is not None
    return found


def line_by_line(
    format_name: str, path: JsonPath, records: list[bytes], answers: list[bytes] | None
) -> list[bytes]:
    """What the definition says: each line parsed, joined, selected from and written by itself."""
    value_format = FORMATS[format_name]
    found = []
    for at, record in enumerate(records):
        value = value_format.parse(record)
        if answers is not None:
            value = value_format.join(value, value_format.parse(answers[at]))
        found.append(value_format.serialise(value_format.select(path, value)))
    return found


def outcome(call: Callable[[], list[bytes]]) -> list[bytes] | None:
    try:
        return call()
    except NEEDS_A_CLOSER_LOOK:
        event("a faulty line")
        return None


@pytest.mark.parametrize(
    ("format_name", "paths", "lines"), [("CSV", CSV_PATHS, csv_lines), ("JSON", JSON_PATHS, json_lines)]
)
@given(data=st.data())
@settings(max_examples=200)
def test_lines_come_out_as_each_by_itself(
    format_name: str, paths: list[str], lines: st.SearchStrategy[bytes], data: st.DataObject
) -> None:
    path = JsonPath.parse(data.draw(st.sampled_from(paths)))
    pairs = data.draw(st.lists(st.tuples(lines, lines), min_size=1, max_size=4))
    records, answers = [list(each) for each in zip(*pairs, strict=True)]
    quick, text = in_c(format_name, path), b"\n".join(records)
    if not path.is_identity:  # an identical filter is never asked
        assert outcome(lambda: quick.filtered(text).split(b"\n")) == outcome(
            lambda: line_by_line(format_name, path, records, None)
        )
    before = data.draw(st.binary(max_size=3))
    body = before + b"\n".join(answers) + data.draw(st.sampled_from([b"", b"\n"] if answers[-1] else [b"\n"]))
    plain = b'"' not in body and b"\r" not in body
    expected = outcome(lambda: line_by_line(format_name, path, records, answers))
    for with_lines in (True, False):

        def joined(with_lines: bool = with_lines) -> list[bytes]:
            joined_text, at = quick.joined(text, body, len(before), plain=plain, with_lines=with_lines)
            assert at == len(body)
            return [joined_text]

        end = b"\n" if with_lines else b""
        assert outcome(joined) == (
            None if expected is None else [b"".join([each + end for each in expected])]
        )


@pytest.mark.parametrize(
    ("path", "record", "answer", "expected"),
    [
        ("$[0,-1]", b"id-1,1.0,2", b"0.5", b"id-1,0.5"),
        ("$[1:]", b'a,"b,c","d",""', b"1\r", b'"b,c",d,,1'),
        ("$[0:4]", b"a,b,c", b"1,2", b"a,b,c,1,2"),
        ("$[3]", b"a,b,c", b"1,2", b"1"),
    ],
)
def test_the_usual_rows_need_no_python(path: str, record: bytes, answer: bytes, expected: bytes) -> None:
    assert without_python("CSV", path, record, answer) == expected


@pytest.mark.parametrize(
    ("path", "record", "answer", "expected"),
    [
        (
            "$",
            b' {"b": [1.0, 2.50], "a": "<x>"} ',
            b'{"s" : 1e-5}',
            b'{"SageMakerOutput":{"s":0.00001},"a":"\\u003cx\\u003e","b":[1,2.5]}',
        ),
        (
            "$['id','SageMakerOutput']",
            b'{"id": "r", "x": {"y": "\\u00e9"}}',
            b"0.9930886626243591",
            b'{"SageMakerOutput":0.9930886626243591,"id":"r"}',
        ),
        ("$.id", b'{"id": "\\ud83d\\ude00 \\u00e9 \\n", "x": null}', b"1", '"😀 é \\n"'.encode()),
        (
            "$.id",
            b'{"id": {"c": -0.0, "b": 123456789012345680000, "a": 1E30}}',
            b"1",
            b'{"a":1e+30,"b":123456789012345680000,"c":-0}',
        ),
    ],
)
def test_the_usual_records_need_no_python(path: str, record: bytes, answer: bytes, expected: bytes) -> None:
    assert without_python("JSON", path, record, answer) == expected


def without_python(format_name: str, path: str, record: bytes, answer: bytes) -> bytes:
    quick = in_c(format_name, JsonPath.parse(path))

    def never(_: bytes, __: bytes | None) -> bytes:
        raise AssertionError("Python was asked")

    alone = type(quick)(**{**vars(quick), "slow": never})
    return alone.joined(record, answer, 0, plain=False, with_lines=False)[0]


@pytest.mark.parametrize("path", ["$.a.b", "$.a[0]", "$[0]", "$[1:]", "$.*"])
def test_other_filters_of_json_are_left_to_python(path: str) -> None:
    assert text_lines("JSON", JsonPath.parse(path)) is None


def test_without_a_compiler_all_is_left_to_python() -> None:
    with python_alone():
        assert text_lines("CSV", JsonPath.parse("$[0]")) is None
        assert newlines(b"a\nb\n") == 2


def test_fails_for_fewer_answers_than_records_and_for_an_offset_outside() -> None:
    quick = in_c("CSV", JsonPath.parse("$"))
    with pytest.raises(ValueError, match="fewer answers"):
        quick.joined(b"1\n2", b"a\n", 0, plain=True, with_lines=True)
    for offset in (-1, 3):
        with pytest.raises(ValueError, match="offset"):
            quick.joined(b"1", b"a\n", offset, plain=True, with_lines=True)


def test_fails_with_an_index_that_no_row_could_hold() -> None:
    with pytest.raises(OverflowError):
        in_c("CSV", JsonPath.parse("$[99999999999999999999]")).filtered(b"1")


@given(st.binary(max_size=5000) | st.integers(0, 5000).map(lambda size: b"\n" * size), st.data())
def test_newlines_are_counted(text: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert newlines(text, start, end) == text.count(b"\n", start, end)
