"""The CDK's own task for transform jobs compared with ours, for one job: what each sends, allows and leaves out.

When the CDK fixes one of these, a test here fails, and docs/how-it-works/the-cdks-own-task.md needs an update.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    FrameworkImage,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
)
from batch_transform_cdk import BatchTransform, CustomerKey
from nag.apps import findings, report

DOCS = Path(__file__).resolve().parents[2] / "docs/how-it-works/the-cdks-own-task.md"

OUR_JOB = JobSpec(
    name="churn",
    model=ModelSpec(
        artifact="s3://models/churn/model.tar.gz",
        image=FrameworkImage("sklearn", "1.2-1"),
        enable_network_isolation=True,
    ),
    input=InputSpec(data="s3://lake/churn/", content_type="text/csv", split_type="Line"),
    transform=TransformSpec(
        instance_type=("ml.m5.large",), strategy="MultiRecord", invocations_max_retries=2
    ),
    data_processing=DataProcessingSpec(input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]"),
    output=OutputSpec(path="s3://scores/churn/", accept="text/csv", assemble_with="Line"),
)


def stock(stack: cdk.Stack, *, sync: bool = True, **options: Any) -> tasks.SageMakerCreateTransformJob:
    """The same job with the CDK's task, as in its documentation, and with a retry."""
    model = sagemaker.CfnModel(
        stack,
        "Model",
        execution_role_arn="arn:aws:iam::111122223333:role/execution",
        primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
            image="111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn"
        ),
    )
    transform = tasks.SageMakerCreateTransformJob(
        stack,
        "Transform",
        transform_job_name=sfn.JsonPath.string_at("$$.Execution.Name"),
        model_name=model.attr_model_name,
        batch_strategy=tasks.BatchStrategy.MULTI_RECORD,
        model_client_options=tasks.ModelClientOptions(invocations_timeout=cdk.Duration.minutes(1)),
        transform_input=tasks.TransformInput(
            transform_data_source=tasks.TransformDataSource(
                s3_data_source=tasks.TransformS3DataSource(s3_uri="s3://lake/churn/")
            ),
            content_type="text/csv",
            split_type=tasks.SplitType.LINE,
        ),
        transform_output=tasks.TransformOutput(
            s3_output_path="s3://scores/churn/", accept="text/csv", assemble_with=tasks.AssembleWith.LINE
        ),
        # The CDK's own InstanceType adds `ml.` in front of what SageMaker's name already has.
        transform_resources=tasks.TransformResources(
            instance_count=1, instance_type=ec2.InstanceType("ml.m5.large")
        ),
        integration_pattern=sfn.IntegrationPattern.RUN_JOB
        if sync
        else sfn.IntegrationPattern.REQUEST_RESPONSE,
        **options,
    )
    transform.add_retry()
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(transform))
    return transform


def ours(stack: cdk.Stack) -> None:
    BatchTransform(stack, "Churn", job=OUR_JOB)


def ours_with_key(stack: cdk.Stack) -> None:
    BatchTransform(stack, "Churn", job=OUR_JOB, encryption_key=CustomerKey(stack, "Key").key)


@lru_cache
def template(define: Any) -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "Stack")
    define(stack)
    return dict(assertions.Template.from_stack(stack).to_json())


