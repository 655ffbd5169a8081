"""Accounts with one problem each: what every line says if all is well, if there is a problem, and without access."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from batch_transform.doctor.account import Account
from batch_transform.doctor.checkup import examine
from batch_transform.doctor.finding import Finding
from batch_transform.doctor.place import workflow_log_group
from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.job_spec import (
    ContainerSpec,
    FrameworkImage,
    InputSpec,
    JobSpec,
    ModelSpec,
    NotifySpec,
    OutputSpec,
    TransformSpec,
    TriggersSpec,
    UploadSpec,
    WorkflowSpec,
)
from batch_transform.job.values.stack_outputs import state_machine_description, state_machine_output
from fakes.account import ACCOUNT, CALLER, REGION, Answer, FakeAccount, Refusal

OTHER = "444455556666"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/rules:7"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1a2b"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/churn"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:BatchTransformJobschurnWorkflow1"
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def quota(instance_type: str, value: float) -> dict[str, Any]:
    return {"QuotaName": f"{instance_type} for transform job usage", "Value": value}


def policy(principal: object, *actions: str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def root(account: str = ACCOUNT) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{account}:root"}


def stack(status: str = "CREATE_COMPLETE") -> dict[str, Any]:
    output = {
        "OutputKey": state_machine_output("churn"),
        "OutputValue": MACHINE,
        "Description": state_machine_description("churn"),
    }
    stack_id = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/BatchTransform/1"
    return {
        "StackName": "BatchTransform",
        "StackId": stack_id,
        "CreationTime": NOW,
        "StackStatus": status,
        "Outputs": [output],
    }


def subscription(address: str, arn: str) -> dict[str, str]:
    return {"Protocol": "email", "Endpoint": address, "SubscriptionArn": arn, "TopicArn": TOPIC}


def encryption(key: str | None) -> dict[str, Any]:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
    return {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}}


def key(**others: object) -> dict[str, Any]:
    about = {"KeyId": "1a2b", "Arn": KEY, "KeyState": "Enabled", "KeyManager": "CUSTOMER"}
    return {"KeyMetadata": {**about, **others}}


SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:"


def product(instance_type: str, amount: float) -> str:
    hour = {"unit": "Hrs", "pricePerUnit": {"USD": str(amount)}}
    terms = {"OnDemand": {"t": {"priceDimensions": {"d": hour}}}}
    return json.dumps(
        {"product": {"attributes": {"usagetype": f"EU-Tsform:{instance_type}"}}, "terms": terms}
    )


def concurrency(total: int, unreserved: int | None = None) -> dict[str, Any]:
    left = total if unreserved is None else unreserved
    return {"AccountLimit": {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": left}}


GOOD: dict[str, Answer] = {
    "ssm.GetParameter": {"Parameter": {"Value": "21"}},
    "cloudformation.DescribeStacks": {"Stacks": [stack()]},
    "cloudformation.ListStackResources": {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": "Topic",
                "PhysicalResourceId": TOPIC,
                "ResourceType": "AWS::SNS::Topic",
                "LastUpdatedTimestamp": NOW,
                "ResourceStatus": "CREATE_COMPLETE",
            }
        ]
    },
    "logs.DescribeLogGroups": {"logGroups": []},
    "service-quotas.ListAWSDefaultServiceQuotas": {
        "Quotas": [quota("ml.m5.large", 0), quota("ml.m5.xlarge", 5)]
    },
    "service-quotas.ListServiceQuotas": {"Quotas": [quota("ml.m5.large", 20)]},
    "ecr.DescribeImages": {"imageDetails": [{}]},
    "ecr.DescribeRepositories": {"repositories": [{}]},
    "ecr.GetRepositoryPolicy": {"policyText": policy(root(), "ecr:*")},
    "s3.HeadBucket": {"BucketRegion": REGION},
    "s3.GetBucketEncryption": encryption(None),
    "kms.DescribeKey": key(),
    "kms.GetKeyPolicy": {"Policy": policy(root(), "kms:*")},
    "sagemaker.DescribeModel": {
        "ModelName": "m",
        "CreationTime": NOW,
        "ModelArn": f"{SAGEMAKER}model/m",
    },
    "sagemaker.DescribeEndpoint": {
        "EndpointName": "e",
        "EndpointArn": f"{SAGEMAKER}endpoint/e",
        "EndpointStatus": "InService",
        "CreationTime": NOW,
        "LastModifiedTime": NOW,
    },
    "sagemaker.DescribeModelPackageGroup": {
        "ModelPackageGroupName": "g",
        "ModelPackageGroupArn": f"{SAGEMAKER}model-package-group/g",
        "CreationTime": NOW,
        "CreatedBy": {},
        "ModelPackageGroupStatus": "Completed",
    },
    "sagemaker.ListModelPackages": {
        "ModelPackageSummaryList": [
            {
                "ModelPackageArn": f"{SAGEMAKER}model-package/g/1",
                "CreationTime": NOW,
                "ModelPackageStatus": "Completed",
            }
        ]
    },
    "iam.GetRole": {
        "Role": {
            "Path": "/",
            "RoleName": "churn",
            "RoleId": "AROA1234567890123456",
            "Arn": ROLE,
            "CreateDate": NOW,
            "AssumeRolePolicyDocument": json.dumps(
                {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}]}
            ),
        }
    },
    "stepfunctions.ListExecutions": {"executions": []},
    "lambda.GetAccountSettings": concurrency(1000),
    "pricing.GetProducts": {"FormatVersion": "aws_v1", "PriceList": [product("ml.m5.large", 0.115)]},
    "sns.ListSubscriptionsByTopic": {"Subscriptions": [subscription("team@example.com", f"{TOPIC}:1")]},
}


def job(model: ModelSpec | None = None, **parts: Any) -> JobSpec:
    transform = parts.pop("transform", TransformSpec(instance_type=("ml.m5.large",)))
    return JobSpec("churn", model or ModelSpec(existing="churn-v7"), transform=transform, **parts)


def own_image(image: str = IMAGE) -> JobSpec:
    return job(ModelSpec(image=image, artifact="s3://models/churn.tar.gz"))


DATA = job(input=InputSpec("s3://data/churn/"))
WRITTEN = job(output=OutputSpec("s3://results/churn/"))
WITH_KEY = job(input=InputSpec(kms_key=KEY))
NOTIFIED = job(notify=NotifySpec(email=("team@example.com",)))
UPLOADED = job(triggers=TriggersSpec(on_upload=UploadSpec()))
LIMITED = job(workflow=WorkflowSpec(max_cost=25))
GROUP = job(ModelSpec(package_group="churn", role=ROLE))
FOREIGN = own_image(IMAGE.replace(ACCOUNT, OTHER))
NO_STACK = Refusal("ValidationError", "Stack does not exist")
MISSING = Refusal("ValidationException", "Could not find model")


def findings(
    jobs: Sequence[JobSpec],
    answers: Mapping[str, Answer] | None = None,
    environment: EnvironmentSpec | None = None,
) -> list[Finding]:
    account = Account(FakeAccount({**GOOD, **(answers or {})}).client)
    where = environment or EnvironmentSpec()
    return list(examine(jobs, where, account, region=REGION, regions=[REGION]))


def line(check: str, *arguments: Any) -> tuple[str, str]:
    """Return the verdict and the text of the only line of this check."""
    [found] = [finding for finding in findings(*arguments) if finding.check == check]
    return found.verdict.value, f"{found.subject}: {found.text}"


FINE: list[tuple[str, JobSpec, str]] = [
    ("account", DATA, CALLER),
    ("region", DATA, "partition aws"),
    ("bootstrap", DATA, "version 21; 6 is required"),
    ("stack", DATA, "is deployed: CREATE_COMPLETE"),
    ("log groups", DATA, "no name is taken"),
    ("quota", DATA, "20 instances: 20 runs of churn at once"),
    ("image", own_image(), "may pull it"),
    ("image", FOREIGN, f"the account {ACCOUNT} may pull it"),
    (
        "image",
        job(ModelSpec(image=FrameworkImage("sklearn", "1.2-1"))),
        "141502667606 publishes it in eu-west-1",
    ),
    ("bucket", DATA, "data: in eu-west-1, encrypted with an AWS key; input.data of churn"),
    ("key", WITH_KEY, "leaves access to IAM; input.kms_key of churn"),
    ("model", job(), "churn-v7: exists"),
    ("endpoint", job(ModelSpec(endpoint="churn")), "is InService"),
    ("package group", GROUP, "has an approved package"),
    ("role", GROUP, "trusts SageMaker"),
    ("runs", DATA, "none in progress"),
    ("concurrency", UPLOADED, "1,000, and 1,000 of it unreserved"),
    (
        "max cost",
        LIMITED,
        "churn on ml.m5.large: USD 25.00 pays for 782,608 seconds of 1 x USD 0.115 per hour",
    ),
    (
        "max cost",
        job(workflow=WorkflowSpec(max_cost=25, price_per_hour=1)),
        "USD 25.00 pays for 90,000 seconds of 1 x USD 1 per hour",
    ),
    ("email", NOTIFIED, "team@example.com: subscribed and confirmed"),
]


@pytest.mark.parametrize(("check", "spec", "text"), FINE)
def test_a_line_is_fine_if_nothing_is_wrong(check: str, spec: JobSpec, text: str) -> None:
    verdict, message = line(check, [spec])
    assert verdict == "fine"
    assert text in message


FAULTS: list[tuple[str, JobSpec, dict[str, Answer], str, str]] = [
    ("account", DATA, {"sts.GetCallerIdentity": Refusal("ExpiredToken")}, "error", "sign in"),
    (
        "bootstrap",
        DATA,
        {"ssm.GetParameter": Refusal("ParameterNotFound")},
        "error",
        f"bootstrap aws://{ACCOUNT}",
    ),
    ("bootstrap", DATA, {"ssm.GetParameter": {"Parameter": {"Value": "5"}}}, "error", "version 5 is too old"),
    (
        "stack",
        DATA,
        {"cloudformation.DescribeStacks": {"Stacks": [stack("UPDATE_ROLLBACK_FAILED")]}},
        "error",
        "continue the rollback",
    ),
    (
        "stack",
        DATA,
        {"cloudformation.DescribeStacks": {"Stacks": [stack("UPDATE_IN_PROGRESS")]}},
        "warning",
        "wait until it has ended",
    ),
    (
        "quota",
        DATA,
        {"service-quotas.ListServiceQuotas": {"Quotas": []}},
        "error",
        '0 instances, and churn needs 1: request an increase of "ml.m5.large for transform job usage"',
    ),
    (
        "quota",
        job(transform=TransformSpec(instance_type=("ml.m5.large",), instance_count=21)),
        {},
        "error",
        "20 instances, and churn needs 21",
    ),
    ("image", own_image(IMAGE.replace(REGION, "us-east-1")), {}, "error", "pulls from eu-west-1 only"),
    (
        "image",
        own_image(),
        {"ecr.DescribeImages": Refusal("ImageNotFoundException")},
        "error",
        "has no such image",
    ),
    (
        "image",
        own_image(),
        {
            "ecr.DescribeImages": Refusal("RepositoryNotFoundException"),
            "ecr.DescribeRepositories": Refusal("RepositoryNotFoundException"),
        },
        "error",
        "the repository doesn't exist",
    ),
    (
        "image",
        FOREIGN,
        {"ecr.GetRepositoryPolicy": Refusal("RepositoryPolicyNotFoundException")},
        "error",
        f"its owner, {OTHER}, must allow ecr:BatchCheckLayerAvailability",
    ),
    (
        "image",
        FOREIGN,
        {"ecr.GetRepositoryPolicy": {"policyText": policy(root(OTHER), "ecr:*")}},
        "error",
        "may not pull it",
    ),
    (
        "image",
        FOREIGN,
        {"ecr.GetRepositoryPolicy": {"policyText": policy({"AWS": ROLE}, "ecr:*")}},
        "warning",
        "only some principals",
    ),
    (
        "bucket",
        DATA,
        {"s3.HeadBucket": Refusal("404", status=404)},
        "error",
        "create it, or correct input.data",
    ),
    ("bucket", DATA, {"s3.HeadBucket": {"BucketRegion": "us-east-1"}}, "error", "is in us-east-1"),
    (
        "bucket",
        DATA,
        {"s3.HeadBucket": Refusal("403", status=403, headers={"x-amz-bucket-region": "ap-east-1"})},
        "error",
        "is in ap-east-1",
    ),
    (
        "bucket",
        DATA,
        {"s3.HeadBucket": Refusal("403", status=403, headers={"x-amz-bucket-region": REGION})},
        "not checked",
        f"needs s3:ListBucket; it is in {REGION}",
    ),
    (
        "max cost",
        LIMITED,
        {"pricing.GetProducts": {"PriceList": []}},
        "error",
        "AWS's Price List has no price of a batch transform with ml.m5.large in eu-west-1, so each run is refused: set "
        "workflow.price_per_hour",
    ),
    ("max cost", job(workflow=WorkflowSpec(max_cost=0.001)), {}, "error", "increase workflow.max_cost"),
    ("bucket", DATA, {"s3.GetBucketEncryption": encryption(KEY)}, "error", f"add input.kms_key: {KEY}"),
    ("bucket", WRITTEN, {"s3.GetBucketEncryption": encryption(KEY)}, "warning", f"add output.kms_key: {KEY}"),
    ("key", WITH_KEY, {"kms.DescribeKey": Refusal("NotFoundException")}, "error", "doesn't exist"),
    ("key", WITH_KEY, {"kms.DescribeKey": key(KeyState="PendingDeletion")}, "error", "is PendingDeletion"),
    ("key", WITH_KEY, {"kms.DescribeKey": key(KeySpec="RSA_2048")}, "error", "isn't a symmetric"),
    ("key", job(input=InputSpec(kms_key=KEY.replace(REGION, "us-east-1"))), {}, "error", "is in us-east-1"),
    ("key", WITH_KEY, {"kms.GetKeyPolicy": {"Policy": policy(root(OTHER), "kms:*")}}, "error", "lets nobody"),
    ("key", WITH_KEY, {"kms.GetKeyPolicy": {"Policy": policy({"AWS": ROLE}, "kms:*")}}, "warning", "names"),
    (
        "key",
        WITH_KEY,
        {"kms.DescribeKey": key(Arn=KEY.replace(ACCOUNT, OTHER))},
        "not checked",
        f"is enabled, and of the account {OTHER}",
    ),
    ("model", job(), {"sagemaker.DescribeModel": MISSING}, "error", "correct model.existing of churn"),
    (
        "endpoint",
        job(ModelSpec(endpoint="churn")),
        {"sagemaker.DescribeEndpoint": MISSING},
        "error",
        "doesn't exist",
    ),
    ("package group", GROUP, {"sagemaker.DescribeModelPackageGroup": MISSING}, "error", "doesn't exist"),
    (
        "package group",
        GROUP,
        {"sagemaker.ListModelPackages": {"ModelPackageSummaryList": []}},
        "error",
        "no approved package",
    ),
    ("role", GROUP, {"iam.GetRole": Refusal("NoSuchEntity")}, "error", "doesn't exist"),
    (
        "role",
        job(ModelSpec(package_group="g", role=ROLE.replace(ACCOUNT, OTHER))),
        {},
        "error",
        "another account",
    ),
    (
        "runs",
        DATA,
        {
            "stepfunctions.ListExecutions": {
                "executions": [
                    {
                        "executionArn": "arn",
                        "stateMachineArn": MACHINE,
                        "name": "n",
                        "status": "RUNNING",
                        "startDate": NOW,
                    }
                ]
            }
        },
        "warning",
        "churn: 1 run is in progress",
    ),
    (
        "email",
        NOTIFIED,
        {
            "sns.ListSubscriptionsByTopic": {
                "Subscriptions": [subscription("team@example.com", "PendingConfirmation")]
            }
        },
        "warning",
        "hasn't confirmed",
    ),
    (
        "email",
        NOTIFIED,
        {"sns.ListSubscriptionsByTopic": {"Subscriptions": []}},
        "warning",
        "next deployment sends",
    ),
    (
        "topic",
        job(notify=NotifySpec(topic=TOPIC)),
        {"sns.ListSubscriptionsByTopic": Refusal("NotFound", status=404)},
        "error",
        "correct notify.topic",
    ),
]


@pytest.mark.parametrize(("check", "spec", "answers", "verdict", "text"), FAULTS)
def test_a_problem_says_what_to_do(
    check: str, spec: JobSpec, answers: dict[str, Answer], verdict: str, text: str
) -> None:
    found, message = line(check, [spec], answers)
    assert found == verdict
    assert text in message


NOT_ALLOWED = [
    ("bootstrap", DATA, "ssm.GetParameter", "ssm:GetParameter"),
    ("stack", DATA, "cloudformation.DescribeStacks", "cloudformation:DescribeStacks"),
    ("log groups", DATA, "logs.DescribeLogGroups", "logs:DescribeLogGroups"),
    ("quota", DATA, "service-quotas.ListServiceQuotas", "servicequotas:ListServiceQuotas"),
    (
        "quota",
        DATA,
        "service-quotas.ListAWSDefaultServiceQuotas",
        "servicequotas:ListAWSDefaultServiceQuotas",
    ),
    ("image", own_image(), "ecr.DescribeImages", "ecr:DescribeImages"),
    ("image", FOREIGN, "ecr.GetRepositoryPolicy", "ecr:GetRepositoryPolicy"),
    ("bucket", DATA, "s3.HeadBucket", "s3:ListBucket"),
    ("bucket", DATA, "s3.GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("key", WITH_KEY, "kms.DescribeKey", "kms:DescribeKey"),
    ("key", WITH_KEY, "kms.GetKeyPolicy", "kms:GetKeyPolicy"),
    ("model", job(), "sagemaker.DescribeModel", "sagemaker:DescribeModel"),
    ("endpoint", job(ModelSpec(endpoint="e")), "sagemaker.DescribeEndpoint", "sagemaker:DescribeEndpoint"),
    ("package group", GROUP, "sagemaker.DescribeModelPackageGroup", "sagemaker:DescribeModelPackageGroup"),
    ("package group", GROUP, "sagemaker.ListModelPackages", "sagemaker:ListModelPackages"),
    ("role", GROUP, "iam.GetRole", "iam:GetRole"),
    ("runs", DATA, "stepfunctions.ListExecutions", "states:ListExecutions"),
    ("concurrency", UPLOADED, "lambda.GetAccountSettings", "lambda:GetAccountSettings"),
    ("max cost", LIMITED, "pricing.GetProducts", "pricing:GetProducts"),
    ("email", NOTIFIED, "sns.ListSubscriptionsByTopic", "sns:ListSubscriptionsByTopic"),
    ("email", NOTIFIED, "cloudformation.ListStackResources", "cloudformation:ListStackResources"),
]


@pytest.mark.parametrize(("check", "spec", "call", "action"), NOT_ALLOWED)
def test_something_that_cannot_be_read_is_never_fine(
    check: str, spec: JobSpec, call: str, action: str
) -> None:
    for code in ("AccessDenied", "AccessDeniedException", "403", "AuthorizationError"):
        verdict, message = line(check, [spec], {call: Refusal(code, "no", 403)})
        assert verdict == "not checked"
        assert f"needs {action}" in message


def test_an_unexpected_error_from_a_service_does_not_end_the_checks() -> None:
    refused = {name: Refusal("InternalFailure", "try again") for name in GOOD}
    found = findings([DATA, own_image()], refused)
    assert {finding.verdict.value for finding in found if finding.check not in {"account", "region"}} == {
        "not checked"
    }


def test_in_the_wrong_account_only_the_account_is_checked() -> None:
    [only] = findings([DATA], {}, EnvironmentSpec(account=OTHER))
    assert only.verdict == "error"
    assert f"has prod in {OTHER}: choose other credentials with AWS_PROFILE" in only.text


def test_a_region_that_boto3_does_not_know_is_a_warning() -> None:
    account = Account(FakeAccount(GOOD).client)
    found = {one.check: one for one in examine([], EnvironmentSpec(), account, region=REGION, regions=[])}
    assert found["region"].verdict == "warning"


def test_a_job_with_a_sufficient_fallback_instance_type_gets_a_warning() -> None:
    spec = job(transform=TransformSpec(instance_type=("ml.m5.large", "ml.m5.xlarge")))
    nothing: dict[str, Answer] = {"service-quotas.ListServiceQuotas": {"Quotas": []}}
    found = [one for one in findings([spec], nothing) if one.check == "quota"]
    assert [one.verdict.value for one in found] == ["warning", "fine"]
    assert "the run then tries its other instance types" in found[0].text


def test_a_quota_that_is_not_listed_is_not_checked() -> None:
    verdict, message = line("quota", [job(transform=TransformSpec(instance_type=("ml.g5.xlarge",)))])
    assert verdict == "not checked"
    assert "lists no" in message


def test_a_log_group_left_by_a_deleted_stack_is_an_error() -> None:
    name = workflow_log_group("BatchTransform", "churn")
    answers: dict[str, Answer] = {
        "cloudformation.DescribeStacks": NO_STACK,
        "logs.DescribeLogGroups": {"logGroups": [{"logGroupName": name}]},
    }
    verdict, message = line("log groups", [DATA], answers)
    assert verdict == "error"
    assert f"aws logs delete-log-group --log-group-name {name}" in message


@pytest.mark.parametrize(
    ("settings", "stacks", "verdict", "text"),
    [
        (
            concurrency(10),
            [],
            "error",
            "10, and 10 of it unreserved; churn reserves 5, and 100 must stay unreserved",
        ),
        (concurrency(1000, 104), [], "error", "reserved_concurrency: 0"),
        (concurrency(1000, 105), [], "fine", "1,000, and 105 of it unreserved"),
        (concurrency(105, 100), [stack()], "warning", "churn reserves 5, perhaps already, and 100 must"),
    ],
)
def test_the_account_must_have_the_concurrency_that_upload_triggers_reserve(
    settings: dict[str, Any], stacks: list[dict[str, Any]], verdict: str, text: str
) -> None:
    answers: dict[str, Answer] = {
        "lambda.GetAccountSettings": settings,
        "cloudformation.DescribeStacks": {"Stacks": stacks} if stacks else NO_STACK,
    }
    found, message = line("concurrency", [UPLOADED], answers)
    assert found == verdict
    assert text in message


def test_a_trigger_that_reserves_nothing_needs_no_concurrency() -> None:
    none = job(triggers=TriggersSpec(on_upload=UploadSpec(reserved_concurrency=0)))
    assert [one for one in findings([none, DATA]) if one.check == "concurrency"] == []


def test_every_call_only_reads() -> None:
    fake = FakeAccount(GOOD)
    containers = ModelSpec(containers=(ContainerSpec(IMAGE), ContainerSpec(IMAGE.replace(ACCOUNT, OTHER))))
    specs = [
        DATA,
        WITH_KEY,
        NOTIFIED,
        UPLOADED,
        LIMITED,
        GROUP,
        job(ModelSpec(endpoint="e")),
        job(containers),
        own_image(),
    ]
    list(examine(specs, EnvironmentSpec(), Account(fake.client), region=REGION, regions=[REGION]))
    assert set(fake.calls) == {"sts.GetCallerIdentity", *GOOD} - {"ecr.DescribeRepositories"}
    assert all(re.fullmatch(r"[\w-]+\.(Get|List|Describe|Head)\w+", call) for call in fake.calls)
