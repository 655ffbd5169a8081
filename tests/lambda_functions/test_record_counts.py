"""Records of many objects, counted in one call or in many."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import example, given, settings
from hypothesis import strategies as st

import counting
import record_counts
from engine.fake_world import line_by_line
from fakes.object_store import ObjectStore
from inputs import InputObject
from lambda_functions.bad_records.world import a_request, a_run
from record_counts import Cursor, RecordCounter, is_countable
from time_budget import TimeBudget

Line = dict[str, Any]


class Ticks:
    """A clock that moves by one at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "CHUNK_BYTES", 8)
    for module in (counting, record_counts):
        monkeypatch.setattr(module, "RANGE_BYTES", 20)
    monkeypatch.setattr(record_counts, "_SMALL_GZIP", 20)
    monkeypatch.setattr(record_counts, "_BATCH_OBJECTS", 3)


def a_store(objects: list[tuple[bytes, bytes]]) -> tuple[Any, list[Line]]:
    """Objects with their results, and their lines."""
    store, lines = ObjectStore(), []
    for number, (read, written) in enumerate(objects):
        store.put(f"s3://in/{number}", read)
        store.put(f"s3://out/{number}.out", written)
        entry = store.list_objects_v2(Bucket="in", Prefix=f"{number}", MaxKeys=1)["Contents"][0]
        line = InputObject(str(number), entry["ETag"].strip('"'), len(read), f"{number}.out").line()
        lines.append({**line, "OutputSize": len(written), "Status": "Completed"})
    return store, lines


def counted(store: Any, lines: list[Line], looks: float, *, is_gzip: bool = False) -> Iterator[list[Line]]:
    """Yield the lines after each call, which may look at the clock so many times."""
    cursor: Cursor | None = Cursor()
    while cursor is not None:
        counter = RecordCounter(
            store,
            source_bucket="in",
            output_bucket="out",
            is_gzip=is_gzip,
            budget=TimeBudget(looks, Ticks()),
        )
        lines = list(counter.count(lines, Cursor(**cursor.as_json())))
        cursor = counter.stopped
        yield lines


ROWS = st.integers(0, 30)


@given(st.lists(st.tuples(ROWS, ROWS), max_size=8), st.integers(2, 40), st.booleans())
def test_every_object_is_counted_in_however_many_calls(
    rows: list[tuple[int, int]], looks: int, last_newline: bool
) -> None:
    end = b"\n" if last_newline else b""
    objects = [(b"\n".join([b"1,2"] * read) + (end if read else b""), b"3\n" * wrote) for read, wrote in rows]
    store, lines = a_store(objects)
    calls = list(counted(store, lines, looks))
    assert [(one["RecordsIn"], one["RecordsOut"]) for one in calls[-1]] == rows
    assert all([one["Key"] for one in call] == [one["Key"] for one in lines] for call in calls)
    assert len(list(counted(store, lines, float("inf")))) == 1


PIECES = st.sampled_from(
    [b"1", b",", b'"', b"\n", b"\r\n", b"\r", b'"a\nb"', b'{"a": "\\n"}', "é".encode(), b"\0"]
)


@pytest.mark.parametrize("is_gzip", [False, True])
@pytest.mark.parametrize("content_type", ["text/csv", "application/jsonlines"])
@given(st.lists(PIECES, min_size=1, max_size=20).map(b"".join))
@example(b"one row without its newline")
@example(b"1,2\r\n3,4\r\n")
@example(b'1,"two\nlines"\n3,4')
@example(b"\n\n")
@settings(max_examples=30, deadline=None)
def test_the_counts_are_those_of_the_records_that_a_job_scores(
    content_type: str, is_gzip: bool, body: bytes
) -> None:
    """Quotes and CR don't matter, and a last line may lack its newline: input and results have the same count."""
    packed = gzip.compress(body) if is_gzip else body
    scored = a_run(
        {"a.csv": packed},
        line_by_line(lambda _: b"0.5"),
        a_request(content_type=content_type, compression_type="Gzip" if is_gzip else "None"),
    )
    assert scored.failure is None
    result = scored.out("a.csv")
    assert result is not None
    store, lines = a_store([(packed, result)])
    [*_, [line]] = counted(store, lines, float("inf"), is_gzip=is_gzip)
    assert line["RecordsIn"] == line["RecordsOut"] == len(result.splitlines())


