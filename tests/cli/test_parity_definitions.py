"""`parity --aws`, step 0, against accounts that answer as the local AWS does, or with a fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batch_transform.cli.main import main
from batch_transform.local.up import LocalAws
from e2e.workflow_stack import Deployed, deployed_jobs
from fakes.faulty_account import FaultyAccount, Refusal, faulty_account


@dataclass(frozen=True)
class Done:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def definition(self) -> dict[str, Any]:
        """What `--json` prints of the one definition."""
        found: dict[str, Any] = json.loads(self.out)
        return found


Command = Callable[..., Done]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_jobs(tmp_path_factory.mktemp("deployed"), {"quick": {}}) as found:
        yield found


@pytest.fixture(scope="module")
def served(deployed: Deployed) -> Iterator[FaultyAccount]:
    with faulty_account(deployed.aws.endpoint_url) as found:
        yield found


@pytest.fixture
def account(served: FaultyAccount) -> FaultyAccount:
    served.reset()
    return served


@pytest.fixture
def parity(
    deployed: Deployed,
    account: FaultyAccount,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Run the command in an empty folder, with the account as AWS."""
    monkeypatch.chdir(tmp_path)
    for name, value in deployed.aws.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint_url)

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(["parity", *arguments])
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    return run


def test_every_state_rule_catcher_and_expression_is_the_same_on_the_local_aws(
    parity: Command, account: FaultyAccount
) -> None:
    done = parity("--aws", "--json")
    found = done.definition
    assert (done.code, found["differences"], found["diagnostics"]) == (0, [], [])
    assert (found["job"], found["not_reached"], found["not_evaluated"]) == ("quick", [], [])
    assert found["requests"] == account.calls["TestState"] > found["states"] > 20
    assert account.calls["ValidateStateMachineDefinition"] == 1
    assert "the deployed definitions" in done.err  # with their price
    assert "instance" not in done.err.partition("the deployed definitions")[2]  # no price that costs


def test_a_running_local_aws_is_compared_by_its_address(parity: Command, deployed: Deployed) -> None:
    done = parity("--step", "0", "--endpoint-url", deployed.aws.endpoint_url)
    assert done.code == 0
    assert "1 definitions, 0 refused" in done.out
    assert "0 different" in done.out


def test_a_definition_that_the_account_refuses_is_shown_with_its_diagnostics(
    parity: Command, account: FaultyAccount
) -> None:
    diagnostic = {
        "severity": "ERROR",
        "code": "SCHEMA_VALIDATION_FAILED",
        "message": "The field 'Arguments' must be an object",
        "location": "/States/Transform/Arguments",
    }
    account.changes["ValidateStateMachineDefinition"] = lambda _request, answer: answer.update(
        result="FAIL", diagnostics=[diagnostic]
    )
    done = parity("--aws")
    assert done.code == 1
    assert "ERROR SCHEMA_VALIDATION_FAILED" in done.out
    assert "The field 'Arguments' must be an object at /States/Transform/Arguments" in done.out
    assert "1 definitions, 1 refused: 0 requests" in done.out
    assert account.calls["TestState"] == 0


def test_a_warning_is_shown_and_changes_nothing(parity: Command, account: FaultyAccount) -> None:
    warning = {
        "severity": "WARNING",
        "code": "NO_DOLLAR",
        "message": "look here",
        "location": "/States/Failed",
    }
    account.changes["ValidateStateMachineDefinition"] = lambda _request, answer: answer.update(
        diagnostics=[warning]
    )
    done = parity("--aws", "--json")
    assert done.definition["differences"] == []
    assert done.code == 0
    assert done.definition["diagnostics"] == [warning]


def of_state(name: str, **changed: object) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(request: dict[str, Any], answer: dict[str, Any]) -> None:
        if request["stateName"] == name:
            answer.update(changed)

    return change


def test_each_difference_is_named_with_both_values(parity: Command, account: FaultyAccount) -> None:
    account.changes["TestState"] = of_state("CheckTransformJobStatus", nextState="SomewhereElse")
    done = parity("--aws")
    assert done.code == 1
    assert (
        "quick: CheckTransformJobStatus (Default): nextState: the account says SomewhereElse, the local AWS says "
        "TransformJobNotCompleted" in done.out
    )
    assert "2 different" in done.out


