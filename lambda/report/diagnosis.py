"""The cause of a failed run: AWS's reason, the objects without a result, the next step, and lines of the log."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.job.request.request import Request
from batch_transform.job.values.s3_uri import S3Uri, output_key
from next_step import next_step
from results import MOST_OBJECTS, S3Client, moment_of, seconds_between, sizes

LOG_GROUP = "/aws/sagemaker/TransformJobs"

_FILES_NAMED = 5
_LOG_LINES = 12
_EVENTS_LOOKED_AT = 20_000
_LONGEST_LINE = 2_000
_LONGEST_CAUSE = 30_000  # Step Functions takes 32,768 characters


class LogsClient(Protocol):
    """The part of boto3's CloudWatch Logs client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


@dataclass(frozen=True)
class FailedRun:
    """What the state machine passes: the job, the request as sent, and the error as caught.

    `instance_types` are the ones that the run could use. `stop_result` is the result of StopTransformJob for a
    transform job that the state machine lost track of; it is empty for any other run.
    """

    job: str
    job_file: str
    execution_arn: str
    request: Request
    transform_job_name: str
    instance_types: Sequence[str]
    error: dict[str, str]
    stop_result: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> FailedRun:
        """Read what the state `Diagnose` passes.

        A run in progress during an upgrade keeps its definition: that of release 0.1 calls `stop_result` `fate`.
        """
        return cls(**{"stop_result" if name == "fate" else name: value for name, value in event.items()})


def explain(run: FailedRun, s3: S3Client, logs: LogsClient) -> dict[str, str]:
    """Return Error and Cause of the failed execution."""
    cause = run.error.get("Cause", "")
    description = _description(cause)
    name = description.get("TransformJobName", run.transform_job_name)
    status = description.get("TransformJobStatus", "")
    if run.error["Error"] == "States.Timeout":
        reason = "stopped: it ran longer than transform.max_runtime_in_seconds"
    elif status == "Stopped":
        reason = "stopped from outside the state machine (StopTransformJob)"
    else:
        reason = description.get("FailureReason", cause) or run.error["Error"]
    origin = f" ({run.job_file})" if run.job_file else ""
    data = run.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    lines = [f"job {run.job}{origin}: transform job {name} on {data}: {reason}"]
    lines += [run.stop_result] if run.stop_result else []
    lines += _unserved_files(run.request, s3) if description or run.error["Error"] == "States.Timeout" else []
    lines.append(f"next step: {next_step(run.error['Error'], reason, run.instance_types)}")
    lines += _log_lines(name, logs)
    text = "\n".join(line[:_LONGEST_LINE] for line in lines)
    return {"Error": run.error["Error"], "Cause": text[:_LONGEST_CAUSE]}


def seconds_of(run: FailedRun) -> int | None:
    """Return how long the transform job ran, which is billed; None if none did, or it isn't known."""
    description = _description(run.error.get("Cause", ""))
    return seconds_between(
        moment_of(description.get("TransformStartTime")), moment_of(description.get("TransformEndTime"))
    )


def _description(cause: str) -> dict[str, Any]:
    """Return the transform job's description, the Cause of a failed `.sync` task; {} if there was no job."""
    if not (cause.startswith("{") and cause.endswith("}")):
        return {}  # not a document, or one that was cut off
    described = json.loads(cause)
    return described if isinstance(described, dict) and "TransformJobName" in described else {}


def _unserved_files(request: Request, s3: S3Client) -> list[str]:
    """Name the first input objects without an `.out` object."""
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    data = S3Uri.parse(source["S3Uri"])
    if source["S3DataType"] != "S3Prefix":
        return [f"input: {data} ({source['S3DataType']})"]
    output = S3Uri.parse(request["TransformOutput"]["S3OutputPath"])
    served = sizes(output, s3)
    keys = list(sizes(data, s3))
    alone = keys == [data.key]
    unserved = [key for key in keys if output_key(key, data.key, output.key, alone=alone) not in served]
    named = ", ".join(f"s3://{data.bucket}/{key}" for key in unserved[:_FILES_NAMED])
    more = f" and {len(unserved) - _FILES_NAMED} more" if len(unserved) > _FILES_NAMED else ""
    at_least = "at least " if len(keys) >= MOST_OBJECTS else ""
    return (
        [f"{at_least}{len(unserved)} of {len(keys)} files have no result: {named}{more}"] if unserved else []
    )


def _log_lines(job_name: str, logs: LogsClient) -> list[str]:
    """Return lines of the transform job's log: the agent's, or if it wrote none, the container's last ones."""
    agent: list[str] = []
    container: deque[str] = deque(maxlen=_LOG_LINES)
    for event in _log_events(job_name, logs):
        stream, message = event["logStreamName"], event["message"].rstrip()
        if stream.endswith("/data-log"):
            if "MaxConcurrentTransforms=" not in message:
                agent.append(message.partition("[sagemaker logs]: ")[2] or message)
        elif message and not stream.endswith("/progress"):
            container.append(message)
    where = f"log: group {LOG_GROUP}, streams {job_name}/…"
    last = ["the container's last lines:", *container] if container else []
    if agent:
        # an HTML page instead of a reason: the scikit-learn and XGBoost containers log that in their own stream
        is_page = any("</title>" in line for line in agent)
        return [where, *_shortened(_by_file(agent)), *(last if is_page else [])]
    return [where, *last]


def _log_events(job_name: str, logs: LogsClient) -> Iterator[dict[str, Any]]:
    streams = f"{job_name}/"  # with the slash: the tenth attempt's name starts with the first's
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=LOG_GROUP,
        logStreamNamePrefix=streams,
        startTime=_started(job_name),
        PaginationConfig={"MaxItems": _EVENTS_LOOKED_AT},
    )
    try:
        for page in pages:
            # Filtered again, since the local AWS ignores the prefix.
            yield from (each for each in page.get("events", []) if each["logStreamName"].startswith(streams))
    except ClientError as error:
        # The group doesn't exist before the account's first transform job has logged a line.
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _started(job_name: str) -> int:
    """Return the time in the job's name, in milliseconds: the group has the logs of all jobs of the account."""
    moment = re.search(r"-(\d{8}T\d{6})-", job_name, re.IGNORECASE)
    if moment is None:
        return 0
    started = datetime.strptime(moment[1].upper(), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return int(started.timestamp() * 1000)


def _by_file(lines: list[str]) -> list[str]:
    """Name each file once: the agent starts every line with `bucket/key: `."""
    shown: list[str] = []
    current = ""
    for line in lines:
        file, _, text = f"{line} ".partition(": ")  # an empty line has lost its space
        if file != current:
            shown.append(f"s3://{file}:")
            current = file
        if text.strip():
            shown.append(f"  {text.rstrip()}")
    return shown


def _shortened(lines: list[str]) -> list[str]:
    """Keep the start, which names the failure, and the end, with a traceback's last lines and our hint."""
    if len(lines) <= _LOG_LINES:
        return lines
    return [*lines[:4], f"  … {len(lines) - _LOG_LINES} more lines in the log …", *lines[4 - _LOG_LINES :]]
