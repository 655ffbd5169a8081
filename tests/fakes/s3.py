"""A bucket store in memory that lists as S3 does: by prefix, in key order, a page at a time."""

from __future__ import annotations

from typing import Any


class FakeS3:
    """`objects` maps (bucket, key) to a size."""

    def __init__(self, objects: dict[tuple[str, str], int], *, page_size: int = 2) -> None:
        self._objects = objects
        self._page_size = page_size
        self.calls = 0

    def list_objects_v2(self, *, Bucket: str, Prefix: str, ContinuationToken: str = "") -> dict[str, Any]:  # noqa: N803  # AWS's names
        self.calls += 1
        keys = sorted(key for bucket, key in self._objects if bucket == Bucket and key.startswith(Prefix))
        ahead = [key for key in keys if key > ContinuationToken]
        page = ahead[: self._page_size]
        answer: dict[str, Any] = {
            "Contents": [{"Key": key, "Size": self._objects[Bucket, key]} for key in page],
            "IsTruncated": len(ahead) > len(page),
        }
        if answer["IsTruncated"]:
            answer["NextContinuationToken"] = page[-1]
        return answer
