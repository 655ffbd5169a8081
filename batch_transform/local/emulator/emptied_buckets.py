"""Custom::S3AutoDeleteObjects, by which the CDK empties a bucket before CloudFormation deletes it.

On AWS a function of the CDK's own does it, in JavaScript. This machine may have no Node for functions, and the
emulator would wait for an answer until its time is over: here the bucket is emptied directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import s3  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

TYPE = "Custom::S3AutoDeleteObjects"


def plug_in() -> None:
    """Let a stack create the resource, and empty its bucket when the resource goes."""
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": _create, "delete": _empty}


def _create(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
    del properties
    return f"{stack_name}-{logical_id}", {}


def _empty(physical_id: str, properties: Mapping[str, Any]) -> None:
    """Delete every object of the bucket, with all of its versions."""
    del physical_id
    name = properties["BucketName"]
    bucket = s3._buckets.get(name)
    if bucket is None:
        return
    for bucket_name, key in list(s3._object_versions):
        if bucket_name == name:
            for version in list(s3._object_versions.get((name, key), [])):
                s3._delete_object_version(bucket, name, key, version["version_id"])
    for key in list(bucket["objects"]):
        s3._delete_object(name, key)