def test_a_gzip_file_that_takes_longer_than_a_whole_call_is_not_counted_and_the_next_one_is() -> None:
    noise = random.Random(1).randbytes(400).hex().encode()  # noqa: S311  # no secret
    objects = [(gzip.compress(b"1\n"), b"1\n"), (gzip.compress(noise + b"\n2\n"), b"1\n2\n")]
    objects.append((gzip.compress(b"1\n2\n3\n"), b"1\n2\n3\n"))
    store, lines = a_store(objects)
    last = list(counted(store, lines, 8, is_gzip=True))[-1]
    assert [one["RecordsIn"] for one in last] == [1, None, 3]
    assert [one["RecordsOut"] for one in last] == [1, None, 3]


def test_a_file_that_is_not_gzip_is_not_counted() -> None:
    store, lines = a_store([(b"1\n", b"1\n")])
    [[line]] = counted(store, lines, float("inf"), is_gzip=True)
    assert line["RecordsIn"] is None


@pytest.mark.parametrize("size", [2, 60])
def test_an_object_that_is_replaced_before_it_is_counted_is_changed(size: int) -> None:
    store, lines = a_store([(b"1\n" * size, b"1\n" * size)])
    store.put("s3://in/0", b"2\n" * size)
    [[line]] = counted(store, lines, float("inf"))
    assert (line["Status"], line["RecordsIn"]) == ("Changed", None)


@pytest.mark.parametrize("size", [2, 60])
@pytest.mark.parametrize("deleted", [("in", "0"), ("out", "0.out")])
def test_an_object_that_is_deleted_before_it_is_counted_is_changed(
    size: int, deleted: tuple[str, str]
) -> None:
    store, lines = a_store([(b"1\n" * size, b"1\n" * size)])
    del store.objects[deleted]
    [[line]] = counted(store, lines, float("inf"))
    assert (line["Status"], line["RecordsIn"]) == ("Changed", None)


@pytest.mark.parametrize("size", [2, 60])
def test_an_object_that_may_not_be_read_is_not_called_changed(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, lines = a_store([(b"1\n" * size, b"1\n" * size)])

    def denied(**_request: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "GetObject")

    monkeypatch.setattr(store, "get_object", denied)
    with pytest.raises(ClientError, match="AccessDenied"):
        list(counted(store, lines, float("inf")))


def test_objects_without_a_result_are_not_read() -> None:
    store, lines = a_store([(b"1\n", b"1\n")])
    lines = [{**lines[0], "Status": status} for status in ("Missing", "Changed", "Stray")]
    [after] = counted(store, lines, float("inf"))
    assert (after, store.gets) == (lines, 0)


@pytest.mark.parametrize(
    ("data_type", "split", "assemble", "expected"),
    [
        ("S3Prefix", "Line", "Line", True),
        ("S3Prefix", "Line", "None", False),
        ("S3Prefix", "RecordIO", "Line", False),
        ("S3Prefix", None, "Line", False),
        ("ManifestFile", "Line", "Line", False),
    ],
)
def test_only_lines_are_counted(data_type: str, split: str | None, assemble: str, expected: bool) -> None:
    source = {"DataSource": {"S3DataSource": {"S3DataType": data_type}}}
    request = {
        "TransformInput": {**source, **({"SplitType": split} if split else {})},
        "TransformOutput": {"AssembleWith": assemble},
    }
    assert is_countable(request) is expected
