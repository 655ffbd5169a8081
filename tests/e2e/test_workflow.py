"""The deployed state machine under real conditions: no quota, no capacity, bad data, unusual names, unusual input."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from batch_transform.job.values.stack_outputs import INPUT_BUCKET
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from batch_transform_cdk.machine.states.retries import MOST_CAPACITY_ATTEMPTS
from checks.example_model import example_model_in
from checks.synthesis import synthesise_here
from e2e.kept_record import agreeing_record
from e2e.project_copy import PROJECT
from e2e.result_objects import result_objects
from e2e.sleeper import SLEEPER, write_sleeper
from e2e.workflow_stack import Deployed
from patience import PATIENCE_SECONDS

# Texts that a state machine would evaluate, refuse or leave out if they weren't escaped.
ODD_TEXTS = {
    "EXPRESSION": "{% $states.context.Execution.Id %}",
    "HALF": "{% half",
    "QUOTED": """{% "it's" \\ %}""",
    "EMPTY": "",
    "NULL": "null",
    "UNICODE": "größer ☃",
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("workflow")
    example_model_in(folder / "build")
    write_sleeper(folder)
    (folder / "jobs").mkdir()
    tumours = yaml.safe_load((PROJECT / "jobs/tumours.yaml").read_text())
    del tumours["triggers"]
    tumours["transform"]["env"] = ODD_TEXTS
    # otherwise, of four runs at once, one would wait and two be skipped
    tumours["workflow"] = {"overlapping_runs": "allow"}
    sleeper = {
        "name": "sleeper",
        "model": SLEEPER,
        "input": {"content_type": "text/csv", "split_type": "Line"},
        "transform": {"max_runtime_in_seconds": 2, "max_payload": 6},
    }
    (folder / "jobs/tumours.yaml").write_text(yaml.safe_dump(tumours))
    (folder / "jobs/sleeper.yaml").write_text(yaml.safe_dump(sleeper))
    synthesise_here(PROJECT, jobs=folder / "jobs", assembly=folder / "cdk.out")
    limits = folder / "limits.json"
    limits.write_text("{}")
    with LocalAws(quotas=limits, wait_scale=0.002, enforce_iam=True) as aws:
        outputs = deploy(folder / "cdk.out", "BatchTransform", aws.client, lambda _event: None)
        data = (folder / "build/data/tumours.csv").read_text()
        found = Deployed(aws, outputs, limits)
        found.upload("tumours", "good", "a.csv", data)
        found.upload("sleeper", "good", "a.csv", "600,2\n")
        yield found


@pytest.fixture
def good(deployed: Deployed) -> Iterator[dict[str, Any]]:
    """The input of a run that succeeds; afterwards the account is without limits again."""
    deployed.limit()
    yield {"input": {"data": f"s3://{deployed.outputs[INPUT_BUCKET]}/tumours/good/"}}
    deployed.limit()


@pytest.mark.parametrize("name", ["1f0c9a52-9ac1-4f6e-a3fb-0c1f4e6c1f11", "e2a1_8b3c_" + "x" * 70, "my run"])
def test_whatever_the_execution_is_called_the_job_name_is_legal(
    deployed: Deployed, good: dict[str, Any], name: str
) -> None:
    execution = deployed.start("tumours", good, name)
    described = deployed.wait(execution)
    assert described["status"] == "SUCCEEDED", described
    [job] = deployed.jobs_of(execution)
    assert re.fullmatch(r"tumours-\d{8}T\d{6}-[0-9a-f]{8}-1", job["TransformJobName"])
    output = json.loads(described["output"])
    assert output["TransformJobName"] == job["TransformJobName"]
    assert output["TransformJobStatus"] == "Completed"
    assert output["S3OutputPath"] == job["TransformOutput"]["S3OutputPath"]


def test_every_field_of_a_job_reaches_its_transform_job_unchanged(
    deployed: Deployed, good: dict[str, Any]
) -> None:
    execution = deployed.start("tumours", good)
    described = deployed.wait(execution)
    assert described["status"] == "SUCCEEDED", described
    [job] = deployed.jobs_of(execution)
    assert job["Environment"] == ODD_TEXTS


def test_runs_at_the_same_moment_have_names_and_outputs_of_their_own(
    deployed: Deployed, good: dict[str, Any]
) -> None:
    executions = [deployed.start("tumours", good) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        ends = list(pool.map(deployed.wait, executions))
    assert {end["status"] for end in ends} == {"SUCCEEDED"}
    outputs = [json.loads(end["output"]) for end in ends]
    assert len({output["TransformJobName"] for output in outputs}) == 4
    assert len({output["S3OutputPath"] for output in outputs}) == 4


def test_a_job_without_capacity_is_retried_under_new_names_and_then_fails(
    deployed: Deployed, good: dict[str, Any]
) -> None:
    deployed.limit(without_capacity=("ml.m5.large",))
    execution = deployed.start("tumours", good)
    described = deployed.wait(execution)
    assert described["status"] == "FAILED"
    assert "job tumours (" in described["cause"]
    assert "CapacityError" in described["cause"]
    attempts = [job["TransformJobName"].rpartition("-")[2] for job in deployed.jobs_of(execution)]
    assert attempts == [str(number) for number in range(1, MOST_CAPACITY_ATTEMPTS + 1)]
    assert agreeing_record(deployed, "tumours", described).run["Attempts"] == MOST_CAPACITY_ATTEMPTS


def test_a_job_succeeds_when_there_is_capacity_again(deployed: Deployed, good: dict[str, Any]) -> None:
    deployed.limit(without_capacity=("ml.m5.large",))
    execution = deployed.start("tumours", good)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(job["TransformJobStatus"] == "Failed" for job in deployed.jobs_of(execution)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    deployed.limit()
    described = deployed.wait(execution)
    assert described["status"] == "SUCCEEDED"
    statuses = [job["TransformJobStatus"] for job in deployed.jobs_of(execution)]
    assert statuses[-1] == "Completed"
    assert set(statuses[:-1]) == {"Failed"}
    assert agreeing_record(deployed, "tumours", described).statuses == {"a.csv": "Completed"}


def test_an_exhausted_quota_is_waited_for(deployed: Deployed, good: dict[str, Any]) -> None:
    deployed.limit(quotas={"ml.m5.large": 0})
    execution = deployed.start("tumours", good)
    deployed.until_in(execution, "WaitForCapacity")
    deployed.limit(quotas={"ml.m5.large": 1})
    described = deployed.wait(execution)
    assert described["status"] == "SUCCEEDED", described
    [job] = deployed.jobs_of(execution)
    assert int(job["TransformJobName"].rpartition("-")[2]) > 1


def test_a_quota_that_stays_exhausted_fails_in_the_words_of_aws(
    deployed: Deployed, good: dict[str, Any]
) -> None:
    deployed.limit(quotas={"ml.m5.large": 0})
    described = deployed.wait(deployed.start("tumours", good))
    assert described["status"] == "FAILED"
    assert described["error"] == "SageMaker.ResourceLimitExceededException"
    assert "ml.m5.large for transform job usage" in described["cause"]
    assert agreeing_record(deployed, "tumours", described).run["TransformJobs"] == []


def test_one_bad_file_fails_the_run_by_its_name_and_the_others_are_scored(deployed: Deployed) -> None:
    row = ",".join(["1"] * 30)
    folder = deployed.upload("tumours", "mixed", "a.csv", f"one,{row}\n")
    deployed.upload("tumours", "mixed", "bad.csv", f'two,"{row}\n')
    deployed.upload("tumours", "mixed", "c.csv", f"three,{row}\n")
    execution = deployed.start("tumours", {"input.data": folder})
    described = deployed.wait(execution)
    assert described["status"] == "FAILED"
    assert "1 of 3 files have no result" in described["cause"]
    assert "mixed/bad.csv" in described["cause"]
    assert "ClientError: See job logs for more information" in described["cause"]
    [job] = deployed.jobs_of(execution)
    bucket, _, prefix = job["TransformOutput"]["S3OutputPath"].removeprefix("s3://").partition("/")
    written = result_objects(deployed.aws.client("s3"), bucket, prefix)
    assert [entry["Key"].rpartition("/")[2] for entry in written] == ["a.csv.out", "c.csv.out"]
    record = agreeing_record(deployed, "tumours", described)
    assert record.statuses == {"a.csv": "Completed", "bad.csv": "Failed", "c.csv": "Completed"}


def test_a_job_that_runs_too_long_is_stopped_and_the_run_fails(deployed: Deployed) -> None:
    execution = deployed.start("sleeper", {})
    described = deployed.wait(execution)
    assert described["status"] == "FAILED"
    assert described["error"] == "BatchTransform.Timeout"
    assert "transform.max_runtime_in_seconds" in described["cause"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while [job["TransformJobStatus"] for job in deployed.jobs_of(execution)] != ["Stopped"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    agreeing_record(deployed, "sleeper", described)


@pytest.mark.parametrize(
    ("run_input", "message"),
    [
        ({"data_procesing": {"input_filter": "$"}}, "did you mean"),
        ({"transform.max_payload": 200}, "max_payload"),
        ({"data_processing": {"output_filter": "$['a_b']"}}, "Unexpected"),
        ({"input.data": "s3://nowhere-at-all/x/"}, "nowhere-at-all"),
        (["not", "an", "object"], "JSON object"),
    ],
)
def test_a_run_with_wrong_input_fails_before_a_transform_job(
    deployed: Deployed, run_input: object, message: str
) -> None:
    execution = deployed.start("tumours", run_input)
    described = deployed.wait(execution)
    assert described["status"] == "FAILED"
    assert described["cause"].startswith("job tumours (")
    assert message in described["cause"]
    assert deployed.jobs_of(execution) == []
    assert agreeing_record(deployed, "tumours", described).run["Request"] is None


def test_the_comment_that_the_console_suggests_is_no_override(
    deployed: Deployed, good: dict[str, Any]
) -> None:
    execution = deployed.start("tumours", good | {"Comment": "Insert your JSON here"})
    assert deployed.wait(execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("job", ["tumours", "sleeper"])
@pytest.mark.parametrize(
    ("second", "overrides", "message"),
    [
        ("\ufeffone,1\n", {}, "begins with a byte order mark (EF BB BF)"),
        (
            "x" * (2**20 + 1),
            {"input.split_type": "None", "output.assemble_with": "None", "transform.max_payload": 1}
            | {"data_processing": {"join_source": None, "input_filter": None, "output_filter": None}},
            "is not split, so it is one request of 1,048,577 bytes, but MaxPayloadInMB is 1",
        ),
    ],
)
def test_a_run_over_data_that_no_job_can_score_fails_before_a_transform_job(
    deployed: Deployed, job: str, second: str, overrides: dict[str, Any], message: str
) -> None:
    """Whether or not the job names its columns, the preflight's role may read objects that are read as text."""
    row = ",".join(["1"] * 30)
    folder = f"unfit-{job}-{len(second)}"
    data = deployed.upload(job, folder, "a.csv", f"one,{row}\n")
    deployed.upload(job, folder, "b.csv", second)
    execution = deployed.start(job, {"input.data": data, **overrides})
    described = deployed.wait(execution)
    assert (described["status"], described["error"]) == ("FAILED", "UnfitDataError")
    assert f"{data}b.csv {message}" in described["cause"]
    assert "no transform job was created" in described["cause"]
    assert deployed.jobs_of(execution) == []
