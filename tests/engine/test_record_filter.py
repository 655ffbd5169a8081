"""The fast filters write what the filter record by record writes, or decline the block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from batch_transform.engine.answers import Answers
from batch_transform.engine.compiled_filter import CompiledFilter, compiled_filter
from batch_transform.engine.csv_lines import CsvLines
from batch_transform.engine.formats import FORMATS
from batch_transform.engine.json_lines import JsonLines
from batch_transform.engine.record_by_record import FaultyRecordError, RecordByRecord
from batch_transform.engine.record_filter import DECLINED, RecordFilter, record_filter
from batch_transform.engine.records import WHOLE_OBJECT, Ending, Records
from batch_transform.job.filters.json_path import JsonPath
from engine.python_alone import python_alone

bounds = st.integers(-4, 6).map(str) | st.just("")
csv_paths = st.one_of(
    st.sampled_from(["$", "$[0]", "$[-1]", "$[0,-1]", "$[-1,2,0,0]", "$[1:]", "$[:2]", "$[-2:]", "$[2:1]"]),
    st.lists(st.integers(-4, 6), min_size=1, max_size=4).map(
        lambda indexes: f"$[{','.join(map(str, indexes))}]"
    ),
    st.tuples(bounds, bounds).map(lambda ends: f"$[{ends[0]}:{ends[1]}]"),
)
json_paths = st.sampled_from(
    [
        "$",
        "$.a",
        "$.SageMakerOutput",
        "$['a','b']",
        "$['b','SageMakerOutput']",
        "$['a','a']",
        "$.a[0]",
        "$[0]",
        "$[0:1]",
    ]
)

# Any bytes at all now and then, so that nothing depends on a text being valid.
broken = st.binary(max_size=12).map(lambda line: line.replace(b"\n", b""))
plain_rows = st.lists(st.sampled_from([b"", b"1", b"2.0", b" x", b"\xff"]), min_size=1, max_size=8)
any_rows = st.lists(
    st.sampled_from(["", "1", "1.0", "é", '"q,r"', '"a""b"', '"x"', '""', '"', 'a"', "\r", '"x"y', " "]),
    min_size=1,
    max_size=6,
)
csv_lines = plain_rows.map(b",".join) | any_rows.map(lambda cells: ",".join(cells).encode()) | broken
digits = st.integers(0, 10**20).map(str)
numbers = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    digits | st.sampled_from(["0", "00", "9007199254740993", "9" * 301]),
    st.sampled_from(["", ".0", ".10", ".000000", ".0000001", "."]) | digits.map(".{}".format),
    st.sampled_from(["", "", "e0", "E5", "e-7", "e+21", "e-300", "e285", "e400", "e"]),
)
strings = st.text(alphabet='ab"\\<>&\u2028é😀\n\x7f/\x00.,0e-+]}', max_size=5).map(json.dumps) | st.text(
    alphabet='ab"\\<&\u2029é😀', max_size=5
).map(lambda text: json.dumps(text, ensure_ascii=False))
odd = st.sampled_from(
    ["null", "true", "nul", "NaN", "", '"\\ud800"', '"\\ud83d\\ude00"', '"\\/"', '"\\u12"', '"a', '"x-0"']
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
formats = pytest.mark.parametrize(
    ("format_name", "paths", "lines"), [("CSV", csv_paths, csv_lines), ("JSON", json_paths, json_lines)]
)
needs_c = pytest.mark.skipif(
    compiled_filter(RecordByRecord(FORMATS["CSV"], JsonPath.parse("$"))) is None,
    reason="the C module is missing: there was no C compiler",
)


def by_record(format_name: str, path: str) -> RecordByRecord:
    return RecordByRecord(FORMATS[format_name], JsonPath.parse(path))


def in_c(format_name: str, path: str) -> CompiledFilter:
    found = compiled_filter(by_record(format_name, path))
    assert found is not None
    return found


def fast_filters(format_name: str, path: str) -> Iterator[RecordFilter]:
    """The implementations there are for a filter, and what is chosen of them."""
    parsed = JsonPath.parse(path)
    compiled = compiled_filter(by_record(format_name, path))
    if compiled is not None:
        yield compiled
    yield CsvLines(parsed) if format_name == "CSV" else JsonLines(parsed)
    yield record_filter(format_name, parsed)
    with python_alone():
        yield record_filter(format_name, parsed)


def block(lines: list[bytes]) -> Records:
    return Records.of_text(b"\n".join(lines), 1, ended=True)


Outcome = bytes | tuple[int, str, str] | None


def outcome(call: Callable[[], bytes]) -> Outcome:
    """The results, or the fault of a record, or None for a block that was declined."""
    try:
        return call()
    except FaultyRecordError as fault:
        event("a faulty record")
        return fault.position, fault.text, str(fault.cause)
    except DECLINED:
        event("declined")
        return None


def agrees(tried: RecordFilter, found: Outcome, expected: Outcome) -> bool:
    """Whether an outcome is right. What is chosen never declines, and C only what has a faulty record."""
    if found is None:
        return isinstance(tried, (CsvLines, JsonLines)) or (
            isinstance(tried, CompiledFilter) and isinstance(expected, tuple)
        )
    return found == expected


@formats
@given(data=st.data())
@settings(max_examples=200)
def test_records_are_filtered_as_each_by_itself(
    format_name: str, paths: st.SearchStrategy[str], lines: st.SearchStrategy[bytes], data: st.DataObject
) -> None:
    path = data.draw(paths)
    records = block(data.draw(st.lists(lines, min_size=1, max_size=5)))
    ending = data.draw(st.sampled_from(Ending))
    expected = outcome(lambda: by_record(format_name, path).filtered(records, ending))
    for tried in fast_filters(format_name, path):
        assert agrees(tried, outcome(lambda tried=tried: tried.filtered(records, ending)), expected)  # type: ignore[misc]


@formats
@given(data=st.data())
@settings(max_examples=200)
def test_records_are_joined_with_their_answers_as_each_by_itself(
    format_name: str, paths: st.SearchStrategy[str], lines: st.SearchStrategy[bytes], data: st.DataObject
) -> None:
    path = data.draw(paths)
    pairs = data.draw(st.lists(st.tuples(lines, lines), min_size=1, max_size=4))
    items, texts = [list(each) for each in zip(*pairs, strict=True)]
    before, after = data.draw(st.lists(lines, max_size=2)), data.draw(st.lists(lines, max_size=1))
    body = b"".join(line + b"\n" for line in [*before, *texts, *after])
    ending = data.draw(st.sampled_from(Ending))

    def joined(tried: RecordFilter) -> Outcome:
        answers = Answers(body, split_lines=True)
        answers.take(len(before))
        found = outcome(lambda: tried.joined(block(items), answers, ending))
        if isinstance(found, bytes):
            assert answers.take(9) == after
        return found

    expected = joined(by_record(format_name, path))
    for tried in fast_filters(format_name, path):
        assert agrees(tried, joined(tried), expected)


@pytest.mark.parametrize("in_python", [False, True])
def test_what_is_not_a_line_goes_record_by_record(in_python: bool) -> None:
    whole = Records.of_text(b'{\n"a": 1.0}\n', WHOLE_OBJECT, ended=False)
    for chosen in list(fast_filters("JSON", "$"))[-2:][in_python:]:
        assert chosen.filtered(whole, Ending.AFTER_EACH) == b'{"a":1}\n'
        answers = Answers(b"[1,\n2]\n", split_lines=False)
        joined = chosen.joined(block([b'{"a": 1.0}']), answers, Ending.NOTHING)
        assert joined == b'{"SageMakerOutput":[1,2],"a":1}'


@pytest.mark.parametrize(
    ("path", "record", "answer", "expected"),
    [
        ("$[0,-1]", b"id-1,1.0,2", b"0.5", b"id-1,0.5"),
        ("$[1:]", b'a,"b,c","d",""', b"1\r", b'"b,c",d,,1'),
        ("$[0:4]", b"a,b,c", b"1,2", b"a,b,c,1,2"),
        ("$[3]", b"a,b,c", b"1,2", b"1"),
    ],
)
@needs_c
def test_usual_rows_need_no_python(path: str, record: bytes, answer: bytes, expected: bytes) -> None:
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
@needs_c
def test_usual_json_records_need_no_python(path: str, record: bytes, answer: bytes, expected: bytes) -> None:
    assert without_python("JSON", path, record, answer) == expected


def without_python(format_name: str, path: str, record: bytes, answer: bytes) -> bytes:
    def never(_: bytes, __: bytes | None) -> bytes:
        raise AssertionError("Python was asked")

    alone = CompiledFilter(**{**vars(in_c(format_name, path)), "result": never})
    return alone.joined(block([record]), Answers(answer, split_lines=True), Ending.NOTHING)


@pytest.mark.parametrize("path", ["$.a.b", "$.a[0]", "$[0]", "$[1:]", "$.*"])
def test_other_json_filters_have_no_compiled_filter(path: str) -> None:
    assert compiled_filter(by_record("JSON", path)) is None


def test_without_a_compiler_there_is_no_compiled_filter() -> None:
    with python_alone():
        assert compiled_filter(by_record("CSV", "$[0]")) is None


@needs_c
def test_fails_in_c_for_fewer_answers_than_records() -> None:
    with pytest.raises(ValueError, match="fewer answers"):
        in_c("CSV", "$").joined(block([b"1", b"2"]), Answers(b"a\n", split_lines=True), Ending.BETWEEN)


@needs_c
@pytest.mark.parametrize("offset", [-1, 3])
def test_fails_in_c_for_an_offset_outside_the_answers(offset: int) -> None:
    answers = Answers(b"a\n", split_lines=True)
    answers.at = offset
    with pytest.raises(ValueError, match="offset"):
        in_c("CSV", "$").joined(block([b"1"]), answers, Ending.BETWEEN)


@needs_c
@pytest.mark.parametrize(
    ("kind", "selection"), [(1, ()), (2, (1, 2, 3)), (1, (0,) * 65), (4, ()), (0, (1,)), (5, ()), (-1, ())]
)
def test_fails_in_c_for_a_selection_that_it_does_not_know(kind: int, selection: tuple[int, ...]) -> None:
    unknown = CompiledFilter(kind, selection, by_record("CSV", "$").result)
    with pytest.raises(ValueError, match="not a selection"):
        unknown.filtered(block([b"1"]), Ending.BETWEEN)


@needs_c
def test_fails_in_c_with_an_index_that_no_row_could_hold() -> None:
    with pytest.raises(OverflowError):
        in_c("CSV", "$[99999999999999999999]").filtered(block([b"1"]), Ending.BETWEEN)
