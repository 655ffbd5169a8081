"""The policy in docs/how-to/permissions-for-people.md suffices for step 0 of parity, and each action is needed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_transform.cli.main import main
from batch_transform.job.values.stack_outputs import state_machine_description
from batch_transform.local.up import LocalAws
from e2e.project_copy import PROJECT
from patience import PATIENCE_SECONDS

PAGE = (PROJECT / "docs/how-to/permissions-for-people.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## Compare deployed definitions with AWS")[2]
POLICY: dict[str, Any] = json.loads(re.findall(r"^```json\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)[0])
USER = "ann"
DEFINITION = {
    "QueryLanguage": "JSONata",
    "StartAt": "Call",
    "States": {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "f", "Payload": "{% $states.context.Execution.Id %}"},
            "Output": "{% $states.result.Payload.answer %}",
            "End": True,
        }
    },
}

Command = Callable[..., tuple[int, str, str]]


def actions_of(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """An account that enforces IAM, with the stack of a small state machine."""
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    template = {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}},
            },
            "Workflow": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "StateMachineName": "JobsSmallWorkflow",
                    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "DefinitionString": json.dumps(DEFINITION),
                },
            },
        },
        "Outputs": {
            "Small": {"Value": {"Ref": "Workflow"}, "Description": state_machine_description("small")}
        },
    }
    with LocalAws(enforce_iam=True) as found:
        stacks = found.client("cloudformation")
        stacks.create_stack(
            StackName="BatchTransform", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "PROGRESS" in stacks.describe_stacks(StackName="BatchTransform")["Stacks"][0]["StackStatus"]:
            assert time.monotonic() < deadline, "the stack was not created"
            time.sleep(0.1)
        yield found


@pytest.fixture(scope="module")
def key(aws: LocalAws) -> dict[str, str]:
    """The access key of a user who may do nothing yet."""
    iam = aws.client("iam")
    iam.create_user(UserName=USER)
    made = iam.create_access_key(UserName=USER)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


@pytest.fixture
def command(
    aws: LocalAws,
    key: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Run step 0 as the user, with all or part of the page's policy."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**aws.environment(), **key}.items():
        monkeypatch.setenv(name, value)

    def run(without: str = "") -> tuple[int, str, str]:
        left = [
            {**statement, "Action": [action for action in actions_of(statement) if action != without]}
            for statement in POLICY["Statement"]
        ]
        document = {**POLICY, "Statement": [statement for statement in left if statement["Action"]]}
        aws.client("iam").put_user_policy(
            UserName=USER, PolicyName="page", PolicyDocument=json.dumps(document)
        )
        with pytest.raises(SystemExit) as ended:
            main(["parity", "--aws", "--json"])
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return run


def test_the_policy_suffices_for_step_0(command: Command) -> None:
    code, out, _ = command()
    found = json.loads(out)
    assert (code, found["differences"], found["not_evaluated"]) == (0, [], [])
    assert found["requests"] == 1


@pytest.mark.parametrize(
    "action",
    [
        "cloudformation:DescribeStacks",
        "states:DescribeStateMachine",
        "states:TestState",
        "states:ValidateStateMachineDefinition",
    ],
)
def test_fails_without_one_action_and_names_it(command: Command, action: str) -> None:
    code, out, err = command(without=action)
    assert (code, out) == (2, "")
    assert f"your credentials don't allow {action} " in err


def test_the_page_allows_no_more() -> None:
    allowed = [action for statement in POLICY["Statement"] for action in actions_of(statement)]
    # AWS asks for ListStacks when no stack is named (API reference, DescribeStacks); the local AWS does not
    assert sorted(allowed) == [
        "cloudformation:DescribeStacks",
        "cloudformation:ListStacks",
        "states:DescribeStateMachine",
        "states:TestState",
        "states:ValidateStateMachineDefinition",
    ]
