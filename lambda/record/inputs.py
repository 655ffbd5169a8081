"""The input objects of a run: those that its request selects, as they are now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.job.values.s3_uri import S3Uri, output_key
from object_listing import ObjectListing
from record_files import Line, S3Client
from time_budget import TimeBudget


@dataclass(frozen=True)
class InputObject:
    """An object, and the key of its result. `etag` and `size` are None for the objects of a manifest.

    A manifest may name objects anywhere, and the function may list only the job's own data.
    """

    key: str
    etag: str | None
    size: int | None
    output_key: str

    def line(self) -> Line:
        """Return its line of `_objects.jsonl` while the run is in progress."""
        return {
            "Key": self.key,
            "ETag": self.etag,
            "Size": self.size,
            "OutputKey": self.output_key,
            "OutputSize": None,
            "RecordsIn": None,
            "RecordsOut": None,
            "BadRecords": None,
            "Status": None,
        }


@dataclass(frozen=True)
class Inputs:
    """Where a request reads, and `output_prefix`, the key prefix that it writes below."""

    source: S3Uri
    is_prefix: bool
    output_prefix: str

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Inputs:
        """Read a CreateTransformJob request."""
        source = request["TransformInput"]["DataSource"]["S3DataSource"]
        output = S3Uri.parse(request["TransformOutput"]["S3OutputPath"])
        return cls(S3Uri.parse(source["S3Uri"]), source["S3DataType"] == "S3Prefix", output.key)

    def now(self, s3: S3Client, budget: TimeBudget) -> Iterator[InputObject]:
        """Yield the objects: those of a prefix in the order of their keys, those of a manifest in its order.

        Raises ListingTimeError if the budget ends before those of a prefix do.
        """
        return self._of_prefix(s3, budget) if self.is_prefix else self._of_manifest(s3)

    def _of_prefix(self, s3: S3Client, budget: TimeBudget) -> Iterator[InputObject]:
        prefix = self.source.key
        for entry in ObjectListing(self.source, s3, budget).whole():
            key, size = entry["Key"], entry["Size"]
            if size == 0 and key.endswith("/"):  # a folder marker of the S3 console
                continue
            written = output_key(key, prefix, self.output_prefix, alone=key == prefix)
            yield InputObject(key, entry["ETag"].strip('"'), size, written)

    def _of_manifest(self, s3: S3Client) -> Iterator[InputObject]:
        """Read the manifest: `[{"prefix": "s3://bucket/prefix/"}, "name", …]` (API reference, S3DataType)."""
        prefix, names = _manifest(self.source, s3)
        for name in dict.fromkeys(names):
            key = prefix.key + name
            yield InputObject(
                key, None, None, output_key(key, prefix.key, self.output_prefix, alone=name == "")
            )


def _manifest(place: S3Uri, s3: S3Client) -> tuple[S3Uri, list[str]]:
    answer = s3.get_object(Bucket=place.bucket, Key=place.key)
    with answer["Body"] as body:
        head, *names = json.loads(body.read())
    return S3Uri.parse(head["prefix"]), names


def manifest_head(request: Mapping[str, Any], s3: S3Client) -> S3Uri:
    """Return the prefix that results are named by: that of the manifest, or the S3Uri itself."""
    inputs = Inputs.of(request)
    return inputs.source if inputs.is_prefix else _manifest(inputs.source, s3)[0]
