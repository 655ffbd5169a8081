from __future__ import annotations

from typing import Any

import pytest

from run_message import EndedRun, message

_ARN = "arn:aws:states:eu-central-1:123456789012:execution:Tumours-x1:scheduled-1"
_STARTED, _ENDED = 1_763_776_801_250, 1_763_781_015_900  # 2025-11-22 02:00:01 and 03:10:15, UTC


def _run(status: str, **detail: Any) -> EndedRun:
    event = {
        "executionArn": _ARN,
        "status": status,
        "startDate": _STARTED,
        "stopDate": _ENDED,
        "error": None,
        "cause": None,
        **detail,
    }
    return EndedRun(job="tumours", job_file="jobs/tumours.yaml", detail=event)


def test_a_notification_has_cause_links_and_next_step() -> None:
    cause = 'job tumours: the model answered "no"\nnext step: fix the model'
    notification = message(_run("FAILED", error="States.TaskFailed", cause=cause))
    assert notification.subject == "tumours: run 20251122T020001-7adbcb89 failed"
    assert notification.text == (
        "The run 20251122T020001-7adbcb89 of the batch transform job tumours (jobs/tumours.yaml) failed.\n"
        "\n"
        'States.TaskFailed: job tumours: the model answered "no"\n'
        "next step: fix the model\n"
        "\n"
        "execution:\n"
        f"https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/{_ARN}\n"
        "log of its transform jobs:\n"
        "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FTransformJobs$3FlogStreamNameFilter$3Dtumours-20251122T020001-7adbcb89\n"
        "\n"
        "started 2025-11-22 02:00:01 UTC, ended 2025-11-22 03:10:15 UTC, after 1 h 10 min 15 s"
    )


@pytest.mark.parametrize(
    ("status", "detail", "happened", "cause", "step"),
    [
        ("FAILED", {}, "failed", "gives no cause", "fix what the cause names"),
        ("TIMED_OUT", {}, "timed out", "longer than TimeoutSeconds", "still in progress, and stop it"),
        (
            "ABORTED",
            {},
            "was stopped",
            "The execution was stopped",
            "retry the run, unless you meant to stop it",
        ),
        ("ABORTED", {"cause": "wrong data"}, "was stopped", "wrong data", "retry the run"),
    ],
)
def test_every_other_end_has_its_own_cause_and_next_step(
    status: str, detail: dict[str, str], happened: str, cause: str, step: str
) -> None:
    notification = message(_run(status, **detail))
    assert happened in notification.subject
    assert cause in notification.text
    assert f"next step: {step}" in notification.text or step in notification.text.partition("next step: ")[2]


@pytest.mark.parametrize("status", ["TIMED_OUT", "ABORTED"])
def test_a_stopped_or_timed_out_run_links_to_transform_jobs_that_may_be_running(status: str) -> None:
    lines = message(_run(status)).text.splitlines()
    [at] = [number for number, line in enumerate(lines) if line.startswith("transform jobs with ")]
    assert "20251122T020001-7adbcb89" in lines[at]
    assert lines[at + 1] == (
        "https://eu-central-1.console.aws.amazon.com/sagemaker/home?region=eu-central-1#/transform-jobs"
    )


def test_the_subject_is_one_that_sns_accepts() -> None:
    run = EndedRun(job="j" * 63, job_file="", detail=_run("TIMED_OUT").detail)
    subject = message(run).subject
    assert len(subject) <= 100
    assert subject.isascii()
    assert "\n" not in subject


@pytest.mark.parametrize(
    ("region", "console"),
    [
        ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/"),
        ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
        ("eusc-de-east-1", "https://eusc-de-east-1.console.amazonaws-eusc.eu/"),
    ],
)
def test_links_lead_to_the_console_of_the_partition(region: str, console: str) -> None:
    notification = message(_run("FAILED", executionArn=_ARN.replace("eu-central-1", region)))
    assert f"\n{console}states/" in notification.text
