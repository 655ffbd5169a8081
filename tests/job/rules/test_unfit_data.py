"""Finding unfit data by first bytes and sizes; the tests of the preflight cover the messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.rules.unfit_data import (
    FIRST_BYTES,
    Reading,
    packing_of,
    reads_text,
    unfit_text,
    wide_encoding_of,
)
from batch_transform.job.values.cdk_token import is_token

TOKEN = "${Token[TypeOfInput.12]}"  # not a secret: the CDK's placeholder for a value known at deployment


@pytest.mark.parametrize(
    ("content_type", "split_type", "is_text"),
    [
        ("text/csv", "None", True),
        ("Text/CSV; charset=utf-8", "Line", True),
        ("text/libsvm", "None", True),
        ("application/json", "None", True),
        ("application/jsonlines", "Line", True),
        ("application/ld+json", "None", True),
        (None, "Line", True),
        ("application/x-thing", "Line", True),
        (TOKEN, "None", True),
        (None, "None", False),
        ("application/x-thing", "None", False),
        ("image/png", "None", False),
        ("image/png", "Line", False),
        ("application/x-npy", "Line", False),
        ("application/gzip", "Line", False),
        ("text/csv+gzip", "None", False),
        ("text/csv", "RecordIO", False),
        ("text/csv", "TFRecord", False),
    ],
)
def test_data_that_is_read_as_text_is_recognized(
    content_type: str | None, split_type: str, is_text: bool
) -> None:
    assert reads_text(content_type, split_type) is is_text
    assert is_token(TOKEN)


ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=2)


@given(ASCII, st.sampled_from(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]))
def test_wide_text_is_reported_with_its_mark_and_without(text: str, encoding: str) -> None:
    assert wide_encoding_of(text.encode(encoding)) == encoding[:6].upper()


@given(st.text(st.characters(min_codepoint=9, exclude_categories=["Cs"])))
def test_utf_8_text_is_neither_wide_nor_packed(text: str) -> None:
    start = text.encode()
    assert (wide_encoding_of(start), packing_of(start)) == (None, None)


@given(st.binary(max_size=12), st.binary(max_size=12), st.booleans())
def test_only_the_first_bytes_matter(start: bytes, rest: bytes, is_gzip: bool) -> None:
    """The result is the same no matter how much of an object is read."""
    padded = start.ljust(FIRST_BYTES, b"x")
    of = Reading("text/csv", "Line", is_gzip, is_filtered=False, payload=None)
    found = of.unfit_start(padded)
    assert (of.unfit_start(padded + rest) is None) == (found is None)


def a_request(**members: Any) -> dict[str, Any]:
    source = {"ContentType": "text/csv", **members.pop("TransformInput", {})}
    return {"TransformInput": source, **members}


@pytest.mark.parametrize(
    ("request_", "most"),
    [
        (a_request(MaxPayloadInMB=6), 6 * 2**20),
        (a_request(), 100 * 2**20),
        (a_request(MaxPayloadInMB=0), None),
        (a_request(TransformInput={"SplitType": "Line"}), None),
        (a_request(TransformInput={"SplitType": "None"}, MaxPayloadInMB=1), 2**20),
        (a_request(TransformInput={"CompressionType": "Gzip"}), None),
        (a_request(DataProcessing={"InputFilter": "$[1:]"}), None),
        (a_request(DataProcessing={"InputFilter": "$", "OutputFilter": "$[0]"}, MaxPayloadInMB=2), 2 * 2**20),
    ],
)
def test_an_object_that_is_one_request_has_a_size_limit(request_: dict[str, Any], most: int | None) -> None:
    reading = Reading.of(request_)
    assert reading.most_bytes == most
    if most is not None:
        assert reading.unfit_size(most) is None
        assert reading.unfit_size(most + 1) is not None


def test_an_empty_object_has_no_problem() -> None:
    assert unfit_text([], 5) == ""
