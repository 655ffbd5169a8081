"""The first row of the data to be scored."""

from __future__ import annotations

import csv
import zlib
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.spec.s3_uri import S3Uri

_LOOKED_AT = 65_536  # bytes of the object: most rows are shorter
_DENIED = {"AccessDenied", "403", "KMS.DisabledException"}


class S3Reader(Protocol):
    """What the check needs of boto3's S3 client."""

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> Any:
        """As boto3 has it."""


def first_row(place: S3Uri, s3: S3Reader, *, gzip: bool) -> list[str]:
    """Return the cells of the object's first line, without blanks around them; none where they cannot be told.

    An object that this function may not read is left to the job: its role, or its key's policy, may allow
    more than ours does. So is what is no gzip or no CSV, since the job says so, and a line longer than we look.
    """
    try:
        answer = s3.get_object(Bucket=place.bucket, Key=place.key, Range=f"bytes=0-{_LOOKED_AT - 1}")
    except ClientError as error:
        if error.response["Error"]["Code"] in _DENIED:
            return []
        raise
    with answer["Body"] as body:
        content = body.read()
    is_cut = len(content) == _LOOKED_AT
    if gzip:
        try:
            unpacked = zlib.decompressobj(wbits=31).decompress(content, _LOOKED_AT)
        except zlib.error:
            return []
        is_cut, content = is_cut or len(unpacked) == _LOOKED_AT, unpacked
    line, newline, _ = content.partition(b"\n")
    if is_cut and not newline:
        return []
    text = line.decode("utf-8-sig", errors="replace").rstrip("\r")
    try:
        return [cell.strip() for row in csv.reader([text], strict=True) for cell in row]
    except csv.Error:
        return []
