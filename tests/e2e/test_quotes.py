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


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_jobs(tmp_path_factory.mktemp("quotes"), JOBS, enforce_iam=True) as found:
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
