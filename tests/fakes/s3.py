"""A bucket store in memory that lists as S3 does: by prefix, in key order, a page at a time."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError


class FakeS3:
    """`objects` maps (bucket, key) to a size; `listings` counts the listings that were asked for.

    `contents` holds what can be read; of the other objects S3 denies it. `region` is what S3 says about the buckets.
    """

    def __init__(
        self,
        objects: dict[tuple[str, str], int],
        *,
        contents: Mapping[tuple[str, str], bytes] | None = None,
        page_size: int = 2,
        region: str = "",
    ) -> None:
        self._objects = objects
        self._contents = contents or {}
        self._page_size = page_size
        headers = {"x-amz-bucket-region": region} if region else {}
        self._metadata = {"ResponseMetadata": {"HTTPHeaders": headers}}
        self.listings = 0

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> dict[str, Any]:  # noqa: N803  # AWS's names
        if (Bucket, Key) not in self._contents:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, "GetObject")
        bounds = re.fullmatch(r"bytes=(\d+)-(\d+)", Range)
        assert bounds is not None
        return {"Body": io.BytesIO(self._contents[Bucket, Key][int(bounds[1]) : int(bounds[2]) + 1])}

    def get_paginator(self, operation_name: str, /) -> FakeS3:
        assert operation_name == "list_objects_v2"
        return self

    def paginate(
        self,
        *,
        Bucket: str,  # noqa: N803  # AWS's names
        Prefix: str,  # noqa: N803
        Delimiter: str = "",  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        if Delimiter:
            yield self._folders(Bucket, Prefix, Delimiter)
            return
        self.listings += 1
        keys = sorted(key for bucket, key in self._objects if bucket == Bucket and key.startswith(Prefix))
        if not keys:
            yield {"KeyCount": 0, **self._metadata}
        for start in range(0, len(keys), self._page_size):
            page = keys[start : start + self._page_size]
            yield {
                "Contents": [{"Key": key, "Size": self._objects[Bucket, key]} for key in page],
                "IsTruncated": start + self._page_size < len(keys),
                **self._metadata,
            }

    def _folders(self, bucket: str, prefix: str, delimiter: str) -> dict[str, Any]:
        keys = (
            key[len(prefix) :] for name, key in self._objects if name == bucket and key.startswith(prefix)
        )
        names = sorted({key.partition(delimiter)[0] for key in keys if delimiter in key})
        return {"CommonPrefixes": [{"Prefix": f"{prefix}{name}{delimiter}"} for name in names]}
