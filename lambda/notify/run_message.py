"""The message about a run that did not end well: what happened, where to look, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from batch_transform.spec.console_links import execution_link, transform_job_log_link
from batch_transform.spec.run_id import run_id

_LONGEST_SUBJECT = 100  # SNS, Publish

_HAPPENED = {"FAILED": "failed", "TIMED_OUT": "took too long and was ended", "ABORTED": "was stopped"}
_CAUSE = {
    "FAILED": "Its execution names no cause.",
    "TIMED_OUT": "It took longer than its state machine may, TimeoutSeconds of the definition.",
    "ABORTED": "Somebody stopped its execution (StopExecution).",
}
_NEXT_STEP = {
    "FAILED": "mend what the cause names, and start the run again",
    "TIMED_OUT": "see whether a transform job of this run still goes on, and stop it; then start the run again",
    "ABORTED": "start the run again, if it was not meant to stop for good; what it wrote so far is not complete",
}


@dataclass(frozen=True)
class EndedRun:
    """A run as the rule tells of it: the job, its file, and the detail of Step Functions' event."""

    job: str
    job_file: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Message:
    """What Publish of SNS takes."""

    subject: str
    text: str


def message(run: EndedRun) -> Message:
    """Return what people get to read: lines of plain text, the links alone on their lines."""
    arn, status = run.detail["executionArn"], run.detail["status"]
    region = arn.split(":")[3]
    started, ended = _moment(run.detail["startDate"]), _moment(run.detail["stopDate"])
    run_name = run_id(arn, started)
    origin = f" ({run.job_file})" if run.job_file else ""
    cause = _cause(run.detail)
    lines = [
        f"The run {run_name} of the batch transform job {run.job}{origin} {_HAPPENED[status]}.",
        "",
        cause,
        *([] if "next step: " in cause else ["", f"next step: {_NEXT_STEP[status]}"]),
        "",
        "execution:",
        execution_link(region, arn),
        "log of its transform jobs:",
        transform_job_log_link(region, f"{run.job}-{run_name}"),
        "",
        f"started {_text(started)}, ended {_text(ended)}, after {_length(ended - started)}",
    ]
    subject = f"{run.job}: run {run_name} {_HAPPENED[status]}"
    return Message(subject=subject[:_LONGEST_SUBJECT], text="\n".join(lines))


def _cause(detail: dict[str, Any]) -> str:
    """What the execution says of itself: error and cause, of which either may be missing."""
    said = [text for text in (detail.get("error"), detail.get("cause")) if text]
    if detail["status"] == "FAILED" and said:
        return ": ".join(said)
    return "\n".join([_CAUSE[detail["status"]], *said])


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _length(span: timedelta) -> str:
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
