"""`start`, `runs`, `show` and `stop` with a stack that is deployed to the local AWS."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from e2e.deployed_commands import Command, commands, program
from e2e.workflow_stack import Deployed, deployed_jobs
from patience import PATIENCE_SECONDS

PAYLOAD = {"transform": {"max_payload": 6}}
JOBS: dict[str, dict[str, Any]] = {
    "quick": {**PAYLOAD, "limits": {"instance_types": ["ml.m5.large", "ml.c5.xlarge"], "instance_count": 3}},
    "refused": {"behaviour": "refuse"},
    "hanging-one": {"behaviour": "hang"},
    "idle": PAYLOAD,
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_jobs(tmp_path_factory.mktemp("deployed"), JOBS) as found:
        yield found


@pytest.fixture
def batch_transform(
    deployed: Deployed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Run a command in an empty folder, where all its information comes from the stack."""
    return commands(deployed, tmp_path, monkeypatch, capsys)


def test_a_run_is_started_and_the_output_says_how_to_follow_it(
    batch_transform: Command, deployed: Deployed
) -> None:
    done = batch_transform("start", "quick", "--set", "transform.instance_count=2")
    assert (done.code, done.err) == (0, "")
    execution = done.value("execution")
    assert json.loads(deployed.wait(execution)["input"]) == {"transform.instance_count": 2}
    assert execution.rpartition(":")[2].startswith("start-20")
    assert done.value("follow") == f"batch-transform show {done.value('run')}"
    assert done.value("stop") == f"batch-transform stop {done.value('run')}"
    assert "console" not in done.out  # a local AWS has no console
    assert done.value("price").startswith(
        "USD 0.115 per hour for ml.m5.large in us-east-1 (example price of the local AWS, 20"
    )
    assert "an attempt costs at most USD " in done.value("cost")


def job_file(folder: Path) -> Path:
    path = folder / "quick.yaml"
    path.write_text("name: quick\nmodel: {existing: quick-model}\n")
    return path


def test_waiting_shows_the_runs_output_and_then_its_cost_is_known(
    batch_transform: Command, tmp_path: Path
) -> None:
    done = batch_transform("start", "quick", "--wait")
    assert (done.code, done.err) == (0, "")
    run = done.value("run")
    assert "state     CountResults" in done.out
    assert done.value("output").endswith(f"/quick/{run}")
    assert done.value("read") == "1 object of 18 bytes"
    assert done.value("instances") == "1 x ml.m5.large"
    listed = batch_transform("runs", "quick", "--cost", "--json")
    [found] = [row for row in json.loads(listed.out) if row["run"] == run]
    assert found["cost"]["Currency"] == "USD"
    [job] = json.loads(batch_transform("show", run, "--json").out)["record"]["TransformJobs"]
    started, ended = (datetime.fromisoformat(job[f"Transform{end}Time"]) for end in ("Start", "End"))
    assert found["cost"]["Amount"] == round((ended - started).total_seconds() / 3600 * 0.115, 6)
    again = batch_transform("explain", str(job_file(tmp_path)), "--deployed")
    assert (again.code, again.err) == (0, "")
    [said] = [line for line in again.out.split("\n\n") if line.startswith("Cost")]
    assert re.search(r"The cost is about USD [\d.]+ for 18 bytes at", " ".join(said.split())), said


def test_waiting_for_a_run_that_fails_exits_with_1_and_the_cause(batch_transform: Command) -> None:
    done = batch_transform("start", "refused", "--wait")
    assert done.code == 1
    assert "error: the run ended FAILED: BatchTransform.TaskFailed" in done.err
    assert "not a number" in done.err


