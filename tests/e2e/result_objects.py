"""The results of a run, without the record beside them."""

from __future__ import annotations

from typing import Any

from batch_transform.job.record.names import RESULT_SUFFIX


def result_objects(
    s3: Any, bucket: str, prefix: str
) -> list[dict[str, Any]]:  # boto3 makes clients at run time
    """Return the entries of ListObjectsV2 for the `.out` objects below the prefix, in the order of their keys."""
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return [entry for entry in listed if entry["Key"].endswith(RESULT_SUFFIX)]
