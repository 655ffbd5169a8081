"""DataCaptureConfig: manifests of what a transform job read and wrote, and an id for each inference.

    <DestinationS3Uri>/input/yyyy/mm/dd/hh/<uuid>.json
    <DestinationS3Uri>/output/yyyy/mm/dd/hh/<uuid>.json

Each has the form of an S3DataSource manifest; the hour is that of the job's start, in UTC (SageMaker
Developer Guide, "Capture data from batch transform job"; recorded in a notebook of
amazon-sagemaker-examples).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from batch_transform.engine.interfaces import ObjectStore
from batch_transform.engine.json_lines import parse_lines, serialise_lines
from batch_transform.engine.selection import Selected
from batch_transform.engine.settings import Settings
from batch_transform.job.errors import AnswerError
from batch_transform.job.filters.json_path import JsonValue
from batch_transform.job.values.s3_uri import S3Uri


def write_manifests(
    settings: Settings, store: ObjectStore, transformed: Sequence[Selected], started_at: datetime
) -> None:
    """Write the manifests of the objects that have a result. Writes none without DataCaptureConfig or objects."""
    if settings.capture is None or not transformed:
        return
    # For a job that reads a manifest this is not documented. Whole keys are always correct.
    source = S3Uri(settings.source.bucket, "") if settings.is_manifest else settings.source
    output = S3Uri(settings.output.bucket, settings.output.key.rstrip("/"))
    manifests = {
        "input": manifest(source, [each.source for each in transformed]),
        "output": manifest(output, [each.output for each in transformed]),
    }
    for kind, text in manifests.items():
        hour = started_at.astimezone(UTC).strftime("%Y/%m/%d/%H")
        folder = settings.capture.key.rstrip("/")
        key = f"{folder}/{kind}/{hour}/{uuid.uuid4()}.json".lstrip("/")
        writer = store.create(settings.capture.bucket, key)
        try:
            writer.write(text)
            writer.commit()
        except BaseException:  # of any kind: leave no half-written manifest
            writer.abort()
            raise


def manifest(prefix: S3Uri, objects: Sequence[S3Uri]) -> bytes:
    """Return a manifest: the prefix, and the rest of each object's key.

    If all names would begin with a slash, it belongs to the prefix. An object whose key is the prefix has an empty
    name (recorded).
    """
    names = [each.key[len(prefix.key) :] for each in objects]
    start = f"s3://{prefix.bucket}/{prefix.key}"
    if prefix.key and all(name.startswith("/") for name in names):
        start, names = start + "/", [name[1:] for name in names]
    return json.dumps([{"prefix": start}, *names]).encode()


def with_inference_ids(results: list[bytes], format_name: str, time: str) -> list[bytes]:
    """Add an id and the job's start to each result: as the last two cells, or as two members.

    Documented for CSV and for JSON objects; a recorded job shows the members in sorted order. Other JSON values are not
    documented: raises AnswerError.
    """
    if format_name == "CSV":
        return [b"%b,%b,%b" % (row, str(uuid.uuid4()).encode(), time.encode()) for row in results]
    return serialise_lines([_with_id(value, time) for value in parse_lines(results)])


def inference_time(started_at: datetime) -> str:
    """Return the start of a job in the form that each result gets, such as 2022-08-30T00:49:15Z."""
    return started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _with_id(value: JsonValue, time: str) -> JsonValue:
    if not isinstance(value, dict):
        raise AnswerError(
            "GenerateInferenceId adds members to a JSON object, and this result isn't one;"
            " set JoinSource Input, or an OutputFilter that keeps an object"
        )
    return {**value, "SageMakerInferenceId": str(uuid.uuid4()), "SageMakerInferenceTime": time}
