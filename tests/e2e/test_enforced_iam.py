"""The deployed stack with IAM enforced: its own roles suffice, and each of their permissions is there for a reason."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.values.stack_outputs import INPUT_BUCKET, state_machine_output
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from patience import PATIENCE_SECONDS

JOB = "tumours"


class Stack:
    """The example, deployed as a person deploys it, in an account that enforces IAM."""

    def __init__(self, aws: LocalAws, outputs: dict[str, str]) -> None:
        self.aws = aws
        self.machine = outputs[state_machine_output(JOB)]
        self.iam = aws.client("iam")

    def run(self) -> dict[str, Any]:
        """Start the state machine with what is deployed, and return the execution at its end."""
        states = self.aws.client("stepfunctions")
        execution = states.start_execution(stateMachineArn=self.machine, input="{}")["executionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            described: dict[str, Any] = states.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.2)
        raise AssertionError(f"{execution} did not end")

    def role_of_machine(self) -> str:
        machine = self.aws.client("stepfunctions").describe_state_machine(stateMachineArn=self.machine)
        return str(machine["roleArn"]).rpartition("/")[2]

    def role_of_model(self) -> str:
        sagemaker = self.aws.client("sagemaker")
        (model,) = sagemaker.list_models()["Models"]
        role = sagemaker.describe_model(ModelName=model["ModelName"])["ExecutionRoleArn"]
        return str(role).rpartition("/")[2]

    def role_of_function(self, part: str) -> str:
        """The role of the function with this in its name."""
        functions = self.aws.client("lambda").list_functions()["Functions"]
        (role,) = [each["Role"] for each in functions if part in each["FunctionName"]]
        return str(role).rpartition("/")[2]

    def without(self, role: str, action: str) -> Callable[[], None]:
        """Remove an action from the role's policies; return a function that restores it."""
        kept, changed = {}, []
        for name in self.iam.list_role_policies(RoleName=role)["PolicyNames"]:
            kept[name] = self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            statements = [
                {**statement, "Action": [each for each in listed(statement["Action"]) if each != action]}
                for statement in kept[name]["Statement"]
            ]
            left = {**kept[name], "Statement": [each for each in statements if each["Action"]]}
            changed.append(left != kept[name])
            self.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(left))

        assert any(changed), f"{role} has no {action}"

        def put_back() -> None:
            for name, document in kept.items():
                self.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

        return put_back


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, example_model: Path) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("enforced")
    (folder / "build").symlink_to(example_model)
    (folder / "jobs").mkdir()
    (folder / "jobs/tumours.yaml").write_text((PROJECT / "jobs/tumours.yaml").read_text())
    synthesise_here(PROJECT, jobs=folder / "jobs", assembly=folder / "cdk.out")
    with LocalAws(enforce_iam=True, wait_scale=0.002) as aws:
        outputs = deploy(folder / "cdk.out", "BatchTransform", aws.client, lambda _event: None)
        data = (example_model / "data/tumours.csv").read_bytes()
        aws.client("s3").put_object(Bucket=outputs[INPUT_BUCKET], Key=f"{JOB}/tumours.csv", Body=data)
        yield Stack(aws, outputs)


def test_the_example_runs_with_the_permissions_of_its_template(stack: Stack) -> None:
    execution = stack.run()
    assert execution["status"] == "SUCCEEDED", execution.get("cause")


def test_fails_when_the_execution_role_may_not_write(stack: Stack) -> None:
    put_back = stack.without(stack.role_of_model(), "s3:PutObject")
    try:
        execution = stack.run()
    finally:
        put_back()
    assert execution["status"] == "FAILED"
    assert "AccessDenied" in execution["cause"]
    assert "s3:PutObject" in execution["cause"]


def test_fails_when_the_execution_role_may_not_read(stack: Stack) -> None:
    put_back = stack.without(stack.role_of_model(), "s3:GetObject")
    try:
        execution = stack.run()
    finally:
        put_back()
    assert execution["status"] == "FAILED"
    assert "s3:GetObject" in execution["cause"]


@pytest.mark.parametrize("action", ["CreateTransformJob", "DescribeTransformJob", "AddTags", "ListTags"])
def test_fails_when_the_state_machine_may_not(stack: Stack, action: str) -> None:
    put_back = stack.without(stack.role_of_machine(), f"sagemaker:{action}")
    try:
        execution = stack.run()
    finally:
        put_back()
    assert execution["status"] == "FAILED"
    assert f"not authorized to perform: sagemaker:{action}" in execution["cause"]


def test_fails_when_the_preflight_function_may_not_list_the_input(stack: Stack) -> None:
    put_back = stack.without(stack.role_of_function("Preflight"), "s3:ListBucket")
    try:
        execution = stack.run()
    finally:
        put_back()
    assert execution["status"] == "FAILED"
    assert "s3:ListBucket" in execution["cause"]
