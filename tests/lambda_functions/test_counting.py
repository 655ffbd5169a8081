"""Counts of lines, compared with Python's own splitting."""

from __future__ import annotations

import gzip
import io
import zlib
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, IncompleteReadError
from hypothesis import given
from hypothesis import strategies as st

import counting
from batch_transform.job.values.s3_uri import S3Uri
from counting import Counted, count_gzip, count_plain
from fakes.object_store import ObjectStore

PLACE = S3Uri("data", "a.csv")


def holding(body: bytes) -> Any:
    """A store with the object."""
    return ObjectStore({("data", "a.csv"): body})


TEXTS = st.lists(st.sampled_from([b"1,2", b"", b"\r", b'"a', b"x" * 50]), max_size=20).map(b"\n".join)


def lines(body: bytes) -> int:
    """As SageMaker splits them: after each newline, and a last line may lack its own."""
    parts = body.split(b"\n")
    return len(parts) - (parts[-1] == b"")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "CHUNK_BYTES", 16)
    monkeypatch.setattr(counting, "RANGE_BYTES", 40)


@given(TEXTS)
def test_each_line_is_a_record_also_within_quotes_and_without_a_last_newline(body: bytes) -> None:
    store = holding(body)
    counted = count_plain(PLACE, None, len(body), store)
    assert (counted.records, counted.offset) == (lines(body), len(body))
    assert store.largest_read <= 16


@given(TEXTS, st.integers(1, 4))
def test_a_count_is_continued_where_it_stopped(body: bytes, ranges: int) -> None:
    store = holding(body)
    counted = Counted()
    while counted.offset < len(body):
        left = iter([True] * ranges)
        counted = count_plain(
            PLACE, None, len(body), store, begun=counted, is_time_left=partial(next, left, False)
        )
    assert counted.records == lines(body)


@given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(0, 3))
def test_a_gzip_file_is_unpacked_whatever_its_members(members: list[bytes], padding: int) -> None:
    body = b"".join(map(gzip.compress, members)) + b"\0" * padding
    counted = count_gzip(PLACE, None, holding(body))
    assert counted is not None
    assert counted.records == lines(b"".join(members))


def test_a_gzip_file_that_unpacks_to_much_more_is_read_a_little_at_a_time() -> None:
    body = gzip.compress(b"x\n" * 1_000_000)
    counted = count_gzip(PLACE, None, holding(body))
    assert counted is not None
    assert counted.records == 1_000_000


@pytest.mark.parametrize(
    "body",
    # The names of the tests hold the bytes, so they may not hold the time.
    [gzip.compress(b"1\n2\n", mtime=0)[:-9], b"1,2\n", gzip.compress(b"1\n", mtime=0) + b"junk"],
)
def test_fails_for_a_file_that_is_not_gzip_or_is_cut(body: bytes) -> None:
    with pytest.raises(zlib.error):
        count_gzip(PLACE, None, holding(body))


def test_a_gzip_file_is_not_counted_when_the_time_is_over() -> None:
    store = holding(gzip.compress(b"1\n"))
    assert count_gzip(PLACE, None, store, lambda: False) is None


def test_fails_for_another_version_than_the_one_that_was_listed() -> None:
    with pytest.raises(ClientError, match="PreconditionFailed"):
        count_plain(PLACE, "0" * 32, 2, holding(b"1\n"))


class _Breaks(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        if not data or self.tell() > 20:
            raise IncompleteReadError(actual_bytes=self.tell(), expected_bytes=1000)
        return data


def test_a_broken_connection_is_continued_and_nothing_is_counted_twice() -> None:
    body = b"".join(b"%d\n" % number for number in range(200))
    store = holding(body)
    get, calls = store.get_object, 0

    def breaking(**request: Any) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        answer = get(**request)
        return answer if calls % 2 else {**answer, "Body": _Breaks(answer["Body"].getvalue())}

    store.get_object = breaking
    assert count_plain(PLACE, None, len(body), store).records == 200


def test_fails_if_the_connection_keeps_breaking() -> None:
    store = holding(b"1\n")
    get = store.get_object
    store.get_object = lambda **request: {**get(**request), "Body": _Breaks()}
    with pytest.raises(IncompleteReadError):
        count_plain(PLACE, None, 2, store)
