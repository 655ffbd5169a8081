"""What paths find and don't find: the results of Jayway's json-path 2.10.0, except for the wording of two errors."""

from __future__ import annotations

from typing import Any

import jsonpath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.local.emulator.patches.interpreter import paths
from batch_transform.local.emulator.patches.interpreter.paths import (
    NothingFoundError,
    PathError,
    UnmatchedReferenceError,
    read,
    written,
)

DOCUMENT = {
    "a": {"b": [{"x": 1, "y": 2}, {"x": 2}], "1b": 5, "empty": None},
    "a-b": 1,
    "a b": 6,
    "list": [10, 20, 30, 40],
    "text": "t",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DOCUMENT),
        ("$.a.b[0].x", 1),
        ("$.a.b[-1].x", 2),
        ("$['a']['b'][1]", {"x": 2}),
        ('$["a b"]', 6),
        ("$.a-b", 1),
        ("$.a.1b", 5),
        ("$.a.empty", None),
        ("$.list[1:3]", [20, 30]),
        ("$.list[-2:]", [30, 40]),
        ("$.list[0,3]", [10, 40]),
        ("$.list[*]", [10, 20, 30, 40]),
        ("$..x", [1, 2]),
        ("$.a.b[*].y", [2]),
        ("$.a.b[?(@.x == 2)]", [{"x": 2}]),
        ("$.a.b[?(@.x > 5)].x", []),
        ("$.a.b[*].z", []),
        ("$.a.b[*]['x']", [1, 2]),
        ("$.a.b[0:2].x", [1, 2]),
        ("$.a.b[?(@.x == 1 && @.y == 2)].x", [1]),
        ("$.a.b[?(@.y)]", [{"x": 1, "y": 2}]),
        ("$.a[?(@.b)]", [DOCUMENT["a"]]),
        ("$.a[?(@.x)]", []),
        ("$.list[9:]", []),
        ("$.list[0,9]", [10]),
        ("$.list[9][*]", []),
        ("$.list[?(@ > 15)]", [20, 30, 40]),
        ("$.text[*]", []),
        ("$.text..x", []),
        ("$..nothing", []),
        ("$['a-b','list']", {"a-b": 1, "list": [10, 20, 30, 40]}),
        ("$.a.b[0]['x', 'z']", {"x": 1}),
    ],
)
def test_a_path_finds(path: str, found: object) -> None:
    assert read(path, DOCUMENT) == found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("$.nothing", "No results for path: $['nothing']"),
        ("$.no.such.path", "Missing property in path $['no']"),
        ("$.list[4]", "No results for path: $['list'][4]"),
        ("$.list[-5]", "No results for path: $['list'][-5]"),
        ("$.list[9].x", "No results for path: $['list'][9]['x']"),
        ("$.nothing[*].x", "Missing property in path $['nothing']"),
        ("$.nothing..x", "Missing property in path $['nothing']"),
        ("$.text[0:1]", "Filter: [0:1] can only be applied to arrays. Current context is: t"),
        ("$.text[0,1]", "Filter: [0,1] can only be applied to arrays. Current context is: t"),
        ("$.text[?(@.x)]", "Filter: [?] can not be applied to primitives. Current context is: t"),
        ("$.text.x", "Expected to find an object with property ['x'] in path $['text'] but found 'string'"),
        (
            "$.a.empty.x",
            "Expected to find an object with property ['x'] in path $['a']['empty'] but found 'null'",
        ),
        ("$.list.length()", "Property ['length()'] not found in path $['list']"),
        ("$.text[0]", "Filter: [0] can only be applied to arrays. Current context is: t"),
    ],
)
def test_fails_when_a_definite_path_finds_nothing(path: str, text: str) -> None:
    with pytest.raises(NothingFoundError) as raised:
        read(path, DOCUMENT)
    assert str(raised.value) == text


