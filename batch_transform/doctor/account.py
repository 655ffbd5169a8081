"""Reads what an account has, with calls that change nothing: only Get, List, Describe and Head.

Each method returns what it read, None if it doesn't exist, or `Unread` with the missing IAM action. Errors, members
and pagination follow the service models in botocore 1.43.106.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from batch_transform.doctor.finding import Unread
from batch_transform.doctor.needs import EcrImage
from batch_transform.job.errors import AwsCallError, PriceUnknownError
from batch_transform.job.price.price import Price
from batch_transform.job.price.price_list import endpoint_region, price_in, query
from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.runs.aws_calls import DENIED, aws_calls
from batch_transform.runs.deployment import Stack, own_stacks

_DENIED = DENIED | {"403", "AuthorizationError", "AuthorizationErrorException"}
_QUOTA = re.compile(r"(?P<type>ml\.\S+) for transform job usage")
"""How SageMaker's quotas name instance types (AWS General Reference, "SageMaker endpoints and quotas")."""

_LONGEST_ANSWER = 120

_NO_SUCH_THING = ("could not find", "does not exist", "cannot find")


@dataclass(frozen=True)
class Bucket:
    """A bucket's region, and the KMS key that encrypts new objects by default; None for a key that AWS manages."""

    region: str
    key: str | Unread | None


@dataclass(frozen=True)
class Key:
    """A KMS key as DescribeKey returns it, and its policy."""

    arn: str
    state: str
    is_symmetric: bool
    is_of_aws: bool
    policy: str | Unread


@dataclass(frozen=True)
class Subscription:
    """A subscription of a topic. Until it is confirmed, SNS returns `PendingConfirmation` instead of its ARN."""

    address: str
    is_confirmed: bool


@dataclass(frozen=True)
class Concurrency:
    """How many calls of functions may be in progress in the account and region: all, and those that none reserves."""

    total: int
    unreserved: int


