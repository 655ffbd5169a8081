from __future__ import annotations

import importlib.util
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import DeployError
from batch_transform.local.deploy import StackEvent, deploy

# tests are not a package, so the module that writes an assembly is loaded by its path
_spec = importlib.util.spec_from_file_location(
    "assembly_writer", Path(__file__).with_name("test_cloud_assembly.py")
)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
write_assembly: Callable[..., Path] = _module.write_assembly

BOOTSTRAP = {
    "BootstrapVersion": {
        "Type": "AWS::SSM::Parameter::Value<String>",
        "Default": "/cdk-bootstrap/hnb659fds/version",
    }
}


def template(**resources: Any) -> dict[str, Any]:
    return {
        "Parameters": BOOTSTRAP,
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Code": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.12",
                    "Handler": "handler.handler",
                    "Role": "arn:aws:iam::000000000000:role/x",
                    "Code": {
                        "S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"},
                        "S3Key": "code.zip",
                    },
                },
            },
            **resources,
        },
        "Outputs": {"TopicArn": {"Value": {"Ref": "Topic"}}},
    }


@pytest.fixture
def name() -> str:
    return f"Demo-{uuid.uuid4().hex[:8]}"


def test_a_stack_is_created_from_its_template_and_assets(lab: Any, tmp_path: Path, name: str) -> None:
    events: list[StackEvent] = []
    outputs = deploy(write_assembly(tmp_path, template(), name=name), name, lab.aws.client, events.append)
    assert outputs["TopicArn"].startswith("arn:aws:sns:us-east-1:000000000000:")
    completed = [event.logical_id for event in events if event.status == "CREATE_COMPLETE"]
    assert sorted(completed) == sorted(["Topic", "Code", name])
    assert completed[-1] == name


def test_the_account_is_bootstrapped_as_cdk_does(lab: Any, tmp_path: Path, name: str) -> None:
    deploy(write_assembly(tmp_path, template(), name=name), name, lab.aws.client, lambda event: None)
    resources = lab.aws.client("cloudformation").describe_stack_resources(StackName="CDKToolkit")[
        "StackResources"
    ]
    assert {resource["LogicalResourceId"] for resource in resources} >= {
        "StagingBucket",
        "CdkBootstrapVersion",
    }


def test_a_stack_without_changes_is_not_updated(lab: Any, tmp_path: Path, name: str) -> None:
    assembly = write_assembly(tmp_path, template(), name=name)
    first = deploy(assembly, name, lab.aws.client, lambda event: None)
    events: list[StackEvent] = []
    assert deploy(assembly, name, lab.aws.client, events.append) == first
    assert events == []


def test_a_changed_stack_is_updated(lab: Any, tmp_path: Path, name: str) -> None:
    deploy(write_assembly(tmp_path, template(), name=name), name, lab.aws.client, lambda event: None)
    events: list[StackEvent] = []
    changed = template(Queue={"Type": "AWS::SQS::Queue"})
    deploy(write_assembly(tmp_path, changed, name=name), name, lab.aws.client, events.append)
    assert "Queue" in {event.logical_id for event in events}
    resources = lab.aws.client("cloudformation").describe_stack_resources(StackName=name)["StackResources"]
    assert "Queue" in {resource["LogicalResourceId"] for resource in resources}
    assert events[-1] == StackEvent(name, "AWS::CloudFormation::Stack", "UPDATE_COMPLETE", events[-1].reason)


BAD_MODEL = {
    "Type": "AWS::SageMaker::Model",
    "Properties": {"ModelName": "under_scored", "PrimaryContainer": {"Image": "x"}},
}


def test_fails_with_the_first_resource_that_failed_and_why(lab: Any, tmp_path: Path, name: str) -> None:
    assembly = write_assembly(tmp_path, template(Model=BAD_MODEL), name=name)
    with pytest.raises(
        DeployError, match=r"ended in ROLLBACK_COMPLETE: AWS::SageMaker::Model Model: .*under_scored"
    ):
        deploy(assembly, name, lab.aws.client, lambda event: None)


def test_a_stack_whose_creation_failed_can_be_deployed_once_it_is_fixed(
    lab: Any, tmp_path: Path, name: str
) -> None:
    with pytest.raises(DeployError):
        deploy(
            write_assembly(tmp_path, template(Model=BAD_MODEL), name=name),
            name,
            lab.aws.client,
            lambda event: None,
        )
    fixed = write_assembly(tmp_path, template(), name=name)
    assert "TopicArn" in deploy(fixed, name, lab.aws.client, lambda event: None)


def test_fails_when_the_template_is_refused(lab: Any, tmp_path: Path, name: str) -> None:
    assembly = write_assembly(tmp_path, template(Odd={"Type": "AWS::No::Such"}), name=name)
    with pytest.raises(DeployError, match=r"the template was refused: .*AWS::No::Such"):
        deploy(assembly, name, lab.aws.client, lambda event: None)