@pytest.mark.parametrize(
    "path",
    ["", "a", "$.", "$.a[", "$.a['b", "$.list()[0]", "$name.x", "$.a b", "$.list[:]", "$.a[*]['x','y']"],
)
def test_fails_for_text_that_is_not_a_path(path: str) -> None:
    with pytest.raises(PathError):
        read(path, DOCUMENT)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab'\\é ", max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)
names = st.text("abc_-1é", min_size=1, max_size=3)
definite = st.lists(names | st.integers(-3, 3), max_size=4)


def walk(document: Any, steps: list[str | int]) -> tuple[Any, bool]:
    """Follow the steps one by one; return the value at the end, and whether it exists."""
    for step in steps:
        if not isinstance(document, dict if isinstance(step, str) else list):
            return None, False
        if isinstance(step, int) and not -len(document) <= step < len(document):
            return None, False
        if isinstance(step, str) and step not in document:
            return None, False
        document = document[step]  # type: ignore[index]  # checked above, by kind
    return document, True


@given(values, st.lists(st.text("ab'\\é ", max_size=3) | st.integers(-3, 3), max_size=4))
def test_a_definite_path_finds_the_same_as_a_walk(document: Any, steps: list[str | int]) -> None:
    quoted = "$" + "".join(
        f"[{step}]"
        if isinstance(step, int)
        else "['{}']".format(step.replace("\\", "\\\\").replace("'", "\\'"))
        for step in steps
    )
    walked, is_there = walk(document, steps)
    if is_there:
        assert read(quoted, document) == walked
    else:
        with pytest.raises(NothingFoundError):
            read(quoted, document)


@given(
    st.recursive(
        st.integers(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
    ),
    st.lists(st.text("abcé", min_size=1, max_size=2) | st.integers(0, 3), min_size=1, max_size=4),
)
def test_a_definite_path_agrees_with_the_library_that_reads_the_others(
    document: Any, steps: list[str | int]
) -> None:
    path = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    found = jsonpath.findall(path, document)
    if found:
        assert [read(path, document)] == found
    else:
        with pytest.raises(NothingFoundError):
            read(path, document)


@pytest.mark.parametrize(
    ("path", "document", "result"),
    [
        ("$", {"a": 1}, "new"),
        ("$.b", {"a": 1}, {"a": 1, "b": "new"}),
        ("$.a", {"a": 1}, {"a": "new"}),
        ("$.b.c.d", {"a": 1}, {"a": 1, "b": {"c": {"d": "new"}}}),
        ("$.list[1]", {"list": [1, 2]}, {"list": [1, "new"]}),
        ("$.list[0].x", {"list": [{"y": 1}]}, {"list": [{"y": 1, "x": "new"}]}),
    ],
)
def test_a_value_is_written_at_a_reference_path(path: str, document: Any, result: object) -> None:
    before = repr(document)
    assert written(path, document, "new") == result
    assert repr(document) == before


@pytest.mark.parametrize(
    ("path", "document", "text"),
    [
        ("$.a", [1], r"\$ is an array, not an object"),
        ("$.a", "text", r"\$ is a string, not an object"),
        ("$.a", None, r"\$ is null, not an object"),
        ("$.a.b", {"a": 1}, r"\$\['a'\] is a number, not an object"),
        ("$.list[2]", {"list": [1, 2]}, r"\$\['list'\] has no place \[2\]"),
        ("$.a[0]", {"a": {}}, r"\$\['a'\] has no place \[0\]"),
    ],
)
def test_fails_when_a_reference_path_cannot_be_written(path: str, document: object, text: str) -> None:
    with pytest.raises(UnmatchedReferenceError, match=text):
        written(path, document, "new")


def test_only_a_definite_path_is_a_reference_path() -> None:
    assert paths.steps("$.a[0]['b c']") == ("a", 0, "b c")
    assert paths.steps("$.a[*]") is None
    with pytest.raises(PathError, match="more than one place"):
        written("$.a[*]", {}, 1)
