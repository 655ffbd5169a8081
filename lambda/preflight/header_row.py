"""Whether the data to be scored begin with the names of their columns."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Sequence
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.spec.errors import HeaderRowError

_LOOKED_AT = 65_536  # bytes of the object: names of columns are shorter
_DENIED = {"AccessDenied", "403", "KMS.DisabledException"}


class S3Reader(Protocol):
    """What the check needs of boto3's S3 client."""

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> Any:
        """As boto3 has it."""


def require_no_header(bucket: str, key: str, columns: Sequence[str], s3: S3Reader, *, gzip: bool) -> None:
    """Raise HeaderRowError when the object's first row holds just these names, in any order.

    An object that this function may not read is left to the job: its role, or its key's policy, may allow
    more than ours does. Names that are numbers are no sign of a header: a row of data may look like them.
    """
    if all(name.strip().isdigit() for name in columns):
        return
    try:
        answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{_LOOKED_AT - 1}")
    except ClientError as error:
        if error.response["Error"]["Code"] in _DENIED:
            return
        raise
    with answer["Body"] as body:
        content = body.read()
    if gzip:
        try:
            content = zlib.decompressobj(wbits=31).decompress(content, _LOOKED_AT)
        except zlib.error:
            return  # no gzip: the job says so, with the object's name
    line = content.partition(b"\n")[0].decode("utf-8-sig", errors="replace")
    cells = [cell.strip() for row in csv.reader([line.rstrip("\r")]) for cell in row]
    if not cells or sorted(cells) != sorted(columns):
        return
    order = "" if cells == list(columns) else ", and in another order than in the job"
    raise HeaderRowError(
        f"s3://{bucket}/{key} begins with the names of its columns{order}: SageMaker knows no header and would send "
        "it to the model as a record; upload the data without that line"
    )
