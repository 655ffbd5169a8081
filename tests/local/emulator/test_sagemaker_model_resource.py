from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

MODEL = {
    "ExecutionRoleArn": "arn:aws:iam::000000000000:role/transform-role",
    "PrimaryContainer": {"Image": "http://127.0.0.1:8080", "Environment": {"A": "1"}},
    "EnableNetworkIsolation": "true",
    "Tags": [{"Key": "team", "Value": "churn"}],
}


class Stack:
    def __init__(self, lab: Any, until: Callable[..., None]) -> None:
        self.name = lab.name()
        self._cloudformation = lab.aws.client("cloudformation")
        self._until = until

    def template(self, properties: dict[str, Any]) -> str:
        outputs = {
            "Ref": {"Value": {"Ref": "Model"}},
            "Name": {"Value": {"Fn::GetAtt": ["Model", "ModelName"]}},
        }
        model = {"Type": "AWS::SageMaker::Model", "Properties": properties}
        return json.dumps({"Resources": {"Model": model}, "Outputs": outputs})

    def create(self, **properties: Any) -> dict[str, str]:
        self._cloudformation.create_stack(StackName=self.name, TemplateBody=self.template(properties))
        return self.outputs("CREATE_COMPLETE")

    def update(self, **properties: Any) -> dict[str, str]:
        self._cloudformation.update_stack(StackName=self.name, TemplateBody=self.template(properties))
        return self.outputs("UPDATE_COMPLETE")

    def delete(self) -> None:
        stack_id = self._described()["StackId"]
        self._cloudformation.delete_stack(StackName=self.name)
        self._until(
            lambda: (
                self._cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
                == "DELETE_COMPLETE"
            )
        )

    def outputs(self, status: str) -> dict[str, str]:
        self._until(lambda: not self._described()["StackStatus"].endswith("_IN_PROGRESS"))
        described = self._described()
        assert described["StackStatus"] == status
        return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}

    def reasons(self) -> list[str]:
        events = self._cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [event.get("ResourceStatusReason", "") for event in events]

    def _described(self) -> dict[str, Any]:
        described: dict[str, Any] = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        return described


@pytest.fixture
def stack(lab: Any, until: Callable[..., None]) -> Stack:
    return Stack(lab, until)


def test_a_stack_defines_a_model_whose_ref_is_its_arn(lab: Any, stack: Stack) -> None:
    outputs = stack.create(**MODEL)
    described = lab.sagemaker.describe_model(ModelName=outputs["Name"])
    assert outputs["Ref"] == described["ModelArn"]
    assert outputs["Name"].startswith(f"{stack.name}-Model-")
    assert described["EnableNetworkIsolation"] is True
    tags = {tag["Key"]: tag["Value"] for tag in lab.sagemaker.list_tags(ResourceArn=outputs["Ref"])["Tags"]}
    assert tags["team"] == "churn"
    assert tags["aws:cloudformation:logical-id"] == "Model"


def test_a_changed_property_replaces_the_model(lab: Any, stack: Stack) -> None:
    before = stack.create(**MODEL)
    after = stack.update(**{**MODEL, "PrimaryContainer": {"Image": "http://127.0.0.1:8081"}})
    assert after["Name"] != before["Name"]
    listed = [model["ModelName"] for model in lab.sagemaker.list_models(NameContains=stack.name)["Models"]]
    assert listed == [after["Name"]]


def test_changed_tags_leave_the_model_in_place(lab: Any, stack: Stack) -> None:
    before = stack.create(**MODEL)
    after = stack.update(**{**MODEL, "Tags": [{"Key": "owner", "Value": "me"}]})
    assert after == before
    tags = {tag["Key"]: tag["Value"] for tag in lab.sagemaker.list_tags(ResourceArn=after["Ref"])["Tags"]}
    assert tags["owner"] == "me"
    assert "team" not in tags


def test_deleting_the_stack_deletes_the_model(lab: Any, stack: Stack) -> None:
    stack.create(**MODEL)
    stack.delete()
    assert lab.sagemaker.list_models(NameContains=stack.name)["Models"] == []


def test_fails_with_the_services_reason_when_the_model_is_refused(stack: Stack) -> None:
    stack._cloudformation.create_stack(
        StackName=stack.name, TemplateBody=stack.template({**MODEL, "ModelName": "under_scored"})
    )
    stack.outputs("ROLLBACK_COMPLETE")
    assert any(
        "Value 'under_scored' at 'modelName' failed to satisfy constraint" in reason
        for reason in stack.reasons()
    )
