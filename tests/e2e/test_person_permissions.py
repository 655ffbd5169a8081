"""The policy in docs/how-to/permissions-for-people.md suffices for the commands, and each of its actions is needed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_transform.cli.main import main
from batch_transform.job.values.stack_outputs import INPUT_BUCKET, state_machine_output
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from batch_transform.runs.aws_calls import ACTIONS
from batch_transform.runs.uploads import PART
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from patience import PATIENCE_SECONDS

PAGE = (PROJECT / "docs/how-to/permissions-for-people.md").read_text(encoding="utf-8")
POLICY: dict[str, Any] = json.loads(re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0])
USER = "ann"
JOB = "tumours"
START = ("start", JOB)
RUNS = ("runs", JOB)
SHOW = ("show", JOB)
STOP = ("stop", "--all", "--yes")

Command = Callable[..., tuple[int, str, str]]


def aws_outputs(aws: LocalAws) -> dict[str, str]:
    [stack] = aws.client("cloudformation").describe_stacks(StackName="BatchTransform")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def actions_of(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory, example_model: Path) -> Iterator[LocalAws]:
    """An account that enforces IAM, with the example, its data and a run."""
    folder = tmp_path_factory.mktemp("person")
    (folder / "build").symlink_to(example_model)
    (folder / "jobs").mkdir()
    (folder / "jobs/tumours.yaml").write_text((PROJECT / "jobs/tumours.yaml").read_text())
    synthesise_here(PROJECT, jobs=folder / "jobs", assembly=folder / "cdk.out")
    with LocalAws(enforce_iam=True, wait_scale=0.002) as aws:
        outputs = deploy(folder / "cdk.out", "BatchTransform", aws.client, lambda _event: None)
        data = (example_model / "data/tumours.csv").read_bytes()
        aws.client("s3").put_object(Bucket=outputs[INPUT_BUCKET], Key=f"{JOB}/tumours.csv", Body=data)
        states = aws.client("stepfunctions")
        run = states.start_execution(stateMachineArn=outputs[state_machine_output(JOB)])["executionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while states.describe_execution(executionArn=run)["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the run did not end"
            time.sleep(0.2)
        yield aws


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
    """Run a command as the user, with all or part of the page's policy."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**aws.environment(), **key}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, without: str = "") -> tuple[int, str, str]:
        left = [
            {**statement, "Action": [action for action in actions_of(statement) if action != without]}
            for statement in POLICY["Statement"]
        ]
        document = {**POLICY, "Statement": [statement for statement in left if statement["Action"]]}
        aws.client("iam").put_user_policy(
            UserName=USER, PolicyName="page", PolicyDocument=json.dumps(document)
        )
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return run


def test_the_page_allows_what_the_commands_call_and_no_more() -> None:
    allowed = [action for statement in POLICY["Statement"] for action in actions_of(statement)]
    # AWS asks for the last one when no stack is named (API reference, DescribeStacks); the local AWS does not
    assert sorted(allowed) == sorted({*ACTIONS.values(), "cloudformation:ListStacks"})


def test_the_policy_suffices_for_each_command(command: Command) -> None:
    assert command(*START, "--wait")[::2] == (0, "")
    for arguments in (RUNS, SHOW):
        code, out, err = command(*arguments)
        assert (code, err) == (0, "")
        assert "SUCCEEDED" in out
    [run] = json.loads(command(*RUNS, "--limit", "1", "--json")[1])
    assert command("stop", run["run"])[::2] == (0, "")
    assert command(*STOP)[::2] == (0, "")


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("cloudformation:DescribeStacks", START),
        ("states:DescribeStateMachine", START),
        ("states:StartExecution", START),
        ("states:ListExecutions", RUNS),
        ("states:DescribeExecution", RUNS),
        ("states:GetExecutionHistory", SHOW),
        ("sagemaker:ListTransformJobs", SHOW),
        ("sagemaker:DescribeTransformJob", SHOW),
        ("logs:GetLogEvents", RUNS),
        ("s3:ListBucket", SHOW),
    ],
)
def test_fails_without_one_action_and_names_it(
    command: Command, action: str, arguments: tuple[str, ...]
) -> None:
    code, _, err = command(*arguments, without=action)
    assert code == 2
    assert f"your credentials don't allow {action} " in err


