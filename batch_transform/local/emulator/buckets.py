"""Buckets of a stack that hold data: CloudFormation cannot delete them, and the emulator would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import s3  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

_TYPE = "AWS::S3::Bucket"
_CONFLICT = 409


def plug_in() -> None:
    """Refuse to delete a bucket that is not empty, as S3 does (API reference, DeleteBucket)."""
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    delete = handlers["delete"]

    def delete_empty(name: str, properties: Mapping[str, Any]) -> None:
        status, *_ = s3._delete_bucket(name)
        if status == _CONFLICT:
            # the emulator makes a failed resource of any ValueError, with its text as the reason
            raise ValueError(
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
                "(Service: S3, Status Code: 409, Error: BucketNotEmpty)"
            )
        delete(name, properties)

    provisioners._RESOURCE_HANDLERS[_TYPE] = {**handlers, "delete": delete_empty}
