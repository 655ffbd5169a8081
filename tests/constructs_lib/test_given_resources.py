"""A job with existing resources of its app: buckets, a key, a role, a network. And its grants, rules and metrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Match, Template

from batch_transform.job.errors import ConstructError, JobSpecError
from batch_transform.job.values.job_spec import (
    BatchDataCaptureConfig,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
    VpcConfig,
)
from batch_transform_cdk import BatchTransform, DataBuckets
from checks.policies import allowed, statements, text

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:7"
CHURN = JobSpec(name="churn", model=ModelSpec(artifact="s3://models/churn.tar.gz", image=IMAGE))
EXISTING = replace(CHURN, model=ModelSpec(existing="churn-v7"))


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack")


def request(stack: cdk.Stack) -> dict[str, Any]:
    """The request that the state machine declares."""
    [machine] = Template.from_stack(stack).find_resources("AWS::StepFunctions::StateMachine").values()
    definition = json.loads(text(machine["Properties"]["DefinitionString"]))
    declared: dict[str, Any] = definition["States"]["PrepareRun"]["Assign"]["declared_request"]
    return declared


def test_a_job_alone_has_buckets_of_its_own_with_stable_names(stack: cdk.Stack) -> None:
    BatchTransform(stack, "Churn", job=EXISTING)
    assert set(Template.from_stack(stack).find_resources("AWS::S3::Bucket")) == {
        "ChurnDataInputC959AB61",
        "ChurnDataOutput7E2155C1",
    }


def test_jobs_that_share_buckets_reach_their_own_prefix_only(stack: cdk.Stack) -> None:
    buckets = DataBuckets(stack, "Data")
    for name in ("churn", "fraud"):
        BatchTransform(stack, name, job=replace(CHURN, name=name), buckets=buckets)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::S3::Bucket", 2)
    objects = [
        arn.partition("/")[2]
        for arn in allowed(template, "churnModelExecutionRole")
        if arn.startswith("Data")
    ]
    # The bucket itself stands there for the lists of the input and of the manifests of retries.
    assert sorted(objects) == ["", "", "churn/*", "churn/*", "churn/*/_retry-*.manifest"]


def test_a_place_in_the_given_bucket_is_that_bucket_with_its_key(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "LakeKey")
    lake = s3.Bucket(stack, "Lake", encryption_key=key)
    job = replace(CHURN, input=InputSpec(data=lake.s3_url_for_object("customers/")))
    BatchTransform(stack, "Churn", job=job, input_bucket=lake)
    permissions = allowed(Template.from_stack(stack), "ChurnModelExecutionRole")
    [objects] = [arn for arn in permissions if arn.endswith("/customers/*")]
    assert objects.startswith("Lake")
    [on_key] = [actions for arn, actions in permissions.items() if arn.startswith("LakeKey")]
    assert on_key == {"kms:Decrypt"}


def test_results_in_a_bucket_with_a_key_name_that_key(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    scores = s3.Bucket(stack, "Scores", encryption_key=key)
    BatchTransform(stack, "Churn", job=CHURN, output_bucket=scores)
    assert request(stack)["TransformOutput"]["KmsKeyId"] == text(stack.resolve(key.key_arn))


def test_data_of_others_under_their_key_is_decrypted_by_its_readers(stack: cdk.Stack) -> None:
    theirs = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    data = InputSpec(
        data="s3://lake/churn/",
        kms_key=theirs,
        content_type="text/csv",
        split_type="Line",
        columns=("id", "age"),
    )
    BatchTransform(stack, "Churn", job=replace(CHURN, input=data))
    template = Template.from_stack(stack)
    for reader in ("ExecutionRole", "Preflight"):
        assert allowed(template, reader)[theirs] == {"kms:Decrypt"}
    assert theirs not in allowed(template, "Report")


def test_one_key_encrypts_results_captured_data_and_volumes(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    capture = BatchDataCaptureConfig("s3://captured/churn/")
    BatchTransform(stack, "Churn", job=replace(CHURN, batch_data_capture_config=capture), encryption_key=key)
    arn = text(stack.resolve(key.key_arn))
    declared = request(stack)
    assert declared["TransformOutput"]["KmsKeyId"] == arn
    assert declared["DataCaptureConfig"]["KmsKeyId"] == arn
    assert declared["TransformResources"]["VolumeKmsKeyId"] == arn
    [grant] = [
        one
        for one in statements(Template.from_stack(stack), "ChurnWorkflowRole")
        if one["Action"] == "kms:CreateGrant"
    ]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_a_key_that_the_job_names_wins_over_the_apps(stack: cdk.Stack) -> None:
    job = replace(
        CHURN,
        output=OutputSpec(kms_key="alias/scores"),
        transform=TransformSpec(volume_kms_key="alias/volumes"),
    )
    BatchTransform(stack, "Churn", job=job, encryption_key=kms.Key(stack, "Key"))
    declared = request(stack)
    assert declared["TransformOutput"]["KmsKeyId"] == "alias/scores"
    assert declared["TransformResources"]["VolumeKmsKeyId"] == "alias/volumes"


def test_an_instance_type_with_local_storage_takes_no_volume_key(stack: cdk.Stack) -> None:
    transform = TransformSpec(instance_type=("ml.m5.large", "ml.g5.xlarge"))
    BatchTransform(
        stack, "Churn", job=replace(EXISTING, transform=transform), encryption_key=kms.Key(stack, "Key")
    )
    assert "VolumeKmsKeyId" not in request(stack)["TransformResources"]


def test_without_a_key_the_request_names_none(stack: cdk.Stack) -> None:
    BatchTransform(stack, "Churn", job=CHURN)
    assert "KmsKeyId" not in request(stack)["TransformOutput"]
    assert not [arn for arn in allowed(Template.from_stack(stack), "ExecutionRole") if "Key" in arn]


def test_a_given_role_gets_the_permissions_before_the_model_is_created(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Scorer", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    job = BatchTransform(stack, "Churn", job=CHURN, execution_role=role)
    template = Template.from_stack(stack)
    assert job.execution_role is role
    assert not [name for name in template.find_resources("AWS::IAM::Role") if "ExecutionRole" in name]
    assert allowed(template, "Scorer")["arn:AWS::Partition:s3:::models/churn.tar.gz"] == {"s3:GetObject"}
    [policy] = [name for name in template.find_resources("AWS::IAM::Policy") if name.startswith("Scorer")]
    [model] = template.find_resources("AWS::SageMaker::Model").values()
    assert policy in model["DependsOn"]


def test_a_given_role_may_be_left_unchanged(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Scorer", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    BatchTransform(stack, "Churn", job=CHURN, execution_role=role.without_policy_updates())
    assert allowed(Template.from_stack(stack), "Scorer") == {}


def test_packages_run_as_a_given_role(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Scorer", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    packages = replace(CHURN, model=ModelSpec(package_group="churn"))
    BatchTransform(stack, "Churn", job=packages, execution_role=role)
    template = Template.from_stack(stack)
    arn = text(stack.resolve(role.role_arn))
    assert "iam:PassRole" in allowed(template, "Preflight")[arn]
    assert [arn for arn in allowed(template, "Scorer") if arn.endswith("/churn/*")]


def test_a_given_network_is_the_models(stack: cdk.Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    job = BatchTransform(stack, "Churn", job=CHURN, vpc=vpc)
    job.connections.allow_to(ec2.Peer.any_ipv4(), ec2.Port.POSTGRES)
    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::SageMaker::Model",
        {
            "VpcConfig": {
                "Subnets": [stack.resolve(subnet.subnet_id) for subnet in vpc.private_subnets],
                "SecurityGroupIds": [Match.any_value()],
            }
        },
    )
    interfaces = [
        arn
        for arn, actions in allowed(template, "ChurnModelExecutionRole").items()
        if "ec2:CreateNetworkInterface" in actions
    ]
    assert len(interfaces) == 1 + 2 + 1  # interfaces, subnets, security group


VPC_CONFIG = VpcConfig(("subnet-0a1b2c3d",), ("sg-0a1b2c3d",))
CONTRADICTIONS: dict[str, tuple[JobSpec, Callable[[cdk.Stack], dict[str, Any]], str]] = {
    "buckets and a bucket": (
        CHURN,
        lambda stack: {"buckets": DataBuckets(stack, "Data"), "input_bucket": lake(stack)},
        "pass the bucket to DataBuckets instead",
    ),
    "input elsewhere": (
        replace(CHURN, input=InputSpec(data="s3://other/churn/")),
        lambda stack: {"input_bucket": lake(stack)},
        "input.data is in the bucket 'other', but input_bucket is another bucket",
    ),
    "output elsewhere": (
        replace(CHURN, output=OutputSpec(path="s3://other/churn/")),
        lambda stack: {"output_bucket": lake(stack)},
        "output.path is in the bucket 'other', but output_bucket is another bucket",
    ),
    "subnets of no vpc": (
        CHURN,
        lambda _stack: {"vpc_subnets": ec2.SubnetSelection(one_per_az=True)},
        "vpc_subnets and security_groups require vpc",
    ),
    "two networks": (
        replace(CHURN, model=replace(CHURN.model, vpc_config=VPC_CONFIG)),
        lambda stack: {"vpc": ec2.Vpc(stack, "Vpc")},
        "the job has a model.vpc_config and vpc is given",
    ),
    "a network for a model that exists": (
        EXISTING,
        lambda stack: {"vpc": ec2.Vpc(stack, "Vpc")},
        "exists with its own network; leave vpc out",
    ),
    "two roles": (
        replace(CHURN, model=replace(CHURN.model, role="arn:aws:iam::123456789012:role/ours")),
        lambda stack: {"execution_role": iam.Role.from_role_name(stack, "Role", "theirs")},
        "the job has a model.role and execution_role is given",
    ),
    "a role for a model that exists": (
        EXISTING,
        lambda stack: {"execution_role": iam.Role.from_role_name(stack, "Role", "theirs")},
        "exists with its own role; leave execution_role out",
    ),
}


def lake(stack: cdk.Stack) -> s3.IBucket:
    return s3.Bucket.from_bucket_name(stack, "Lake", "our-lake")


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_fails_on_arguments_that_contradict_each_other(stack: cdk.Stack, case: str) -> None:
    job, arguments, message = CONTRADICTIONS[case]
    with pytest.raises(ConstructError, match=message):
        BatchTransform(stack, "Churn", job=job, **arguments(stack))


def test_fails_on_connections_without_a_network(stack: cdk.Stack) -> None:
    with pytest.raises(ConstructError, match="Stack/Churn has no vpc"):
        _ = BatchTransform(stack, "Churn", job=EXISTING).connections


def test_fails_on_a_job_that_the_rules_refuse(stack: cdk.Stack) -> None:
    with pytest.raises(JobSpecError):
        BatchTransform(stack, "Churn", job=replace(EXISTING, name="-"))


def test_a_grant_to_start_runs_allows_nothing_else(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Starter", assumed_by=iam.AccountRootPrincipal())
    job = BatchTransform(stack, "Churn", job=EXISTING)
    job.grant_start(role)
    machine = text(stack.resolve(job.state_machine.state_machine_arn))
    assert allowed(Template.from_stack(stack), "Starter") == {machine: {"states:StartExecution"}}


def test_a_grant_to_start_and_wait_allows_following_the_run_to_its_end(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Waiter", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
    BatchTransform(stack, "Churn", job=EXISTING).grant_start_and_wait(role)
    permissions = allowed(Template.from_stack(stack), "Waiter")
    [rule] = [
        arn
        for arn in permissions
        if arn.endswith(":rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")
    ]
    [executions] = [arn for arn in permissions if ":execution:" in arn]
    assert permissions[rule] == {"events:PutTargets", "events:PutRule", "events:DescribeRule"}
    assert permissions[executions] == {"states:DescribeExecution", "states:StopExecution"}
    assert len(permissions) == 3


@pytest.mark.parametrize(
    ("grant", "bucket", "actions"),
    [
        ("grant_read_output", "Output", {"s3:GetObject"}),
        ("grant_read_input", "Input", {"s3:GetObject"}),
        ("grant_write_input", "Input", {"s3:PutObject", "s3:AbortMultipartUpload"}),
    ],
)
def test_grants_name_the_jobs_own_prefix(
    stack: cdk.Stack, grant: str, bucket: str, actions: set[str]
) -> None:
    role = iam.Role(stack, "Grantee", assumed_by=iam.AccountRootPrincipal())
    getattr(BatchTransform(stack, "Churn", job=EXISTING), grant)(role)
    permissions = allowed(Template.from_stack(stack), "Grantee")
    [objects] = [arn for arn in permissions if arn.endswith("/churn/*")]
    assert objects.startswith(f"ChurnData{bucket}")
    assert permissions.pop(objects) == actions
    assert set().union(*permissions.values()) <= {"s3:ListBucket"}


@pytest.mark.parametrize(
    ("method", "statuses"),
    [("on_failed", ["FAILED", "TIMED_OUT", "ABORTED"]), ("on_succeeded", ["SUCCEEDED"])],
)
def test_a_rule_matches_the_ends_of_this_jobs_runs(
    stack: cdk.Stack, method: str, statuses: list[str]
) -> None:
    job = BatchTransform(stack, "Churn", job=EXISTING)
    getattr(job, method)("Tell", target=targets.SqsQueue(sqs.Queue(stack, "Queue", enforce_ssl=True)))
    Template.from_stack(stack).has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "stateMachineArn": [stack.resolve(job.state_machine.state_machine_arn)],
                    "status": statuses,
                },
            },
            "Targets": [Match.object_like({"Id": Match.any_value()})],
        },
    )


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("metric_started", "ExecutionsStarted"),
        ("metric_succeeded", "ExecutionsSucceeded"),
        ("metric_failed", "ExecutionsFailed"),
        ("metric_timed_out", "ExecutionsTimedOut"),
        ("metric_aborted", "ExecutionsAborted"),
        ("metric_duration", "ExecutionTime"),
    ],
)
def test_metrics_are_those_of_the_state_machine(stack: cdk.Stack, method: str, name: str) -> None:
    job = BatchTransform(stack, "Churn", job=EXISTING)
    metric = getattr(job, method)(period=cdk.Duration.hours(1))
    assert (metric.namespace, metric.metric_name) == ("AWS/States", name)
    assert metric.dimensions == {"StateMachineArn": job.state_machine.state_machine_arn}
    assert metric.period.to_seconds() == 3600