@pytest.mark.parametrize(
    ("state", "changed", "member", "account_says"),
    [
        ("Completed", {"output": '{"Outcome": "Lost"}'}, "output", '{"Outcome": "Lost"}'),
        ("Failed", {"cause": "unknown"}, "cause", "unknown"),
        ("Failed", {"error": "States.Runtime"}, "error", "States.Runtime"),
        ("NextAttempt", {"inspectionData": {"input": "{}"}}, "variables", None),
        ("Transform", {"status": "FAILED"}, "status", "FAILED"),
    ],
)
def test_every_member_of_an_answer_is_compared(  # noqa: PLR0917  # a case
    parity: Command,
    account: FaultyAccount,
    state: str,
    changed: dict[str, Any],
    member: str,
    account_says: str,
) -> None:
    account.changes["TestState"] = of_state(state, **changed)
    done = parity("--aws", "--json")
    differences = [each for each in done.definition["differences"] if each["member"] == member]
    assert done.code == 1
    assert {each["state"] for each in differences} == {state}
    assert all(each["account"] == account_says and each["local"] != account_says for each in differences)


def test_a_request_that_the_account_refuses_is_a_difference(parity: Command, account: FaultyAccount) -> None:
    account.refusals["TestState"] = Refusal(
        "ValidationException", "Mocked result must be valid JSON", times=1
    )
    done = parity("--aws", "--at-once", "1", "--json")
    assert done.code == 1
    assert done.definition["different"] == 1
    refused = {each["member"]: each["account"] for each in done.definition["differences"]}
    assert refused["refused"] == "ValidationException: Mocked result must be valid JSON"


def test_a_throttled_call_is_made_again(parity: Command, account: FaultyAccount) -> None:
    account.refusals["TestState"] = Refusal("ThrottlingException", "Rate exceeded", times=2)
    done = parity("--aws", "--at-once", "1", "--json")
    assert done.definition["differences"] == []
    assert done.code == 0
    assert account.calls["TestState"] == done.definition["requests"] + 2


def test_a_throttled_comparison_shows_what_it_has_and_is_continued(
    parity: Command, account: FaultyAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    whole = parity("--aws", "--json").definition["requests"]
    account.reset()
    account.changes["TestState"] = of_state("PrepareRun", nextState="SomewhereElse")
    account.refusals["TestState"] = Refusal("ThrottlingException", "Rate exceeded", after=10)
    stopped = parity("--aws", "--at-once", "1")
    assert stopped.code == 2
    assert "1 definitions, 0 refused: 10 requests, " in stopped.out
    assert "the account says SomewhereElse" in stopped.out
    assert (
        "AWS refused TestState: ThrottlingException: Rate exceeded; 10 requests were compared before that: continue "
        "with --skip 10, later or with --at-once 1"
    ) in " ".join(stopped.err.split())
    assert account.calls["TestState"] < whole / 2  # those that waited aren't sent
    account.reset()
    rest = parity("--aws", "--json", "--skip", "10")
    assert (rest.code, rest.definition["requests"]) == (0, whole - 10)
    nothing = parity("--aws", "--skip", str(whole + 1))
    assert (nothing.code, nothing.out) == (2, "")
    assert f"the deployed definitions have {whole} requests" in nothing.err


@pytest.mark.parametrize(
    ("operation", "code", "message", "said"),
    [
        (
            "TestState",
            "AccessDeniedException",
            "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: states:TestState on resource: *",
            "your credentials don't allow states:TestState",
        ),
        (
            "ValidateStateMachineDefinition",
            "AccessDeniedException",
            "User is not authorized to perform: states:ValidateStateMachineDefinition",
            "your credentials don't allow states:ValidateStateMachineDefinition",
        ),
        ("DescribeStateMachine", "AccessDeniedException", "no", "don't allow states:DescribeStateMachine"),
        ("TestState", "ServiceQuotaExceededException", "too much", "AWS refused TestState"),
    ],
)
def test_fails_when_the_account_does_not_answer(  # noqa: PLR0917  # a case
    parity: Command, account: FaultyAccount, operation: str, code: str, message: str, said: str
) -> None:
    account.refusals[operation] = Refusal(code, message)
    done = parity("--aws")
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_fails_in_an_account_without_a_deployed_stack(
    parity: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalAws() as empty:
        monkeypatch.setenv("AWS_ENDPOINT_URL", empty.endpoint_url)
        done = parity("--aws")
        empty.client("cloudformation").create_stack(
            StackName="BatchTransform",
            TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
        )
        without_jobs = parity("--aws")
    assert (done.code, done.out) == (2, "")
    assert "there is no stack BatchTransform" in done.err
    assert (without_jobs.code, without_jobs.out) == (2, "")
    assert "no deployed state machine was found" in without_jobs.err


def test_fails_without_an_account(parity: Command) -> None:
    done = parity("--step", "0")
    assert done.code == 2
    assert "pass --aws, or the --endpoint-url of a local AWS that has your stacks" in done.err