def test_overrides_are_read_from_a_file_and_an_option_wins(
    batch_transform: Command, deployed: Deployed, tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_text('{"transform.max_payload": 1, "transform.instance_count": 2}')
    done = batch_transform("start", "quick", "--overrides", "run.json", "--set", "transform.max_payload=2")
    assert done.code == 0
    given = json.loads(deployed.wait(done.value("execution"))["input"])
    assert given == {"transform.max_payload": 2, "transform.instance_count": 2}


def test_a_run_is_started_like_another_one_and_an_option_wins(
    batch_transform: Command, deployed: Deployed
) -> None:
    first = deployed.start(
        "quick", {"transform.instance_type": "ml.c5.xlarge", "transform.instance_count": 2}
    )
    deployed.wait(first)
    done = batch_transform("start", "--like", first, "--set", "transform.instance_count=1")
    assert (done.code, done.err) == (0, "")
    run = batch_transform("show", first).value("run")
    like = {"transform.instance_type": "ml.c5.xlarge", "transform.instance_count": 2}
    assert done.value("like") == f"{run}: {json.dumps(like)}"
    given = json.loads(deployed.wait(done.value("execution"))["input"])
    assert given == {**like, "transform.instance_count": 1}
    plain = batch_transform("start", "quick")
    deployed.wait(plain.value("execution"))
    again = batch_transform("start", "--like", plain.value("run"))
    assert again.value("like") == f"{plain.value('run')}: no overrides"
    assert deployed.wait(again.value("execution"))["status"] == "SUCCEEDED"


def test_a_started_run_can_be_printed_as_json(batch_transform: Command, deployed: Deployed) -> None:
    done = batch_transform("start", "quick", "--json")
    started = json.loads(done.out)
    assert (started["job"], started["overrides"], started["like"]) == ("quick", {}, None)
    assert started["estimate"]["price"]["Currency"] == "USD"
    assert deployed.wait(started["execution_arn"])["status"] == "SUCCEEDED"
    done = batch_transform("start", "--like", started["run"], "--wait", "--json")
    assert (done.code, done.err) == (0, "")
    ended = json.loads(done.out)
    assert (ended["status"], ended["like"]) == ("SUCCEEDED", started["run"])
    assert (ended["output"]["RunId"], ended["output"]["OutputObjects"]) == (ended["run"], 1)
    done = batch_transform("start", "refused", "--wait", "--json")
    assert done.code == 1
    failed = json.loads(done.out)
    assert (failed["status"], failed["error"]) == ("FAILED", "BatchTransform.TaskFailed")
    assert "not a number" in failed["cause"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a job, or a run to start again"),
        (["--like", "no-such-run"], "there is no run no-such-run"),
        (["idle", "--set", "transform.instance_count=2"], "write `instance_count: 2` under `limits`"),
        (["idle", "--set", "transform.instance_cuont=2"], "did you mean transform.instance_count?"),
        (["idle", "--set", "transform.max_payload=200"], "max-payload-too-large"),
        (["idle", "--overrides", "nowhere.json"], "nowhere.json cannot be read"),
        (["hanging"], "no job hanging is deployed in prod; did you mean hanging-one?"),
        (["idle", "--environment", "stage"], "it has prod"),
    ],
)
def test_fails_with_2_and_starts_nothing_when_the_input_is_wrong(
    batch_transform: Command, deployed: Deployed, arguments: list[str], message: str
) -> None:
    done = batch_transform("start", *arguments)
    assert done.code == 2
    assert message in done.err
    listed = deployed.aws.client("stepfunctions").list_executions(stateMachineArn=deployed.machine("idle"))
    assert listed["executions"] == []


def test_fails_if_the_stack_is_not_deployed_and_shows_the_command_that_deploys_it(
    batch_transform: Command, tmp_path: Path
) -> None:
    (tmp_path / "environments.yaml").write_text("environments: {prod: {}, dev: {prefix: dev-}}\n")
    done = batch_transform("runs", "--environment", "dev")
    assert done.code == 2
    assert "there is no stack dev-BatchTransform in the region us-east-1" in done.err
    assert "npx aws-cdk@2 deploy --all -c environment=dev" in done.err


def test_fails_with_credentials_for_an_account_other_than_the_environments(
    batch_transform: Command, tmp_path: Path
) -> None:
    (tmp_path / "environments.yaml").write_text("environments: {prod: {account: '123456789012'}}\n")
    done = batch_transform("runs")
    assert done.code == 2
    assert "your credentials are for the account 000000000000" in done.err


