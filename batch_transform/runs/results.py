"""The `.out` objects of a run, copied to this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from batch_transform.spec.s3_uri import S3Uri

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def fetch(output: S3Uri, folder: Path, s3: S3Client) -> list[Path]:
    """Download all objects below `output` into `folder`, with their paths, and return the files in order.

    Each file appears whole: it is downloaded beside its place and then renamed.
    """
    prefix = f"{output.key.rstrip('/')}/"
    files = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=output.bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            target = folder / entry["Key"].removeprefix(prefix)
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.part")
            try:
                s3.download_file(output.bucket, entry["Key"], str(part))
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
            files.append(target)
    return files
