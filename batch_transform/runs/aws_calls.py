"""Turns the errors of AWS calls into errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from batch_transform.job.errors import AwsCallError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

PERMISSIONS = 'the page "Permissions for people" of the documentation'
"""Named by its title: an installed package has no `docs` folder."""

ACTIONS = {
    "DescribeStacks": "cloudformation:DescribeStacks",
    "DescribeStateMachine": "states:DescribeStateMachine",
    "StartExecution": "states:StartExecution",
    "StopExecution": "states:StopExecution",
    "ListExecutions": "states:ListExecutions",
    "DescribeExecution": "states:DescribeExecution",
    "GetExecutionHistory": "states:GetExecutionHistory",
    "ListTransformJobs": "sagemaker:ListTransformJobs",
    "DescribeTransformJob": "sagemaker:DescribeTransformJob",
    "GetLogEvents": "logs:GetLogEvents",
    "ListObjectsV2": "s3:ListBucket",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListParts": "s3:ListMultipartUploadParts",
    "GetProducts": "pricing:GetProducts",
}
"""The calls that the commands for deployed jobs make, with the IAM action that allows each."""

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
"""The error codes of services for a call that IAM doesn't allow with these credentials."""

_BAD_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_GIVE_CREDENTIALS = (
    "sign in (aws sso login, aws configure), name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID"
)


@contextmanager
def aws_calls() -> Iterator[None]:
    """Raise AwsCallError for any error of botocore in this context."""
    # importing botocore takes a quarter of a second, which commands that call nothing should not wait for
    from botocore import exceptions as botocore  # noqa: PLC0415

    try:
        yield
    except (botocore.NoCredentialsError, botocore.PartialCredentialsError) as error:
        raise AwsCallError(f"no AWS credentials were found: {_GIVE_CREDENTIALS}") from error
    except (
        botocore.SSOTokenLoadError,
        botocore.UnauthorizedSSOTokenError,
        botocore.TokenRetrievalError,
    ) as error:
        raise AwsCallError(
            f"your AWS sign-in has expired or is missing ({error}): run aws sso login"
        ) from error
    except botocore.NoRegionError as error:
        raise AwsCallError(
            "no AWS region is set: set AWS_DEFAULT_REGION, or region in environments.yaml or in your profile"
        ) from error
    except botocore.ClientError as error:
        raise AwsCallError(refusal(error)) from error
    except botocore.BotoCoreError as error:  # no answer, an unknown profile, a broken endpoint address
        raise AwsCallError(
            f"AWS could not be called ({error}): check AWS_PROFILE, AWS_ENDPOINT_URL and the network"
        ) from error


def refusal(error: ClientError) -> str:
    """Return the message of the service, the action that it denied, if any, and what to do."""
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code in _BAD_CREDENTIALS:
        return f"AWS does not accept these credentials ({code}: {said}): {_GIVE_CREDENTIALS}"
    if code in DENIED:
        named = re.search(r"not authorized to perform: ([\w-]+:\w+)", said)
        action = named[1] if named else ACTIONS.get(error.operation_name, error.operation_name)
        if error.operation_name == "HeadObject":  # its answer has no body
            said = f"{said or code}; S3 doesn't say more: it may be kms:Decrypt on the object's key, or s3:ListBucket"
        return (
            f"your credentials don't allow {action} ({said or code}): ask an administrator to allow it; {PERMISSIONS} "
            "has a policy for everything that these commands call"
        )
    return f"AWS refused {error.operation_name}: {code}: {said}"
