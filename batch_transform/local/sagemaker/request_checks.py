"""What CreateTransformJob refuses at once, beyond what the API's shapes express."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.errors import InputError, InvalidFilterError, RefusedRequestError
from batch_transform.job.filters.json_path import check_filter_text, check_filter_type
from batch_transform.job.rules.batching import batching_problems
from batch_transform.job.rules.data_processing import join_problems
from batch_transform.job.rules.instance_types import resource_problems
from batch_transform.job.rules.limits import member_problems
from batch_transform.job.rules.request_values import RequestValues
from batch_transform.job.values.fields import FIELD_OF
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.local.sagemaker.models import Model

_MEMBER_OF = {field: ".".join(path) for path, field in FIELD_OF.items()}


def check_request(request: Mapping[str, Any], model: Model, s3: Any) -> None:  # noqa: ANN401  # boto3 makes clients at run time
    """Raise RefusedRequestError ValidationException, with AWS's text where one was recorded.

    A filter whose characters, start and length are valid but which is wrong in another way is accepted here and fails
    the running job, as on AWS (sagemaker-python-sdk issue 1112).
    """
    _check_filters(request)
    _check_rules(request)
    _check_model(model)
    _check_input(request, model, s3)


def _check_rules(request: Mapping[str, Any]) -> None:
    """Refuse what the API reference forbids and its shapes don't express; AWS's own texts are not known."""
    values = RequestValues(request, unsound=())
    problems = [
        *member_problems(request),
        *batching_problems(values),
        *join_problems(values),
        *resource_problems(values),
    ]
    texts = [
        f"{_MEMBER_OF.get(each.field, each.field)}: {each.message}" for each in problems if each.is_error
    ]
    if texts:
        raise RefusedRequestError("ValidationException", "; ".join(texts))


def _check_filters(request: Mapping[str, Any]) -> None:
    processing = request.get("DataProcessing", {})
    content_types = {
        "InputFilter": request["TransformInput"].get("ContentType"),
        "OutputFilter": request["TransformOutput"].get("Accept"),
    }
    for member, content_type in content_types.items():
        if member in processing:
            try:
                check_filter_type(processing[member], member=member, content_type=content_type)
                check_filter_text(processing[member], member=member, content_type=content_type)
            except InvalidFilterError as error:
                raise RefusedRequestError("ValidationException", str(error)) from error


def _check_model(model: Model) -> None:
    if any("ModelDataSource" in container for container in model.containers):
        raise RefusedRequestError(  # the recorded text, sagemaker-python-sdk issue 4777
            "ValidationException",
            "SageMaker Batch currently doesn't support Model entity with container definitions which use "
            "ModelDataSource attribute",
        )


def _check_input(request: Mapping[str, Any], model: Model, s3: Any) -> None:  # noqa: ANN401  # boto3 makes clients at run time
    url = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    try:
        address = S3Uri.parse(url)
    except InputError as error:
        raise RefusedRequestError("ValidationException", str(error)) from error
    try:
        found = s3.list_objects_v2(Bucket=address.bucket, Prefix=address.key, MaxKeys=1)["KeyCount"]
    except ClientError:
        found = 0  # no such bucket: AWS has the same text for both
    if not found:
        role = model.request.get("ExecutionRoleArn", "")
        raise RefusedRequestError(  # recorded in amazon-sagemaker-examples issue 2270
            "ValidationException",
            f'No S3 objects found under S3 URL "{url}" given in input data source. Please ensure that the bucket '
            f"exists in the selected region ({model.scope.region}), that objects exist under that S3 prefix, and "
            f'that the role "{role}" has "s3:ListBucket" permissions on bucket "{address.bucket}".',
        )
