"""The beginning of an object, its first row, and whether that row fits the job's column names."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Sequence
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.job.errors import HeaderRowError, RowWidthError
from batch_transform.job.rules.unfit_data import packing_of, wide_encoding_of
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import counted

LOOKED_AT = 65_536
"""Bytes read of the first object: most rows are shorter."""

# Denied by a policy or a key, archived, or changed since it was listed.
_NOT_READABLE = re.compile(r"AccessDenied|403|KMS\..*|InvalidObjectState|NoSuchKey|404|InvalidRange|416")


class S3Reader(Protocol):
    """The part of boto3's S3 client that is used here."""

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> Any:
        """As boto3 has it."""


def start_of(place: S3Uri, s3: S3Reader, size: int = LOOKED_AT) -> bytes:
    """Return the first bytes of an object, at most `size`; empty if the object can't be read.

    An object that this function can't read is left to the transform job, whose role or key may allow more. So is an
    archived object, and one that was deleted since it was listed.
    """
    try:
        answer = s3.get_object(Bucket=place.bucket, Key=place.key, Range=f"bytes=0-{size - 1}")
    except ClientError as error:
        if _NOT_READABLE.fullmatch(error.response["Error"]["Code"]):
            return b""
        raise
    with answer["Body"] as body:
        content: bytes = body.read()
    return content


def first_row(start: bytes, *, gzip: bool) -> list[str]:
    """Return the cells of the first line, stripped; empty if they can't be determined.

    `start` is the first LOOKED_AT bytes of the object. A longer line, or one that isn't CSV, is left to the transform
    job. Compressed data and UTF-16 have an error of their own.
    """
    is_cut = len(start) == LOOKED_AT
    if gzip:
        try:
            unpacked = zlib.decompressobj(wbits=31).decompress(start, LOOKED_AT)
        except zlib.error:
            return []
        is_cut, start = is_cut or len(unpacked) == LOOKED_AT, unpacked
    if packing_of(start) or wide_encoding_of(start):
        return []
    line, newline, _ = start.partition(b"\n")
    if is_cut and not newline:
        return []
    text = line.decode("utf-8-sig", errors="replace").rstrip("\r")
    try:
        return [cell.strip() for row in csv.reader([text], strict=True) for cell in row]
    except csv.Error:
        return []


def require_data_row(place: S3Uri, cells: Sequence[str], columns: Sequence[str]) -> None:
    """Raise HeaderRowError if the row is the column names, in any order, and RowWidthError for another width.

    Names are compiled to filters that select by position: in a row with more or fewer columns they would select other
    columns, and the run would succeed with a wrong result. Names that are all numbers don't identify a header, since a
    row of data may look the same.
    """
    numbered = all(name.strip().isdigit() for name in columns)
    if not numbered and sorted(cells) == sorted(columns):
        order = "" if list(cells) == list(columns) else ", in another order than in the job"
        raise HeaderRowError(
            f"{place} starts with a header row{order}: SageMaker would send it to the model as a record; upload the "
            "data without that line"
        )
    if len(cells) != len(columns):
        width = counted(len(cells), "column")
        raise RowWidthError(
            f"{place} starts with a row of {width}, but input.columns names {len(columns)}: the filters would select "
            "the wrong columns; upload data with these columns, or fix input.columns and deploy"
        )
