"""Deploys a synthesized CDK stack to the local AWS through the CloudFormation API, without the CDK's own CLI."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.errors import DeployError
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.local.cloud_assembly import FileAsset, StackArtifact, read_stack

POLL_SECONDS = 0.1
BOOTSTRAP_STACK = "CDKToolkit"
_BOOTSTRAP_VERSION = "30"
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NO_CHANGES = ("didn't contain changes", "no updates are to be performed")

ClientFactory = Callable[[str], Any]


@dataclass(frozen=True)
class StackEvent:
    """One line of a stack's history, as DescribeStackEvents returns it."""

    logical_id: str
    resource_type: str
    status: str
    reason: str = ""

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.status} {self.resource_type} {self.logical_id}{reason}"


def deploy(
    assembly: Path, stack_name: str, client_factory: ClientFactory, on_event: Callable[[StackEvent], None]
) -> dict[str, str]:
    """Create or update the stack and return its outputs.

    `assembly` is the folder that `cdk synth` wrote. `client_factory` makes boto3 clients by service
    name. `on_event` gets each stack event when it arrives. A stack without changes stays as it is.
    Raises DeployError with the first resource that failed, and its reason.
    """
    stack = read_stack(assembly, stack_name)
    environment = _environment(client_factory)
    _bootstrap(stack, environment, client_factory)
    s3 = client_factory("s3")
    for asset in stack.assets:
        _publish(asset, environment, s3)
    template = S3Uri.parse(_filled(stack.template_url, environment))
    source = {"TemplateURL": f"{s3.meta.endpoint_url}/{template.bucket}/{template.key}"}
    return _deploy_stack(
        client_factory("cloudformation"),
        stack_name,
        source,
        on_event,
        parameters=stack.parameters,
        tags=stack.tags,
    )


def _environment(client_factory: ClientFactory) -> dict[str, str]:
    sts = client_factory("sts")
    return {
        "AWS::AccountId": sts.get_caller_identity()["Account"],
        "AWS::Region": sts.meta.region_name,
        "AWS::Partition": "aws",
    }


def _filled(text: str, environment: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(AWS::\w+)\}", lambda found: environment[found[1]], text)


def _bootstrap(stack: StackArtifact, environment: Mapping[str, str], client_factory: ClientFactory) -> None:
    """Make what a bootstrapped account has and the stack needs: the assets' bucket and the version parameter.

    They are a stack of the name that `cdk bootstrap` uses, with its logical ids, so that a later
    `cdk bootstrap` is an update of it.
    """
    try:
        client_factory("ssm").get_parameter(Name=stack.bootstrap_parameter)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
    else:
        return
    buckets = sorted({_filled(asset.bucket, environment) for asset in stack.assets})
    if len(buckets) != 1:
        raise DeployError(f"stack {stack.name}: its assets go to {len(buckets)} buckets, one is expected")
    template = {
        "Resources": {
            "StagingBucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": buckets[0]}},
            "CdkBootstrapVersion": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {
                    "Name": stack.bootstrap_parameter,
                    "Type": "String",
                    "Value": _BOOTSTRAP_VERSION,
                },
            },
        },
        "Outputs": {"BucketName": {"Value": buckets[0]}, "BootstrapVersion": {"Value": _BOOTSTRAP_VERSION}},
    }
    source = {"TemplateBody": json.dumps(template)}
    _deploy_stack(
        client_factory("cloudformation"), BOOTSTRAP_STACK, source, lambda event: None, parameters={}, tags={}
    )


def _publish(asset: FileAsset, environment: Mapping[str, str], s3: Any) -> None:  # noqa: ANN401  # boto3 makes clients at run time
    """Upload the asset, unless it is there: its key is a hash of its content."""
    where = {"Bucket": _filled(asset.bucket, environment), "Key": _filled(asset.key, environment)}
    try:
        s3.head_object(**where)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        s3.put_object(**where, Body=asset.content())