@pytest.fixture
def large(aws: LocalAws, tmp_path: Path) -> Iterator[Path]:
    """A file that is uploaded in parts, whose upload somebody has begun. Its object is removed in the end."""
    file = tmp_path / "large.csv"
    file.write_bytes(b"1,2,3\n" * (2 * PART // 6))
    s3 = aws.client("s3")
    place = {"Bucket": aws_outputs(aws)[INPUT_BUCKET], "Key": f"{JOB}/{file.name}"}
    begun = s3.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]
    yield file
    s3.abort_multipart_upload(**place, UploadId=begun)
    s3.delete_object(**place)


def test_the_policy_suffices_to_upload_and_fetch(command: Command, large: Path) -> None:
    for _ in range(2):
        assert command("upload", JOB, str(large))[::2] == (0, "")
    code, out, err = command("fetch", JOB, "--json")
    assert (code, err) == (0, "")
    assert {one["result"] for one in json.loads(out)["files"]} == {"fetched"}
    code, out, err = command("compare", JOB, JOB, "--max-changed", "0%", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["keys"]["both"] > 0


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("s3:GetObject", ("upload", JOB)),
        ("s3:PutObject", ("upload", JOB)),
        ("s3:ListBucketMultipartUploads", ("upload", JOB)),
        ("s3:ListMultipartUploadParts", ("upload", JOB)),
        ("s3:ListBucket", ("fetch", JOB)),
        ("s3:GetObject", ("fetch", JOB)),
    ],
)
def test_fails_to_transfer_without_one_action_and_names_it(
    command: Command, large: Path, action: str, arguments: tuple[str, ...]
) -> None:
    files = (str(large), "--overwrite") if arguments[0] == "upload" else ()
    code, _, err = command(*arguments, *files, without=action)
    assert code == 2
    assert f"your credentials don't allow {action} " in err


def test_without_prices_a_run_starts_and_the_cost_is_unknown(command: Command) -> None:
    code, out, err = command(*START, without="pricing:GetProducts")
    assert (code, err) == (0, "")
    assert "unknown: the price isn't known: your credentials don't allow pricing:GetProducts " in out
    code, out, err = command(*RUNS, "--cost", without="pricing:GetProducts")
    assert code == 0
    assert "USD 0.0" in out  # the record says what a run cost


def test_fails_without_the_permission_to_stop_a_run(command: Command) -> None:
    [run] = json.loads(command(*RUNS, "--limit", "1", "--json")[1])
    code, _, err = command("stop", run["run"], without="states:StopExecution")
    assert code == 2
    assert "your credentials don't allow states:StopExecution " in err


def test_fails_with_1_where_a_run_was_stopped_and_cannot_be_looked_at(command: Command) -> None:
    [run] = json.loads(command(*RUNS, "--limit", "1", "--json")[1])
    code, _, err = command("stop", run["run"], without="sagemaker:ListTransformJobs")
    assert code == 1
    assert "are being stopped, but cannot be followed to their end: your credentials don't allow" in err


def test_fails_with_1_if_the_run_was_started_and_cannot_be_followed(command: Command) -> None:
    code, _, err = command(*START, without="states:DescribeExecution")
    assert code == 1
    assert "was started, and cannot be followed: your credentials don't allow states:DescribeExecution" in err


@pytest.fixture
def failed(command: Command, aws: LocalAws) -> Iterator[str]:
    """A run that fails because of one of its objects, which is removed in the end."""
    s3 = aws.client("s3")
    place = {"Bucket": aws_outputs(aws)[INPUT_BUCKET], "Key": f"{JOB}/bad.csv"}
    s3.put_object(**place, Body=b"case-x,not-a-number" + b",1" * 29 + b"\n")
    assert command(*START, "--wait")[0] == 1
    [run] = json.loads(command(*RUNS, "--limit", "1", "--json")[1])
    yield str(run["run"])
    s3.delete_object(**place)


def test_the_policy_suffices_to_retry_a_run(command: Command, failed: str) -> None:
    for action in ("s3:GetObject", "states:StartExecution"):
        code, _, err = command("retry", failed, without=action)
        assert code == 2
        assert f"your credentials don't allow {action} " in err
    code, _, err = command("retry", failed, "--wait")
    assert code == 1  # the object is still bad
    assert "don't allow" not in err
    assert "not-a-number" in err
