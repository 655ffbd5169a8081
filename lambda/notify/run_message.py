"""The text of a notification about a failed run: what happened, where to look, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from batch_transform.job.aws.console_links import execution_link, transform_job_log_link, transform_jobs_link
from batch_transform.job.values.run import CAUSE, HAPPENED, NEXT_STEP, run_id
from batch_transform.job.values.wording import length_text

_LONGEST_SUBJECT = 100  # SNS, Publish


@dataclass(frozen=True)
class EndedRun:
    """A run as the rule passes it: the job, its file, and the detail of Step Functions' event."""

    job: str
    job_file: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Message:
    """The arguments for SNS Publish."""

    subject: str
    text: str


def message(run: EndedRun) -> Message:
    """Return the notification: plain text, with each link on a line of its own."""
    arn, status = run.detail["executionArn"], run.detail["status"]
    region = arn.split(":")[3]
    started, ended = _moment(run.detail["startDate"]), _moment(run.detail["stopDate"])
    run_name = run_id(arn, started)
    origin = f" ({run.job_file})" if run.job_file else ""
    cause = _cause(run.detail)
    lines = [
        f"The run {run_name} of the batch transform job {run.job}{origin} {HAPPENED[status]}.",
        "",
        cause,
        *([] if "next step: " in cause else ["", f"next step: {NEXT_STEP[status]}"]),
        "",
        "execution:",
        execution_link(region, arn),
        "log of its transform jobs:",
        transform_job_log_link(region, f"{run.job}-{run_name}"),
        *_left_running(region, run_name, status),
        "",
        f"started {_text(started)}, ended {_text(ended)}, after {length_text(ended - started)}",
    ]
    subject = f"{run.job}: run {run_name} {HAPPENED[status]}"
    return Message(subject=subject[:_LONGEST_SUBJECT], text="\n".join(lines))


def _left_running(region: str, run_name: str, status: str) -> list[str]:
    """Where to check that nothing is still running. The cause of a failed run already says what happened."""
    if status == "FAILED":
        return []
    return [
        f"transform jobs with {run_name} in their names are being stopped; if one is still running, stop it:",
        transform_jobs_link(region),
    ]


def _cause(detail: dict[str, Any]) -> str:
    """The execution's error and cause, either of which may be missing."""
    reported = [text for text in (detail.get("error"), detail.get("cause")) if text]
    if detail["status"] == "FAILED" and reported:
        return ": ".join(reported)
    return "\n".join([CAUSE[detail["status"]], *reported])


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
