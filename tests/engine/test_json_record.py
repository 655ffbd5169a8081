"""JSON, read and written like Go's encoding/json."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.engine.go_json import go_parse, go_text
from batch_transform.engine.json_record import parse_json, serialise_json
from batch_transform.job.errors import UnparsableError
from engine.reference import go_number, write_json


def again(text: str | bytes) -> str:
    return serialise_json(parse_json(text if isinstance(text, bytes) else text.encode())).decode()


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("1.0", "1"),
        ("0.9930886626243591", "0.9930886626243591"),
        ("0.00001", "0.00001"),
        ("1e-6", "0.000001"),
        ("1e-7", "1e-7"),
        ("1.5E-07", "1.5e-7"),
        ("1e-10", "1e-10"),
        ("1e16", "10000000000000000"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("1e100", "1e+100"),
        ("9007199254740993", "9007199254740992"),
        ("123456789012345678901", "123456789012345680000"),
        ("-0.0", "-0"),
        ("-0", "-0"),
        ("[-0,-0.5,-1e-9]", "[-0,-0.5,-1e-9]"),
        ("[1.0,10.0,1.05,1.0e-9,20.0]", "[1,10,1.05,1e-9,20]"),
        ('{"1.0,":1.0,"2e-9":2e-9,"-0":"-0"}', '{"-0":"-0","1.0,":1,"2e-9":2e-9}'),
        ('["\\".0,",3.0,"e+"]', '["\\".0,",3,"e+"]'),
        ("9007199254740991", "9007199254740991"),
        ("-9007199254740995", "-9007199254740996"),
        ("5e-324", "5e-324"),
    ],
)
def test_numbers_are_converted_through_float64_and_written_like_go(number: str, written: str) -> None:
    assert again(number) == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_written_with_the_shortest_digits_laid_out_as_go_does(value: float) -> None:
    assert serialise_json(value).decode() == go_number(value)


def test_text_is_compact_with_the_names_sorted_by_their_bytes_at_every_level() -> None:
    document = '{"_id": 1, "text": {"b": 1, "B": [ {"é": 1, "z": 2} ]}, "SageMakerOutput": 1, "ISBN": "x"}'
    assert again(document) == '{"ISBN":"x","SageMakerOutput":1,"_id":1,"text":{"B":[{"z":2,"é":1}],"b":1}}'


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('"<a href=\\"x\\">&</a>"', '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u003c/a\\u003e"'),
        ('"\\u2028\\u2029"', '"\\u2028\\u2029"'),
        ('"\\u00e9 \\ud83d\\ude00 \\/"', '"é 😀 /"'),
        ('"\\u0001\\n\\t\\b\\f\x7f"', '"\\u0001\\n\\t\\b\\f\x7f"'),
        ('"\\ud800"', '"\ufffd"'),
        ('{"\\udc00":1}', '{"\ufffd":1}'),
        (b'"\xff\xe2\x82"', '"\ufffd\ufffd\ufffd"'),
        ('{"a":1,"a":2}', '{"a":2}'),
        (" [true , false,null ]\r\n", "[true,false,null]"),
        ("{}", "{}"),
        ("[]", "[]"),
    ],
)
def test_strings_and_structures_are_written_like_go(text: str | bytes, written: str) -> None:
    assert again(text) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "nan",
        "NaN",
        "-Infinity",
        "1e400",
        "9" * 400,
        "01",
        "[1,]",
        "{'a':1}",
        "1 2",
        '"a\nb"',
        "\ufeff1",
    ],
)
def test_fails_for_text_that_is_not_json(text: str) -> None:
    with pytest.raises(UnparsableError):
        parse_json(text.encode())


def test_fails_with_an_error_of_this_project_for_a_document_that_is_nested_too_deeply_to_parse() -> None:
    with pytest.raises(UnparsableError, match="nested too deeply"):
        parse_json(b"[" * 100_000 + b"]" * 100_000)


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(values)
def test_any_value_is_written_as_the_reference_writes_it_and_reads_back_as_it_was(value: object) -> None:
    text = json.dumps(value).encode()
    parsed = parse_json(text)
    assert parsed == value
    assert serialise_json(parsed) == write_json(value)


@given(st.binary(max_size=30))
def test_any_bytes_are_json_or_raise_an_error_of_this_project(text: bytes) -> None:
    try:
        value = parse_json(text)
    except UnparsableError as refusal:
        assert str(refusal)
    else:
        assert parse_json(serialise_json(value)) == value


digits = st.integers(0, 10**22).map(str)
number_texts = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "-"]),
        st.integers(0, 10**22).map(str) | st.integers(0, 99).map(str),
        st.sampled_from(["", "", ".0", ".00", ".5", ".050", ".000001"]) | digits.map(".{}".format),
        st.sampled_from(["", "", "e0", "E5", "e-7", "e+21", "e-20", "e285"]),
    ),
)
string_texts = st.text(alphabet=st.sampled_from('ab"\\.,0e-+<>&\u2028\u2029é😀]}:1 \n\x7f'), max_size=12).map(
    json.dumps
)
json_texts = st.recursive(
    number_texts | string_texts | st.sampled_from(["null", "true", "false", '"\\ud800"', '"\\ud83d\\ude00"']),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda elements: "[" + " ,".join(elements) + "]")
        | st.lists(st.tuples(string_texts, inner), max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{name}: {element}" for name, element in pairs) + "}"
        )
    ),
    max_leaves=12,
)


@given(json_texts)
def test_every_number_and_string_is_written_as_go_json_writes_it(text: str) -> None:
    raw = text.encode()
    assert serialise_json(parse_json(raw)) == go_text(go_parse(raw))


def test_fails_for_a_document_that_is_nested_too_deeply() -> None:
    text = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(UnparsableError, match=r"^the document is nested too deeply$"):
        parse_json(text)


@pytest.mark.parametrize("depth", [200, 254, 255, 400])
def test_a_deeply_nested_document_is_written(depth: int) -> None:
    text = b"[" * depth + b"1.0" + b"]" * depth
    assert serialise_json(parse_json(text)) == text.replace(b"1.0", b"1")
