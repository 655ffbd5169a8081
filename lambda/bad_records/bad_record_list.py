"""The list of a run's bad records, next to its results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bucket_store import BucketStore
from sections import FailedObject, Section

from batch_transform.job.record.names import BAD_RECORDS_FILE
from batch_transform.job.values.s3_uri import S3Uri


def write_list(store: BucketStore, output: S3Uri, bad: Sequence[tuple[FailedObject, Section]]) -> None:
    """Write the bad records below the run's output prefix; nothing if there are none."""
    if not bad:
        return
    lines = [json.dumps(_described(one, section), ensure_ascii=False) for one, section in bad]
    key = f"{output.key.rstrip('/')}/{BAD_RECORDS_FILE}".lstrip("/")
    store.write(S3Uri(output.bucket, key), "".join(f"{line}\n" for line in lines).encode())


def _described(one: FailedObject, section: Section) -> dict[str, Any]:
    return {
        "Object": str(one.source),
        "Line": section.line,
        "Offset": section.offset,
        "Length": section.length,
        "Round": section.found,
        "Reason": section.reason,
    }
