from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from batch_transform.job.errors import AwsCallError
from batch_transform.runs.aws_calls import ACTIONS, aws_calls


def client_error(code: str, message: str, operation: str = "StartExecution") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NoCredentialsError(), "no AWS credentials were found: sign in"),
        (NoRegionError(), "no AWS region is set: set AWS_DEFAULT_REGION"),
        (ProfileNotFound(profile="nope"), "(nope) could not be found): check AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "AWS could not be called"),
        (
            client_error("ExpiredToken", "is expired"),
            "AWS does not accept these credentials (ExpiredToken: is expired)",
        ),
        (
            client_error("ThrottlingException", "slow down"),
            "AWS refused StartExecution: ThrottlingException: slow down",
        ),
    ],
)
def test_fails_with_the_message_from_aws_and_what_to_do(error: Exception, message: str) -> None:
    with pytest.raises(AwsCallError) as failed, aws_calls():
        raise error
    assert message in str(failed.value)
    assert failed.value.exit_code == 2


def test_fails_with_the_action_that_aws_names_when_access_is_denied() -> None:
    text = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: states:StartExecution on resource: x"
    with (
        pytest.raises(AwsCallError, match=r'allow states:StartExecution .*the page "Permissions for people"'),
        aws_calls(),
    ):
        raise client_error("AccessDeniedException", text)


@pytest.mark.parametrize(("operation", "action"), ACTIONS.items())
def test_fails_with_the_action_of_the_call_if_aws_names_none(operation: str, action: str) -> None:
    with pytest.raises(AwsCallError, match=f"allow {action} "), aws_calls():
        raise client_error("AccessDenied", "Access Denied", operation)


def test_other_errors_pass_through() -> None:
    with pytest.raises(KeyError), aws_calls():
        raise KeyError("ours")
