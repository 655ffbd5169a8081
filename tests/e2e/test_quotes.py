"""Where the record that failed a run is quoted: by default in its cause, and with both settings nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from batch_transform.job.values.stack_outputs import NOTIFICATION_TOPIC
from e2e.subscriber import Subscriber
from e2e.workflow_stack import Deployed, deployed_jobs

JOBS: dict[str, dict[str, Any]] = {
    "quoting": {"behaviour": "refuse"},
    "discreet": {
        "behaviour": "refuse",
        "notify": {"details": False},
        "workflow": {"log_execution_data": False},
    },
}
QUOTED = "not a number"
"""What the model answers to a record."""

SECRET = "patient-4711"
"""A value in the data of runs that are refused or fail in other ways."""

OUT_OF_SIGHT: dict[str, dict[str, Any]] = {
    "all-bad": {**JOBS["discreet"], "bad_records": {"max_count": 1, "result": "ERROR"}},
    "dropping": {**JOBS["discreet"], "behaviour": "drop", "reconcile": "records"},
    "named": {
        **JOBS["discreet"],
        "input": {"content_type": "text/csv", "split_type": "Line", "columns": ["id", SECRET]},
        "data_processing": {"send": [SECRET]},
    },
    "packed": {
        **JOBS["discreet"],
        "input": {"content_type": "text/csv", "split_type": "Line", "compression_type": "Gzip"},
    },
    "cheap": {**JOBS["discreet"], "workflow": {"log_execution_data": False, "max_cost": 0.0001}},
}
"""Jobs of which no run may quote data, each with another reason to fail."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_jobs(tmp_path_factory.mktemp("quotes"), JOBS | OUT_OF_SIGHT, enforce_iam=True) as found:
        yield found


@pytest.mark.parametrize(("job", "is_quoted"), [("quoting", True), ("discreet", False)])
def test_what_the_model_said_is_quoted_in_cause_history_and_notification_unless_the_job_file_says_no(
    deployed: Deployed, job: str, is_quoted: bool
) -> None:
    subscriber = Subscriber.of(deployed.aws, deployed.outputs[NOTIFICATION_TOPIC])
    described = deployed.run(job, {})
    assert described["status"] == "FAILED"
    cause = described["cause"]
    pages = (
        deployed.client("stepfunctions")
        .get_paginator("get_execution_history")
        .paginate(executionArn=described["executionArn"])
    )
    history = json.dumps([page["events"] for page in pages], default=str)
    _, mail = subscriber.mail(described["executionArn"])
    assert [QUOTED in text for text in (cause, history, mail)] == [is_quoted] * 3
    for text in (cause, mail):
        for named in (
            f"job {job} (",
            f"/{job}/data/a.csv",
            "next step: ",
            "log: group /aws/sagemaker/TransformJobs",
        ):
            assert named in text


@pytest.mark.parametrize(
    ("job", "data", "error"),
    [
        ("all-bad", f"{SECRET},2\n{SECRET},3\n", "BadRecordsError"),
        ("dropping", f"{SECRET},2\n{SECRET},3\n", "ReconciliationError"),
        ("named", f"{SECRET},id\n1,2\n", "HeaderRowError"),
        ("named", f"{SECRET},2,3\n", "RowWidthError"),
        ("packed", f"{SECRET},2\n", "UnfitDataError"),
        ("cheap", f"{SECRET},2\n", "MaxCostError"),
    ],
)
def test_without_details_no_failure_quotes_the_data_or_the_model(
    deployed: Deployed, job: str, data: str, error: str
) -> None:
    subscriber = Subscriber.of(deployed.aws, deployed.outputs[NOTIFICATION_TOPIC])
    folder = deployed.upload(job, f"secret-{error}", "a.csv", data)
    described = deployed.run(job, {"input.data": folder})
    assert (described["status"], described["error"]) == ("FAILED", error), described["cause"]
    _, mail = subscriber.mail(described["executionArn"])
    for text in (described["cause"], mail):
        assert f"job {job} (" in text
        for quoted in (SECRET, QUOTED, SECRET.encode()[:2].hex(" ").upper()):
            assert quoted not in text