def test_runs_are_listed_newest_first_with_their_errors(batch_transform: Command, deployed: Deployed) -> None:
    for job in ("quick", "refused"):
        deployed.run(job, {})
    done = batch_transform("runs", "--limit", "2")
    assert (done.code, done.err) == (0, "")
    _, _, first, second, *reasons = done.out.splitlines()
    assert first.split()[1:3] == ["refused", "FAILED"]
    assert second.split()[1:3] == ["quick", "SUCCEEDED"]
    assert "BatchTransform.TaskFailed: ClientError: See job logs" in reasons[1]


def test_the_runs_of_one_job_can_be_printed_as_json(batch_transform: Command, deployed: Deployed) -> None:
    execution = deployed.start("quick", {"transform.instance_type": "ml.c5.xlarge"})
    deployed.wait(execution)
    [newest] = json.loads(batch_transform("runs", "quick", "--limit", "1", "--json").out)
    assert newest["execution_arn"] == execution
    assert (newest["status"], newest["records"], newest["output_objects"]) == ("SUCCEEDED", 2, 1)
    assert newest["instance_type"] == "ml.c5.xlarge"
    assert newest["started"] <= newest["ended"]


def test_a_job_without_runs_says_so(batch_transform: Command) -> None:
    assert "batch-transform start idle" in batch_transform("runs", "idle").out
    done = batch_transform("show", "idle")
    assert done.code == 2
    assert "the job idle has no runs yet" in done.err


def test_a_run_is_found_by_each_of_its_names(batch_transform: Command, deployed: Deployed) -> None:
    execution = deployed.start("quick", {"transform.max_payload": 3})
    deployed.wait(execution)
    shown = batch_transform("show", execution).out
    run = shown.split()[1]
    assert '"transform.max_payload": 3' in shown
    assert '"MaxPayloadInMB": 3' in shown
    assert f"Transform job quick-{run}-1" in shown
    assert "data/a.csv.out  18 bytes" in shown
    for name in (run, f"quick-{run}-1".lower(), execution.rpartition(":")[2], "quick"):
        assert batch_transform("show", name).out == shown


def test_a_run_is_found_by_the_execution_that_start_prints(
    batch_transform: Command, deployed: Deployed
) -> None:
    started = batch_transform("start", "quick")
    execution = started.value("execution")
    deployed.wait(execution)
    for name in (execution, execution.rpartition(":")[2]):
        done = batch_transform("show", name)
        assert (done.code, done.err) == (0, "")
        assert done.value("run") == started.value("run")


