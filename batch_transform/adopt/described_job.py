"""A transform job in the caller's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from batch_transform.adopt.adopted import Adopted
from batch_transform.adopt.request_json import adopt_description
from batch_transform.job.errors import DataNotFoundError, InputError

if TYPE_CHECKING:
    import boto3


def adopt_described(name: str, session: boto3.Session) -> Adopted:
    """Describe a transform job and adopt it, with its tags.

    Raises DataNotFoundError if there is no such job, and InputError if a call to AWS fails for another reason.
    """
    try:
        sagemaker = session.client("sagemaker")
        description: dict[str, Any] = dict(sagemaker.describe_transform_job(TransformJobName=name))
    except ClientError as error:
        response = error.response["Error"]
        if "not find" in response.get("Message", "") or response.get("Code") == "ResourceNotFound":
            raise DataNotFoundError(
                f"found neither a file {name} nor a transform job with that name in the account "
                f"({response['Message']}); correct the path, or the name"
            ) from error
        raise InputError(f"the transform job {name} cannot be described: {error}") from error
    except BotoCoreError as error:
        raise InputError(
            f"found no file {name}, and could not look for a transform job with that name in the account: {error}"
        ) from error
    notes: tuple[str, ...] = ()
    try:
        pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=description["TransformJobArn"])
        description["Tags"] = [tag for page in pages for tag in page["Tags"]]
    except ClientError as error:
        notes = (f"Its tags could not be read ({error.response['Error']['Code']}).",)
    return adopt_description(description, origin=f"the transform job {name}", notes=notes)