def states(define: Any) -> dict[str, Any]:
    """Return the states of the stack's state machine."""
    [machine] = of_type(template(define), "AWS::StepFunctions::StateMachine")
    parts = machine["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else str(next(iter(part.values()))) for part in parts)
    return dict(json.loads(text)["States"])


def state(define: Any) -> dict[str, Any]:
    return dict(states(define)["Transform"])


def our_request(define: Any = ours) -> dict[str, Any]:
    return dict(states(define)["PrepareRun"]["Assign"]["declared_request"])


def of_type(made: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in made["Resources"].values() if resource["Type"] == kind]


def managed_policies(made: dict[str, Any]) -> set[str]:
    return {
        json.dumps(arn).rpartition("/")[2].rstrip('"]}')
        for role in of_type(made, "AWS::IAM::Role")
        for arn in role.get("ManagedPolicyArns", [])
    }


def test_the_stock_task_cannot_filter_or_join() -> None:
    assert "DataProcessing" not in state(stock)["Parameters"]
    assert "data_processing" not in {name.lower() for name in dir(tasks.SageMakerCreateTransformJobProps)}
    assert our_request()["DataProcessing"] == {
        "InputFilter": "$[1:]",
        "JoinSource": "Input",
        "OutputFilter": "$[0,-1]",
    }


def test_the_stock_task_writes_ml_twice() -> None:
    assert state(stock)["Parameters"]["TransformResources"]["InstanceType"] == "ml.ml.m5.large"
    assert our_request()["TransformResources"]["InstanceType"] == "ml.m5.large"


def test_the_stock_task_sends_no_retries_when_only_the_timeout_is_set() -> None:
    assert state(stock)["Parameters"]["ModelClientConfig"] == {
        "InvocationsMaxRetries": 0,
        "InvocationsTimeoutInSeconds": 60,
    }
    assert our_request()["ModelClientConfig"] == {
        "InvocationsMaxRetries": 2,
        "InvocationsTimeoutInSeconds": 600,
    }


def test_the_stock_task_makes_a_full_access_role_that_nothing_uses() -> None:
    made = template(stock)
    assert managed_policies(made) == {"AmazonSageMakerFullAccess"}
    [name] = [
        logical_id
        for logical_id, resource in made["Resources"].items()
        if "AmazonSageMakerFullAccess" in json.dumps(resource)
    ]
    used = [
        logical_id
        for logical_id, resource in made["Resources"].items()
        if name in json.dumps(resource) and resource["Type"] != "AWS::IAM::Policy"
    ]
    assert used == []  # only the state machine may pass it, and no request uses it
    assert managed_policies(template(ours)) == set()


def test_the_stock_task_has_no_keys_and_one_place_for_the_output() -> None:
    sent = state(stock)["Parameters"]
    assert sent["TransformOutput"]["S3OutputPath"] == "s3://scores/churn/"
    assert "KmsKeyId" not in sent["TransformOutput"]
    assert "VolumeKmsKeyId" not in sent["TransformResources"]
    declared = our_request(ours_with_key)
    [key] = set(re.findall(r"Key[0-9A-F]{8}", declared["TransformOutput"]["KmsKeyId"]))
    assert key in declared["TransformResources"]["VolumeKmsKeyId"]


def test_the_stock_tasks_role_may_stop_any_transform_job_of_the_account() -> None:
    assert ":transform-job/*" in json.dumps(of_type(template(stock), "AWS::IAM::Policy"))
    roles = json.dumps(of_type(template(ours), "AWS::IAM::Role"))
    assert ":transform-job/*" not in roles
    assert ":transform-job/churn-" in roles


def test_the_stock_task_has_no_timeout() -> None:
    assert "TimeoutSeconds" not in state(stock)
    assert state(ours)["TimeoutSeconds"] > 0


def test_the_pack_finds_the_faults_of_the_stock_task() -> None:
    assert findings(stock) == {
        "JobNameReused[Transform]",
        "DataFailureRetried[Transform]",
        "NoTimeout[Transform]",
        "OutputPathReused[Transform]",
        "RequestRefused[Transform/TransformResources.InstanceType]",
        "InvocationsNotRetried[Transform]",
        "OutputWithoutKey[Transform]",
        "VolumeWithoutKey[Transform]",
        "ModelNotIsolated",
        "ImageNotPinned[111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn]",
        "FullAccessRole[Policy::AmazonSageMakerFullAccess]",
        "FullAccessRole[Resource::arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>:transform-job/*]",
    }


def test_the_pack_finds_that_the_stock_tasks_default_does_not_wait_for_the_job() -> None:
    assert "JobNotFollowed[Transform]" in findings(lambda stack: stock(stack, sync=False))


def test_the_pack_finds_nothing_in_ours_except_that_no_customer_key_was_requested() -> None:
    reported = report(ours)
    assert reported["violations"] == []
    assert {found["ruleName"] for found in reported["suppressedViolations"]} == {
        "OutputWithoutKey[Transform]",
        "VolumeWithoutKey[Transform]",
    }


def test_the_page_names_each_finding_and_the_version() -> None:
    page = DOCS.read_text()
    assert f"aws-cdk-lib {metadata.version('aws-cdk-lib')}" in page
    for finding in findings(stock):
        assert f"`{finding.partition('[')[0]}`" in page
