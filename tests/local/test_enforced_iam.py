"""IAM is enforced: a job has the permissions of its model's execution role, and a call those of its caller."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from batch_transform.local.up import LocalAws

SYNC = "arn:aws:states:::sagemaker:createTransformJob.sync"


class EnforcedLab:
    """A lab with roles, and with users who have only the permissions that they are given."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self.iam = lab.aws.client("iam")

    def role(self, service: str, statements: list[dict[str, Any]]) -> str:
        name = self.lab.name()
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        arn: str = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy([trust]))["Role"][
            "Arn"
        ]
        self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(statements))
        return arn

    def model(self, role: str, behaviour: str = "count") -> str:
        name = str(self.lab.model(behaviour))
        container = self.lab.sagemaker.describe_model(ModelName=name)["PrimaryContainer"]
        self.lab.sagemaker.delete_model(ModelName=name)
        self.lab.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
        return name

    def person(self, *actions: str, resource: str = "*", statements: Sequence[dict[str, Any]] = ()) -> Any:
        """Return a SageMaker client for a user with these permissions."""
        name = self.lab.name()
        self.iam.create_user(UserName=name)
        self.iam.put_user_policy(
            UserName=name,
            PolicyName="p",
            PolicyDocument=policy([allow(*actions, resource=resource), *statements]),
        )
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return boto3.client(
            "sagemaker",
            region_name=self.lab.aws.region,
            endpoint_url=self.lab.aws.endpoint_url,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            config=Config(retries={"total_max_attempts": 1}),
        )