class Account:
    """An account and region. `client` makes the client for a service, as `boto3.Session.client` does.

    Its second argument is the region of the only service that is asked elsewhere, the Price List.
    """

    def __init__(self, client: Callable[..., Any]) -> None:
        self._client = functools.cache(client)

    def identity(self) -> tuple[str, str]:
        """Return the number of the account and the ARN of the caller. Raises AwsCallError."""
        with aws_calls():
            found = self._client("sts").get_caller_identity()
        return found["Account"], found["Arn"]

    def bootstrap_version(self, qualifier: str) -> int | Unread | None:
        """Return the version of the CDK's bootstrap stack, from the parameter that templates read too."""
        name = f"/cdk-bootstrap/{qualifier}/version"
        found = self._read("ssm", "get_parameter", "ssm:GetParameter", {"ParameterNotFound"}, Name=name)
        return int(found["Parameter"]["Value"]) if isinstance(found, dict) else found

    def transform_quotas(self) -> Mapping[str, float] | Unread:
        """Return how many instances of each type transform jobs may use at once.

        ListServiceQuotas leaves out quotas that still have their default value (API reference of Service Quotas), so
        the defaults are read too.
        """
        found: dict[str, float] = {}
        for operation, action in (
            ("list_aws_default_service_quotas", "servicequotas:ListAWSDefaultServiceQuotas"),
            ("list_service_quotas", "servicequotas:ListServiceQuotas"),
        ):
            quotas = self._pages("service-quotas", operation, action, "Quotas", ServiceCode="sagemaker")
            if isinstance(quotas, Unread):
                return quotas
            for quota in quotas or ():
                if named := _QUOTA.fullmatch(quota.get("QuotaName", "")):
                    found[named["type"]] = quota["Value"]
        return found

    def concurrency(self) -> Concurrency | Unread:
        """Return the concurrency of the account's functions."""
        found = self._read("lambda", "get_account_settings", "lambda:GetAccountSettings")
        if not isinstance(found, dict):
            return found or Unread("AWS answered nothing")
        limit = found["AccountLimit"]
        return Concurrency(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])

    def price(self, instance_type: str, region: str) -> Price | PriceUnknownError | Unread:
        """Return what an hour of a transform job costs, or why AWS's Price List can't say."""
        try:
            endpoint = endpoint_region(region)
        except PriceUnknownError as error:
            return error
        found = _answer(
            lambda: self._client("pricing", endpoint).get_products(**query(instance_type, region)),
            "pricing:GetProducts",
            (),
        )
        if not isinstance(found, dict):
            return found or Unread("AWS answered nothing")
        try:
            return price_in(found["PriceList"], instance_type, region, datetime.now(UTC).date())
        except PriceUnknownError as error:
            return error

    def has_image(self, image: EcrImage) -> bool | Unread | None:
        """Return whether a repository has the image; None if there is no such repository."""
        wanted = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag}
        found = self._read(
            "ecr",
            "describe_images",
            "ecr:DescribeImages",
            {"RepositoryNotFoundException", "ImageNotFoundException"},
            registryId=image.account,
            repositoryName=image.repository,
            imageIds=[wanted],
        )
        if found is not None:
            return found if isinstance(found, Unread) else bool(found["imageDetails"])
        repository = self._read(
            "ecr",
            "describe_repositories",
            "ecr:DescribeRepositories",
            {"RepositoryNotFoundException"},
            registryId=image.account,
            repositoryNames=[image.repository],
        )
        return False if isinstance(repository, dict) else repository

    def repository_policy(self, image: EcrImage) -> str | Unread | None:
        """Return the policy of the image's repository; None if it has none."""
        found = self._read(
            "ecr",
            "get_repository_policy",
            "ecr:GetRepositoryPolicy",
            {"RepositoryPolicyNotFoundException"},
            registryId=image.account,
            repositoryName=image.repository,
        )
        return found["policyText"] if isinstance(found, dict) else found

    def bucket(self, name: str) -> Bucket | Unread | None:
        """Return a bucket; None if no account has a bucket with that name.

        S3 names the region of a bucket that it doesn't show as well (API reference, HeadBucket: status 403).
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - as in aws_calls

        answers: dict[str, Any] = {}

        def head() -> dict[str, Any]:
            try:
                answers.update(self._client("s3").head_bucket(Bucket=name))
            except ClientError as error:
                answers.update(error.response)
                raise
            return answers

        found = _answer(head, "s3:ListBucket", {"404", "NoSuchBucket"})
        if found is None:
            return None
        headers = answers.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        region = str(answers.get("BucketRegion") or headers.get("x-amz-bucket-region", ""))
        if isinstance(found, Unread):
            return Bucket(region, found) if region else found
        return Bucket(region, self._default_key(name)) if region else Unread("S3 returned no region of it")

    def _default_key(self, bucket: str) -> str | Unread | None:
        found = self._read(
            "s3",
            "get_bucket_encryption",
            "s3:GetEncryptionConfiguration",
            {"ServerSideEncryptionConfigurationNotFoundError"},
            Bucket=bucket,
        )
        if not isinstance(found, dict):
            return found
        for rule in found["ServerSideEncryptionConfiguration"]["Rules"]:
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            key = default.get("KMSMasterKeyID")
            if default.get("SSEAlgorithm", "").startswith("aws:kms") and key and "alias/aws/s3" not in key:
                return str(key)
        return None

    def key(self, name: str) -> Key | Unread | None:
        """Return a KMS key by its id, ARN or alias."""
        found = self._read(
            "kms", "describe_key", "kms:DescribeKey", {"NotFoundException", "InvalidArnException"}, KeyId=name
        )
        if not isinstance(found, dict):
            return found
        about = found["KeyMetadata"]
        policy = self._read(
            "kms", "get_key_policy", "kms:GetKeyPolicy", KeyId=about["Arn"], PolicyName="default"
        )
        return Key(
            arn=about["Arn"],
            state=about.get("KeyState", ""),
            is_symmetric=about.get("KeySpec", "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT",
            is_of_aws=about.get("KeyManager") == "AWS",
            policy=policy["Policy"]
            if isinstance(policy, dict)
            else policy or Unread("KMS returned no policy"),
        )

    def has_model(self, name: str) -> bool | Unread:
        """Return whether SageMaker has a model with that name."""
        found = self._read("sagemaker", "describe_model", "sagemaker:DescribeModel", ModelName=name)
        return found if isinstance(found, Unread) else found is not None

    def endpoint_status(self, name: str) -> str | Unread | None:
        """Return the status of an endpoint; None if it doesn't exist."""
        found = self._read("sagemaker", "describe_endpoint", "sagemaker:DescribeEndpoint", EndpointName=name)
        return str(found["EndpointStatus"]) if isinstance(found, dict) else found

    def has_approved_package(self, group: str) -> bool | Unread | None:
        """Return whether a model package group has an approved package; None if there is no such group."""
        described = self._read(
            "sagemaker",
            "describe_model_package_group",
            "sagemaker:DescribeModelPackageGroup",
            ModelPackageGroupName=group,
        )
        if not isinstance(described, dict):
            return described
        found = self._read(
            "sagemaker",
            "list_model_packages",
            "sagemaker:ListModelPackages",
            ModelPackageGroupName=group,
            ModelApprovalStatus="Approved",
            MaxResults=1,
        )
        return found if isinstance(found, Unread) else bool(found and found["ModelPackageSummaryList"])

    def trust_policy(self, role: str) -> dict[str, Any] | str | Unread | None:
        """Return the trust policy of the role with this ARN."""
        name = role.rpartition("/")[2]
        found = self._read("iam", "get_role", "iam:GetRole", {"NoSuchEntity"}, RoleName=name)
        return found["Role"]["AssumeRolePolicyDocument"] if isinstance(found, dict) else found

    def stacks(self, environment: EnvironmentSpec) -> Sequence[Stack] | Unread:
        """Return the deployed stacks of an environment."""
        try:
            return list(own_stacks(environment, self._client("cloudformation")))
        except AwsCallError as error:
            return _unread(error.__cause__, "cloudformation:DescribeStacks")

    def topics_of(self, stack: str) -> Sequence[str] | Unread:
        """Return the ARNs of the SNS topics in a stack."""
        found = self._pages(
            "cloudformation",
            "list_stack_resources",
            "cloudformation:ListStackResources",
            "StackResourceSummaries",
            StackName=stack,
        )
        if isinstance(found, Unread):
            return found
        return [one["PhysicalResourceId"] for one in found or () if one["ResourceType"] == "AWS::SNS::Topic"]

    def running(self, state_machine_arn: str) -> int | Unread:
        """Return how many runs of a state machine are in progress."""
        found = self._pages(
            "stepfunctions",
            "list_executions",
            "states:ListExecutions",
            "executions",
            {"StateMachineDoesNotExist"},
            stateMachineArn=state_machine_arn,
            statusFilter="RUNNING",
        )
        return found if isinstance(found, Unread) else len(found or ())

    def outputs(self, state_machine_arn: str, most: int) -> Sequence[dict[str, Any]] | Unread:
        """Return the outputs of the last successful executions, at most this many, newest first."""
        listed = self._read(
            "stepfunctions",
            "list_executions",
            "states:ListExecutions",
            {"StateMachineDoesNotExist"},
            stateMachineArn=state_machine_arn,
            statusFilter="SUCCEEDED",
            maxResults=most,
        )
        if isinstance(listed, Unread):
            return listed
        outputs = []
        for one in listed["executions"] if listed else ():
            described = self._read(
                "stepfunctions",
                "describe_execution",
                "states:DescribeExecution",
                {"ExecutionDoesNotExist"},
                executionArn=one["executionArn"],
            )
            if isinstance(described, Unread):
                return described
            if described and "output" in described:
                outputs.append(json.loads(described["output"]))
        return outputs

    def subscriptions(self, topic: str) -> Sequence[Subscription] | Unread | None:
        """Return the e-mail subscriptions of a topic."""
        found = self._pages(
            "sns",
            "list_subscriptions_by_topic",
            "sns:ListSubscriptionsByTopic",
            "Subscriptions",
            {"NotFound", "NotFoundException"},
            TopicArn=topic,
        )
        if found is None or isinstance(found, Unread):
            return found
        return [
            Subscription(one["Endpoint"], one["SubscriptionArn"].startswith("arn:"))
            for one in found
            if one["Protocol"] in {"email", "email-json"}
        ]

    def log_groups(self, prefix: str) -> Sequence[str] | Unread:
        """Return the names of the log groups that start with `prefix`."""
        found = self._pages(
            "logs", "describe_log_groups", "logs:DescribeLogGroups", "logGroups", logGroupNamePrefix=prefix
        )
        return found if isinstance(found, Unread) else [one["logGroupName"] for one in found or ()]

    def _read(
        self, service: str, operation: str, action: str, absent: Collection[str] = (), **request: object
    ) -> dict[str, Any] | Unread | None:
        """Return the response; None for an error code in `absent`, and Unread for any other error."""
        return _answer(lambda: getattr(self._client(service), operation)(**request), action, absent)

    def _pages(
        self,
        service: str,
        operation: str,
        action: str,
        member: str,
        absent: Collection[str] = (),
        **request: object,
    ) -> list[dict[str, Any]] | Unread | None:
        """Return the items of all pages."""

        def items() -> list[dict[str, Any]]:
            pages = self._client(service).get_paginator(operation).paginate(**request)
            return [item for page in pages for item in page[member]]

        return _answer(items, action, absent)


_T = TypeVar("_T")


def _answer(call: Callable[[], _T], action: str, absent: Collection[str]) -> _T | Unread | None:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as in aws_calls

    try:
        return call()
    except ClientError as error:
        code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        # SageMaker has no specific error for a resource that doesn't exist.
        is_absent = code == "ValidationException" and any(words in said.lower() for words in _NO_SUCH_THING)
        return None if is_absent or code in absent else _unread(error, action)
    except BotoCoreError as error:
        return _unread(error, action)


def _unread(error: BaseException | None, action: str) -> Unread:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as in aws_calls

    if not isinstance(error, ClientError):
        return Unread(f"AWS cannot be asked: {error}")
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    said = said if len(said) <= _LONGEST_ANSWER else f"{said[:_LONGEST_ANSWER]}…"
    answer = f"AWS answered {code}{': ' if said else ''}{said}"
    return Unread(f"needs {action}" if code in _DENIED else answer)
