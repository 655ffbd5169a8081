"""A run that leaves bad records out writes what the engine writes for data without them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import cutting
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_transform.engine.interfaces import Answer
from engine.fake_world import Reply, line_by_line
from lambda_functions.bad_records.world import POISON, a_request, a_run, poisoned

MARKER = {"text/csv": "ERROR", "application/jsonlines": '{"error":true}'}


Answering = Callable[[bytes], bytes]


def csv_answer(line: bytes) -> bytes:
    return b'"%d, of a row",%d' % (len(line), line.count(b","))


def json_answer(line: bytes) -> bytes:
    return json.dumps({"score": len(line) / 4, "a": [1.0]}).encode()


def answering_with(marker: str, answer: Answering) -> Reply:
    """A model that answers a poisoned record with the marker: what the marker stands for in a join."""
    return line_by_line(lambda line: marker.encode() if POISON in line else answer(line))


csv_cells = st.sampled_from([b"1", b"2.50", b"", b'"a, b"', b'"say ""x"""', b" blank ", "é".encode(), b"<&>"])
csv_lines = st.builds(b",".join, st.lists(csv_cells, min_size=2, max_size=4))
json_lines = st.builds(
    lambda one: json.dumps(one, ensure_ascii=False).encode(),
    st.dictionaries(
        st.sampled_from(["id", "b", "é"]), st.sampled_from([1, 1.5, 1e-7, "a<b", None, [1.0]]), max_size=3
    ),
)
csv_bad = st.sampled_from([b"7,poison", b'"poison, x",2', b'1,"poison'])
json_bad = st.sampled_from([b'{"id": "poison"}', b'{"id": "poison", "b": 1.0}', b"poison}"])


@st.composite
def stories(draw: st.DrawFn) -> dict[str, Any]:
    """Some objects, with bad records anywhere, and a job that scores them."""
    content_type = draw(st.sampled_from(list(MARKER)))
    is_csv = content_type == "text/csv"
    is_joined = draw(st.booleans())
    result = draw(st.sampled_from(["omit", MARKER[content_type]])) if is_joined else MARKER[content_type]
    good, bad = (csv_lines, csv_bad) if is_csv else (json_lines, json_bad)
    # Mostly good ones: more than half would be the model's fault.
    lines = st.lists(st.one_of(good, good, good, good, bad), min_size=1, max_size=40)
    objects = draw(st.lists(lines, min_size=1, max_size=3))
    if draw(st.booleans()):  # the lines of a file from Windows
        objects = [[line + b"\r" for line in each] for each in objects]
    return {
        "objects": objects,
        "ends": draw(st.booleans()),
        "gzip": draw(st.booleans()),
        "result": result,
        "content_type": content_type,
        "join_source": "Input" if is_joined else "None",
        "output_filter": draw(st.sampled_from(["$", "$[0,-1]"] if is_csv and is_joined else ["$"])),
        "input_filter": draw(st.sampled_from(["$", "$[0:]"] if is_csv else ["$"])),
        "strategy": draw(st.sampled_from(["MultiRecord", "SingleRecord"])),
        "twice": draw(st.booleans()),
        "most": draw(st.integers(2, 12)),
    }


def text(lines: list[bytes], *, ends: bool) -> bytes:
    return b"\n".join(lines) + (b"\n" if ends and lines else b"")


def is_joinable(line: bytes, content_type: str) -> bool:
    return line.rstrip(b"\r") not in (b'1,"poison', b"poison}")


@settings(max_examples=80, deadline=None)
@given(stories())
def test_the_result_is_that_of_the_data_without_the_bad_records(story: dict[str, Any]) -> None:
    answer = csv_answer if story["content_type"] == "text/csv" else json_answer
    pack = gzip.compress if story["gzip"] else bytes
    request = a_request(
        content_type=story["content_type"],
        strategy=story["strategy"],
        compression_type="Gzip" if story["gzip"] else "None",
        join_source=story["join_source"],
        input_filter=story["input_filter"],
        output_filter=story["output_filter"],
    )
    names = [f"{at}.csv" for at in range(len(story["objects"]))]
    given_objects = {
        name: pack(text(lines, ends=story["ends"]))
        for name, lines in zip(names, story["objects"], strict=True)
    }
    # As few sections as it takes for several rounds.
    with patch.multiple(cutting, MOST_OF_ONE=story["most"], MOST_OF_A_ROUND=2 * story["most"]):
        ran = a_run(
            given_objects,
            poisoned(line_by_line(answer)),
            request,
            result=story["result"],
            twice=story["twice"],
        )
    bad = [
        (f"s3://data-in/churn/{name}", at)
        for name, lines in zip(names, story["objects"], strict=True)
        for at, line in enumerate(lines, 1)
        if POISON in line
    ]
    if ran.failure is not None:
        assert "it is the model" in ran.failure["Cause"]
        return
    listed = [json.loads(line) for line in ran.listed.splitlines()]
    assert [(one["Object"], one["Line"]) for one in listed] == bad
    assert ran.bad_records == len(bad)
    for name, lines in zip(names, story["objects"], strict=True):
        assert ran.out(name) == expected(story, lines, answer, request), name


def expected(
    story: dict[str, Any], lines: list[bytes], answer: Answering, request: dict[str, Any]
) -> bytes | None:
    """Return the result without the bad records, by one run of the engine for each stretch between them."""
    result = b""
    stretch: list[bytes] = []
    plain = {**request, "TransformInput": {**request["TransformInput"], "CompressionType": "None"}}

    def engine(data: list[bytes], reply: Reply) -> bytes:
        out = a_run({"x.csv": text(data, ends=True)}, reply, plain).out("x.csv")
        assert out is not None
        return out

    if story["result"] == "omit":
        good = [line for line in lines if POISON not in line]
        return engine(good, line_by_line(answer)) if good else b""
    marker = story["result"]
    for line in [*lines, None]:
        if line is not None and POISON not in line:
            stretch.append(line)
            continue
        if stretch:
            result += engine(stretch, line_by_line(answer))
            stretch = []
        if line is not None:
            is_joined = story["join_source"] == "Input" and is_joinable(line, story["content_type"])
            result += engine([line], answering_with(marker, answer)) if is_joined else marker.encode() + b"\n"
    return result


@pytest.mark.parametrize("strategy", ["SingleRecord"])
def test_answers_without_newlines_are_put_together_as_they_are(strategy: str) -> None:
    rows = [b"1,2", b"3,poison", b"5,6", b"7,8"]
    request = a_request(strategy=strategy, assemble_with="None")

    def reply(body: bytes) -> bytes | Answer:
        return b"[%d]" % len(body)

    ran = a_run({"a.csv": b"\n".join(rows)}, poisoned(reply), request, result="[bad]")
    assert ran.out("a.csv") == b"[4][bad][4][3]"