def allow(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def task(request: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Task", "Resource": SYNC, "Parameters": request, "End": True}


def policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


NEEDED = ("s3:ListBucket", "s3:GetObject", "s3:PutObject")
LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
RULE = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


@pytest.fixture(scope="module")
def enforced(make_lab: Callable[[LocalAws], Any]) -> Iterator[EnforcedLab]:
    with LocalAws(enforce_iam=True, wait_scale=0.02) as aws:
        yield EnforcedLab(make_lab(aws))


def test_a_job_runs_with_the_permissions_of_its_execution_role(enforced: EnforcedLab) -> None:
    lab = enforced.lab
    bucket = lab.bucket(**{"a.csv": b"id-1,2\n"})
    role = enforced.role("sagemaker.amazonaws.com", [allow(*NEEDED, *LOGS)])
    request = lab.request(enforced.model(role), bucket)
    assert lab.run(request)["TransformJobStatus"] == "Completed"
    assert lab.body(bucket, "out/a.csv.out") == b"id-1,1\n"
    assert lab.log_lines(request["TransformJobName"], "/data-log")


@pytest.mark.parametrize("missing", ["s3:GetObject", "s3:PutObject"])
def test_fails_when_the_execution_role_lacks_a_permission(enforced: EnforcedLab, missing: str) -> None:
    lab = enforced.lab
    bucket = lab.bucket(**{"a.csv": b"id-1,2\n"})
    statement = allow(*(action for action in NEEDED if action != missing), *LOGS)
    role = enforced.role("sagemaker.amazonaws.com", [statement])
    request = lab.request(enforced.model(role), bucket)
    described = lab.run(request)
    assert described["TransformJobStatus"] == "Failed"
    assert "AccessDenied" in described["FailureReason"]
    assert missing in described["FailureReason"]
    assert lab.keys(bucket) == []
    assert missing in lab.log_lines(request["TransformJobName"], "/data-log")[-1]
    assert request["TransformJobName"] not in lab.aws.log_file.read_text()


def test_a_job_whose_role_may_not_write_logs_runs_and_prints_one_line_about_it(
    enforced: EnforcedLab,
) -> None:
    lab = enforced.lab
    role = enforced.role("sagemaker.amazonaws.com", [allow(*NEEDED)])
    request = lab.request(enforced.model(role), lab.bucket(**{"a.csv": b"id-1,2\n"}))
    name = request["TransformJobName"]
    assert lab.run(request)["TransformJobStatus"] == "Completed"
    said = lab.aws.log_file.read_text()
    (line,) = [line for line in said.splitlines() if name in line]
    assert "AccessDenied" in line
    assert "logs:CreateLogGroup" in line
    assert "Traceback" not in said


def test_fails_at_once_when_the_execution_role_may_not_list_the_input(enforced: EnforcedLab) -> None:
    lab = enforced.lab
    role = enforced.role("sagemaker.amazonaws.com", [allow("s3:GetObject", "s3:PutObject")])
    request = lab.request(enforced.model(role), lab.bucket(**{"a.csv": b"id-1,2\n"}))
    code, message = lab.refusal(lambda: lab.start(request))
    assert code == "ValidationException"
    assert f'that the role "{role}" has "s3:ListBucket" permissions' in message


def test_fails_when_the_role_does_not_trust_sagemaker(enforced: EnforcedLab) -> None:
    lab = enforced.lab
    role = enforced.role("lambda.amazonaws.com", [allow("s3:*")])
    request = lab.request(enforced.model(role), lab.bucket(**{"a.csv": b"id-1,2\n"}))
    code, message = lab.refusal(lambda: lab.start(request))
    assert code == "ValidationException"
    assert message.startswith(f"Could not assume role {role}. Please ensure that the role exists")


def test_fails_when_the_caller_lacks_a_permission(enforced: EnforcedLab) -> None:
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:ListModels") as refused:
        enforced.person("sagemaker:ListTransformJobs").list_models()
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_permission_may_name_the_job(enforced: EnforcedLab) -> None:
    lab = enforced.lab
    role = enforced.role("sagemaker.amazonaws.com", [allow(*NEEDED)])
    request = lab.request(enforced.model(role), lab.bucket(**{"a.csv": b"id-1,2\n"}))
    name = request["TransformJobName"]
    person = enforced.person(
        "sagemaker:CreateTransformJob", resource=f"arn:aws:sagemaker:*:transform-job/{name}"
    )
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:CreateTransformJob"):
        person.create_transform_job(**{**request, "TransformJobName": name + "-2"})
    person.create_transform_job(**request)


def test_tags_need_a_permission_of_their_own(enforced: EnforcedLab) -> None:
    lab = enforced.lab
    role = enforced.role("sagemaker.amazonaws.com", [allow(*NEEDED)])
    request = lab.request(
        enforced.model(role), lab.bucket(**{"a.csv": b"id-1,2\n"}), Tags=[{"Key": "team", "Value": "a"}]
    )
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:AddTags"):
        enforced.person("sagemaker:CreateTransformJob").create_transform_job(**request)
    enforced.person("sagemaker:CreateTransformJob", "sagemaker:AddTags").create_transform_job(**request)


def test_a_policy_may_name_endpoints_and_packages(enforced: EnforcedLab) -> None:
    lab = enforced.lab
    prefix = "arn:aws:sagemaker:us-east-1:000000000000"
    lab.sagemaker.create_model_package_group(ModelPackageGroupName="Mine")
    package = lab.sagemaker.create_model_package(ModelPackageGroupName="Mine")["ModelPackageArn"]
    reader = enforced.person("sagemaker:DescribeModelPackage", resource=f"{prefix}:model-package/mine/*")
    assert reader.describe_model_package(ModelPackageName=package)["ModelPackageVersion"] == 1
    lister = enforced.person("sagemaker:ListModelPackages", resource=f"{prefix}:model-package-group/mine")
    assert lister.list_model_packages(ModelPackageGroupName="Mine")["ModelPackageSummaryList"]
    watcher = enforced.person("sagemaker:DescribeEndpoint", resource=f"{prefix}:endpoint/mine")
    for call in (
        lambda: reader.describe_model_package(ModelPackageName="other/1"),
        lambda: lister.list_model_packages(ModelPackageGroupName="other"),
        lambda: watcher.describe_endpoint(EndpointName="other"),
        lambda: watcher.describe_endpoint_config(EndpointConfigName="mine"),
    ):
        assert lab.refusal(call)[0] == "AccessDeniedException"
    assert lab.refusal(lambda: watcher.describe_endpoint(EndpointName="mine"))[0] == "ValidationException"


def test_sync_calls_sagemaker_with_the_state_machines_role(enforced: EnforcedLab) -> None:
    lab = enforced.lab
    role = enforced.role("sagemaker.amazonaws.com", [allow(*NEEDED)])
    bucket = lab.bucket(**{"a.csv": b"id-1,2\n"})
    actions = ["CreateTransformJob", "DescribeTransformJob", "AddTags", "ListTags"]
    outcomes = {}
    for missing in ("none", *actions):
        allowed = [f"sagemaker:{action}" for action in actions if action != missing]
        states_role = enforced.role("states.amazonaws.com", [allow(*allowed, *RULE)])
        request = lab.request(enforced.model(role), bucket)
        machine = lab.states.create_state_machine(
            name=lab.name(),
            definition=json.dumps({"StartAt": "Transform", "States": {"Transform": task(request)}}),
            roleArn=states_role,
        )["stateMachineArn"]
        execution = lab.execution(lab.execute(machine))
        outcomes[missing] = (
            execution.get("error"),
            f"sagemaker:{missing}" in str(execution.get("cause")),
            execution["status"],
        )
    refused = ("SageMaker.AmazonSageMakerException", True, "FAILED")
    assert outcomes == {"none": (None, False, "SUCCEEDED"), **dict.fromkeys(actions, refused)}


def test_a_workflow_makes_a_model_with_its_own_role(enforced: EnforcedLab) -> None:
    lab = enforced.lab
    role = enforced.role("sagemaker.amazonaws.com", [allow(*NEEDED)])
    container = lab.sagemaker.describe_model(ModelName=enforced.model(role))["PrimaryContainer"]
    outcomes = []
    for allowed in (("sagemaker:CreateModel", "iam:PassRole"), ("sagemaker:CreateModel",), ("iam:PassRole",)):
        request = {"ModelName": lab.name(), "PrimaryContainer": container, "ExecutionRoleArn": role}
        create = {**task(request), "Resource": "arn:aws:states:::sagemaker:createModel"}
        machine = lab.states.create_state_machine(
            name=lab.name(),
            definition=json.dumps({"StartAt": "Create", "States": {"Create": create}}),
            roleArn=enforced.role("states.amazonaws.com", [allow(*allowed)]),
        )["stateMachineArn"]
        execution = lab.execution(lab.execute(machine))
        outcomes.append((execution["status"], execution.get("error")))
    refused = ("FAILED", "SageMaker.AmazonSageMakerException")
    assert outcomes == [("SUCCEEDED", None), refused, refused]


def test_an_aborted_execution_cannot_stop_its_job_without_the_permission(
    enforced: EnforcedLab, until: Callable[..., None]
) -> None:
    lab = enforced.lab
    role = enforced.role("sagemaker.amazonaws.com", [allow(*NEEDED)])
    may_not_stop = ("CreateTransformJob", "DescribeTransformJob", "AddTags", "ListTags")
    request = lab.request(enforced.model(role, "hang"), lab.bucket(**{"a.csv": b"id-1,2\n"}))
    machine = lab.states.create_state_machine(
        name=lab.name(),
        definition=json.dumps({"StartAt": "Transform", "States": {"Transform": task(request)}}),
        roleArn=enforced.role(
            "states.amazonaws.com",
            [allow(*(f"sagemaker:{each}" for each in may_not_stop), *RULE)],
        ),
    )["stateMachineArn"]
    execution = lab.execute(machine)
    name = request["TransformJobName"]
    until(lambda: lab.sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"])
    lab.states.stop_execution(executionArn=execution)
    assert lab.execution(execution)["status"] == "ABORTED"
    time.sleep(0.5)  # no event shows that the job was not stopped; the integration checks every 0.05 s
    assert lab.describe(name)["TransformJobStatus"] == "InProgress"
    lab.sagemaker.stop_transform_job(TransformJobName=name)


def test_a_bucket_that_requires_tls_accepts_calls_from_this_machine(enforced: EnforcedLab) -> None:
    lab = enforced.lab
    bucket = lab.bucket()
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    lab.s3.put_bucket_policy(Bucket=bucket, Policy=policy([deny]))
    lab.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert lab.body(bucket, "a") == b"x"


def test_fails_when_the_access_key_belongs_to_nobody(enforced: EnforcedLab) -> None:
    nobody = boto3.client(
        "sagemaker",
        region_name="us-east-1",
        endpoint_url=enforced.lab.aws.endpoint_url,
        aws_access_key_id="AKIANOBODY",
        aws_secret_access_key="x",
    )
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        nobody.list_models()


KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-1111-1111-1111-111111111111"
OTHER_KEY = KEY.replace("1111", "2222")
REQUEST: dict[str, Any] = {
    "TransformJobName": "limited-1",
    "ModelName": "Scoring",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in/"}}},
    "TransformOutput": {"S3OutputPath": "s3://out/", "KmsKeyId": KEY},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": KEY},
}
CONDITIONS: dict[str, dict[str, Any]] = {
    "ForAnyValue:StringEquals": {"sagemaker:InstanceTypes": ["ml.m5.large", "ml.m5.xlarge"]},
    "StringEqualsIgnoreCase": {
        "sagemaker:ModelArn": "arn:aws:sagemaker:us-east-1:000000000000:model/Scoring"
    },
    "StringEquals": {"sagemaker:OutputKmsKey": KEY, "sagemaker:VolumeKmsKey": KEY},
}


def changed(structure: str, member: str, value: object) -> dict[str, Any]:
    """REQUEST with another value of a member, or without it."""
    part = {**REQUEST[structure], member: value}
    return {**REQUEST, structure: {name: given for name, given in part.items() if given is not None}}


@pytest.fixture(scope="module")
def limited(enforced: EnforcedLab) -> Any:
    """A client for a user who may create transform jobs within CONDITIONS only, and use any key."""
    create = {**allow("sagemaker:CreateTransformJob"), "Condition": CONDITIONS}
    return enforced.person("kms:*", statements=[create])


@pytest.mark.parametrize(
    "request_beyond",
    [
        changed("TransformResources", "InstanceType", "ml.c5.xlarge"),
        {**REQUEST, "ModelName": "other"},
        changed("TransformOutput", "KmsKeyId", OTHER_KEY),
        changed("TransformOutput", "KmsKeyId", None),
        changed("TransformResources", "VolumeKmsKeyId", OTHER_KEY),
        changed("TransformResources", "VolumeKmsKeyId", None),
    ],
    ids=["instance type", "model", "output key", "no output key", "volume key", "no volume key"],
)
def test_fails_for_a_transform_job_beyond_a_condition(limited: Any, request_beyond: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:CreateTransformJob"):
        limited.create_transform_job(**request_beyond)


@pytest.mark.parametrize("instance_type", ["ml.m5.large", "ml.m5.xlarge"])
def test_a_transform_job_within_each_condition_is_authorized(limited: Any, instance_type: str) -> None:
    with pytest.raises(
        ClientError
    ) as error:  # authorized, and then refused: there is no such model, and no such key
        limited.create_transform_job(**changed("TransformResources", "InstanceType", instance_type))
    assert "not authorized to perform: sagemaker:CreateTransformJob" not in str(error.value)
