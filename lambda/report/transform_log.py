"""Lines of a transform job's log that explain its failure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from batch_transform.job.values.wording import without_html
from time_budget import TimeBudget

LOG_GROUP = "/aws/sagemaker/TransformJobs"

_LOG_LINES = 12
_EVENTS_LOOKED_AT = 20_000


class LogsClient(Protocol):
    """The part of boto3's CloudWatch Logs client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


class _Events:
    """The events of a transform job's streams, oldest first. `end` says why they end, if that isn't their own end."""

    def __init__(self, job_name: str, logs: LogsClient, budget: TimeBudget) -> None:
        self._streams = f"{job_name}/"  # with the slash: the tenth attempt's name starts with the first's
        self._started = _started(job_name)
        self._logs = logs
        self._budget = budget
        self.end = ""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        try:
            try:
                yield from self._found(logStreamNamePrefix=self._streams)
            except ClientError as error:
                # CloudWatch Logs searches at most 100 streams by their names. A job of 50 instances has as many, and
                # then the whole group is searched.
                if _code(error) != "InvalidParameterException":
                    raise
                yield from self._found()
        except ClientError as error:
            # The group doesn't exist before the account's first transform job has logged a line.
            if _code(error) != "ResourceNotFoundException":
                raise

    def _found(self, **streams: str) -> Iterator[dict[str, Any]]:
        count = 0
        pages = self._logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=LOG_GROUP, startTime=self._started, **streams):
            # Filtered again, for a search of the whole group.
            for event in page.get("events", []):
                if event["logStreamName"].startswith(self._streams):
                    count += 1
                    yield event
            if count >= _EVENTS_LOOKED_AT:
                self.end = f"the log is longer than the {count:,} lines that were looked at"
                return
            if page.get("nextToken") and self._budget.is_over:
                self.end = (
                    f"the log was not read to its end in the time there was: {count:,} lines were looked at"
                )
                return


def log_lines(job_name: str, logs: LogsClient, budget: TimeBudget) -> list[str]:
    """Return lines of the transform job's log: the agent's, or if it wrote none, the container's last ones.

    Lines that were read before a call failed are returned, and what failed.
    """
    agent: list[str] = []
    container: deque[str] = deque(maxlen=_LOG_LINES)
    events = _Events(job_name, logs, budget)
    failure: list[str] = []
    try:
        for event in events:
            stream, message = event["logStreamName"], event["message"].rstrip()
            if stream.endswith("/data-log"):
                if "MaxConcurrentTransforms=" not in message:
                    agent.append(message.partition("[sagemaker logs]: ")[2] or message)
            elif message and not stream.endswith("/progress"):
                container.append(message)
    except (BotoCoreError, ClientError) as error:
        failure = [f"the log could not be read to its end: {error}"]
    end = failure or ([events.end] if events.end else [])
    last = ["the container's last lines:", *container] if container else []
    if agent:
        # an HTML page instead of a reason: the scikit-learn and XGBoost containers log that in their own stream
        is_page = any("</title>" in line for line in agent)
        return [*end, *_shortened(_by_file(agent)), *(last if is_page else [])]
    return [*end, *last]


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
    parted = (f"{line} ".partition(": ") for line in lines)  # an empty line has lost its space
    for file, of_file in groupby(parted, key=lambda parts: parts[0]):
        said = without_html("\n".join(text.rstrip() for _, _, text in of_file))
        shown += [f"s3://{file}:", *(f"  {text}" for text in said.splitlines() if text.strip())]
    return shown


def _shortened(lines: list[str]) -> list[str]:
    """Keep the start, which names the failure, and the end, with a traceback's last lines and our hint."""
    if len(lines) <= _LOG_LINES:
        return lines
    return [*lines[:4], f"  … {len(lines) - _LOG_LINES} more lines in the log …", *lines[4 - _LOG_LINES :]]


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
