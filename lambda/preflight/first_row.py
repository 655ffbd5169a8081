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
"""Bytes of the first object: most rows are shorter."""

# Denied by a policy or a key, in an archive, or changed since the listing.
_NOT_READABLE = re.compile(r"AccessDenied|403|KMS\..*|InvalidObjectState|NoSuchKey|404|InvalidRange|416")


class S3Reader(Protocol):
    """What the check needs of boto3's S3 client."""

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> Any:
        """As boto3 has it."""


def start_of(place: S3Uri, s3: S3Reader, size: int = LOOKED_AT) -> bytes:
    """Return the first bytes of an object, `size` of them at most; none where they cannot be told.

    An object that this function may not read is left to the job: its role, or its key's policy, may allow
    more than ours does. So is one in an archive, and one that has gone since it was listed.
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
    """Return the cells of the first line, without blanks around them; none where they cannot be told.

    `start` are the first LOOKED_AT bytes of the object. What is no CSV is left to the job, which says so, and
    so is a line that is longer. Packed data and UTF-16 are told as such.
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
    """Raise HeaderRowError when the row holds just these names, in any order, and RowWidthError for another width.

    Filters that names were compiled to select by position: of a row with a column more or less they take others,
    and a run would end well with a wrong result. Names that are numbers are no sign of a header: a row of data may
    look like them.
    """
    numbered = all(name.strip().isdigit() for name in columns)
    if not numbered and sorted(cells) == sorted(columns):
        order = "" if list(cells) == list(columns) else ", and in another order than in the job"
        raise HeaderRowError(
            f"{place} begins with the names of its columns{order}: SageMaker knows no header and would send "
            "it to the model as a record; upload the data without that line"
        )
    if len(cells) != len(columns):
        width = counted(len(cells), "column")
        raise RowWidthError(
            f"{place} begins with a row of {width}, and input.columns names {len(columns)}: the filters would select "
            "others than are meant; upload data with these columns, or mend input.columns and deploy"
        )