def test_the_page_of_a_run_is_saved_and_opened(
    batch_transform: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def note(uri: str) -> bool:
        opened.append(uri)
        return True

    monkeypatch.setattr("webbrowser.open", note)
    run = batch_transform("start", "quick", "--wait").value("run")
    shown = batch_transform("show", run, "--html")
    assert (shown.code, shown.out.strip(), shown.err) == (0, f"quick-{run}.html", "")
    assert opened == [(tmp_path / f"quick-{run}.html").as_uri()]
    done = batch_transform("show", run, "--html", "--to", "page.html", "--no-open")
    assert (done.code, done.out.strip(), len(opened)) == (0, "page.html", 1)
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    missing = batch_transform("show", run, "--html", "--to", "new/page.html")
    assert missing.code == 2
    assert "new/page.html cannot be written: there is no folder new; create it" in missing.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", f"quick-{run}.html"]
    (tmp_path / "file").touch()
    failed = batch_transform("show", run, "--html", "--to", "file/page.html")
    assert failed.code == 2
    assert "file/page.html cannot be written" in failed.err


def test_a_failed_run_is_shown_with_cause_and_next_step(batch_transform: Command, deployed: Deployed) -> None:
    execution = deployed.start("refused", {})
    deployed.wait(execution)
    done = batch_transform("show", execution)
    assert done.code == 0
    assert "status      FAILED  BatchTransform.TaskFailed" in done.out
    assert "next step: fix the data or the filters" in done.out
    details = json.loads(batch_transform("show", execution, "--json").out)
    assert details["summary"]["status"] == "FAILED"
    assert [state["name"] for state in details["states"]] == deployed.states(execution)
    assert details["jobs"][0]["failure_reason"].startswith("ClientError")


def test_a_run_that_the_preflight_refused_has_one_next_step(
    batch_transform: Command, deployed: Deployed
) -> None:
    execution = deployed.start("quick", {"unknown": 1})
    deployed.wait(execution)
    shown = batch_transform("show", execution).out
    assert "no transform job was created\nnext step: fix the problem, then start the run again" in shown
    assert shown.count("start the run again") == 1


def test_fails_for_a_run_that_does_not_exist(batch_transform: Command) -> None:
    for name in ("20261122T185011-32c3bd31", "20269999T999999-32c3bd31", "no-such-run"):
        done = batch_transform("show", name)
        assert done.code == 2
        assert f"there is no run {name}" in done.err


def test_an_interrupt_while_waiting_leaves_the_run_in_progress_and_says_how_to_stop_it(
    deployed: Deployed, tmp_path: Path
) -> None:
    process = program(deployed, tmp_path, "start", "hanging-one", "--wait")
    assert process.stdout is not None
    execution = next(line.split()[1] for line in process.stdout if line.startswith("execution"))
    next(line for line in process.stdout if line == "state     Transform\n")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "continues; to follow it: batch-transform show" in err
    assert "to stop it: batch-transform stop 20" in err
    assert deployed.describe(execution)["status"] == "RUNNING"
    done = subprocess.run(
        [sys.executable, "-m", "batch_transform.cli.main", "show", "hanging-one"],
        cwd=tmp_path,
        env={**os.environ, **deployed.aws.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "so far" in done.stdout
    deployed.stop(execution)
    assert deployed.wait(execution)["status"] == "ABORTED"


def test_all_runs_of_a_job_are_stopped_including_one_that_waits(
    batch_transform: Command, deployed: Deployed
) -> None:
    first = deployed.start("hanging-one", {})
    job = deployed.job_running(first)
    second = deployed.start("hanging-one", {})
    deployed.until_in(second, "WaitForOtherRun")
    refused = batch_transform("stop", "hanging-one")
    assert refused.code == 2
    assert "2 runs are in progress in prod; to stop all of them, add --yes" in refused.err
    assert {deployed.describe(run)["status"] for run in (first, second)} == {"RUNNING"}

    done = batch_transform("stop", "hanging-one", "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("ABORTED after ") == 2
    assert f"job       {job}  Stopped" in done.out
    for run in (first, second):
        assert deployed.describe(run)["status"] == "ABORTED"
        assert deployed.running(run) == []
    assert deployed.jobs_of(second) == []
    shown = batch_transform("show", first).out
    assert "status      ABORTED" in shown
    assert "batch-transform stop" in shown

    nothing = batch_transform("stop", "hanging-one")
    assert nothing.code == 0
    assert nothing.out.startswith("no run of the job hanging-one is in progress")
    assert json.loads(batch_transform("stop", "--all", "--json").out) == []


def test_one_run_can_be_stopped_and_printed_as_json(batch_transform: Command, deployed: Deployed) -> None:
    execution = deployed.start("hanging-one", {})
    name = deployed.job_running(execution)
    run = name.removeprefix("hanging-one-").removesuffix("-1")
    [stopped] = json.loads(batch_transform("stop", run, "--json").out)
    assert (stopped["run"], stopped["execution_arn"], stopped["status"]) == (run, execution, "ABORTED")
    assert stopped["transform_jobs"] == {name: "Stopped"}
    [again] = json.loads(batch_transform("stop", execution, "--json").out)
    assert again == stopped


def test_stopping_a_run_that_has_ended_is_not_an_error(batch_transform: Command, deployed: Deployed) -> None:
    execution = str(deployed.run("quick", {})["executionArn"])
    done = batch_transform("stop", execution)
    assert (done.code, done.err) == (0, "")
    assert "SUCCEEDED after " in done.out
    assert done.out.rstrip().endswith(", by itself")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name either a job, a run or --all"),
        (["quick", "--all"], "name either a job, a run or --all"),
        (
            ["quik"],
            "there is no job and no run quik; deployed jobs: hanging-one, idle, quick, refused; runs in",
        ),
        (["quick", "--environment", "stage"], "it has prod"),
    ],
)
def test_fails_with_2_and_names_what_was_found(
    batch_transform: Command, arguments: list[str], message: str
) -> None:
    done = batch_transform("stop", *arguments)
    assert done.code == 2
    assert message in done.err


def test_interrupting_a_stop_says_that_aws_continues(
    batch_transform: Command, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_given: object) -> None:
        raise KeyboardInterrupt

    execution = deployed.start("hanging-one", {})
    deployed.job_running(execution)
    monkeypatch.setattr("batch_transform.cli.stop.until_ended", interrupted)
    done = batch_transform("stop", execution)
    assert done.code == 130
    assert "AWS continues to stop 20" in done.err
    assert "to see how far it is: batch-transform show 20" in done.err
    assert deployed.wait(execution)["status"] == "ABORTED"


def test_doctor_reads_what_is_deployed(batch_transform: Command, tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/quick.yaml").write_text(
        "name: quick\nmodel: {existing: nowhere}\ninput: {data: s3://no-such-bucket/, content_type: text/csv}\n"
    )
    done = batch_transform("doctor", "--json")
    assert done.code == 1
    found = {(one["check"], one["subject"]): one for one in json.loads(done.out)["findings"]}
    assert found["stack", "BatchTransform"]["verdict"] == "fine"
    assert found["log groups", ""]["text"] == "no name is taken"
    assert {job for check, job in found if check == "runs"} == set(JOBS)
    assert found["bucket", "no-such-bucket"]["verdict"] == "error"
    assert found["model", "nowhere"]["verdict"] == "error"


def test_a_run_that_step_functions_has_forgotten_is_read_from_its_record(
    batch_transform: Command, deployed: Deployed
) -> None:
    execution = deployed.start("idle", {"transform.max_payload": 5}, name="once")
    assert deployed.wait(execution)["status"] == "SUCCEEDED"
    before = json.loads(batch_transform("show", "idle", "--json").out)
    [before_listed] = json.loads(batch_transform("runs", "idle", "--json").out)
    with forgotten(deployed, "idle"):
        for name in (before["summary"]["run"], execution, "once", before["jobs"][0]["name"]):
            details = json.loads(batch_transform("show", name, "--json").out)
            assert details["summary"]["status"] == "SUCCEEDED"
            assert details["overrides"] == {"transform.max_payload": 5}
            assert details["record"] == before["record"]
            assert details["states"] == []
        assert "not known any more" in batch_transform("show", "once").out
        [listed] = json.loads(batch_transform("runs", "idle", "--json").out)
        for name in ("run", "status", "execution_arn", "output_objects", "instance_type", "reconciliation"):
            assert listed[name] == before_listed[name], name
        assert listed["reconciliation"] == "1 object in, 1 completed: they match"


@contextmanager
def forgotten(deployed: Deployed, job: str) -> Iterator[None]:
    """Let Step Functions know none of the job's executions: its machine is defined again."""
    states = deployed.client("stepfunctions")
    arn = deployed.machine(job)
    described = states.describe_state_machine(stateMachineArn=arn)
    states.delete_state_machine(stateMachineArn=arn)
    made = states.create_state_machine(
        name=described["name"], definition=described["definition"], roleArn=described["roleArn"]
    )
    assert made["stateMachineArn"] == arn
    assert states.list_executions(stateMachineArn=arn)["executions"] == []
    yield


def test_a_run_that_is_started_by_hand_names_the_caller(batch_transform: Command, deployed: Deployed) -> None:
    execution = batch_transform("start", "quick").value("execution")
    assert re.fullmatch(r"start-\d{8}T\d{6}-[0-9a-f]{8}-root", execution.rpartition(":")[2])
    deployed.wait(execution)
    assert "started by  Person (root)" in batch_transform("show", execution).out