def _deploy_stack(
    cloudformation: Any,  # noqa: ANN401  # boto3 makes clients at run time
    name: str,
    source: Mapping[str, str],
    on_event: Callable[[StackEvent], None],
    *,
    parameters: Mapping[str, str],
    tags: Mapping[str, str],
) -> dict[str, str]:
    status = _status(cloudformation, name)
    if status == "ROLLBACK_COMPLETE":  # a first deployment that failed can only be deleted
        cloudformation.delete_stack(StackName=name)
        _follow(cloudformation, name, set(), on_event)
        status = None
    is_new = status in (None, "REVIEW_IN_PROGRESS", "DELETE_COMPLETE")
    seen = set() if is_new else {event["EventId"] for event in _events(cloudformation, name)}
    try:
        change_set = cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=f"batch-transform-{uuid.uuid4()}",
            ChangeSetType="CREATE" if is_new else "UPDATE",
            Capabilities=_CAPABILITIES,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            **source,
        )["Id"]
    except ClientError as error:
        raise DeployError(
            f"stack {name}: the template was refused: {error.response['Error']['Message']}"
        ) from error
    if _has_changes(cloudformation, name, change_set):
        cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
        _follow(cloudformation, name, seen, on_event)
    (described,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _has_changes(cloudformation: Any, name: str, change_set: str) -> bool:  # noqa: ANN401  # boto3 makes clients at run time
    """Wait until the change set is made; one without changes is deleted. Raises DeployError when it cannot be made."""
    while True:
        described = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
        if described["Status"] == "CREATE_COMPLETE":
            return True
        if described["Status"] == "FAILED":
            reason = described.get("StatusReason", "")
            if not any(text in reason.lower() for text in _NO_CHANGES):
                raise DeployError(f"stack {name}: the template was refused: {reason}")
            cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
            return False
        time.sleep(POLL_SECONDS)


def _follow(
    cloudformation: Any,  # noqa: ANN401  # boto3 makes clients at run time
    name: str,
    seen: set[str],
    on_event: Callable[[StackEvent], None],
) -> None:
    """Pass on the stack's new events until its operation ends; raise DeployError if that failed."""
    failure: StackEvent | None = None
    while True:
        status = _status(
            cloudformation, name
        )  # read before the events, so that none of this status is missed
        for event in reversed(
            [event for event in _events(cloudformation, name) if event["EventId"] not in seen]
        ):
            seen.add(event["EventId"])
            found = StackEvent(
                event["LogicalResourceId"],
                event["ResourceType"],
                event["ResourceStatus"],
                event.get("ResourceStatusReason", ""),
            )
            on_event(found)
            is_first = failure is None and "cancelled" not in found.reason.lower()
            if is_first and (found.status.endswith("_FAILED") or _has_reason(found, name)):
                failure = found
        if status is None or not status.endswith("_IN_PROGRESS"):
            break
        time.sleep(POLL_SECONDS)
    if status not in (None, "CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"):
        why = (
            f"{failure.resource_type} {failure.logical_id}: {failure.reason}"
            if failure
            else "no resource has a reason"
        )
        raise DeployError(f"stack {name} ended in {status}: {why}")


def _has_reason(event: StackEvent, stack_name: str) -> bool:
    """Whether the stack itself has the reason for its rollback, as for an export in use: no resource failed then."""
    return event.logical_id == stack_name and "ROLLBACK_IN_PROGRESS" in event.status and bool(event.reason)


def _events(cloudformation: Any, name: str) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401  # boto3 makes clients at run time
    """Yield the stack's events, newest first."""
    try:
        for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
            yield from page["StackEvents"]
    except ClientError as error:
        if not _is_missing(error):
            raise


def _status(cloudformation: Any, name: str) -> str | None:  # noqa: ANN401  # boto3 makes clients at run time
    try:
        return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if _is_missing(error):
            return None
        raise


def _is_missing(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error)
