"""Why records were refused: the lines about their objects in the transform job's data log."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.job.values.wording import without_html

LOG_GROUP = "/aws/sagemaker/TransformJobs"

_MOST_EVENTS = 300_000
_LONGEST = 1000
_AGENT = "[sagemaker logs]: "
_LABEL = "Message:"
# What the local AWS adds: places in a section, which say nothing about the object.
_OF_SECTION = re.compile(r"(this is|the request with) (line|lines|the whole) ")
# Denied by a policy, or no transform job of the account has logged a line.
_NOT_READABLE = {"AccessDeniedException", "ResourceNotFoundException"}


class LogsClient(Protocol):
    """The part of boto3's CloudWatch Logs client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


def reasons(transform_job_name: str, objects: Collection[str], logs: LogsClient) -> dict[str, str]:
    """Return what the data log of a transform job says about these objects, by `bucket/key`.

    The log may not be complete yet when its job has ended, so an object may be missing.
    """
    found: dict[str, list[str]] = {}
    for line in islice(_agent_lines(transform_job_name, logs), _MOST_EVENTS):
        name, _, text = f"{line} ".partition(": ")  # an empty line has lost its space
        text = text.strip()
        if name in objects and text and text != _LABEL and not _OF_SECTION.match(text):
            found.setdefault(name, []).append(text)
    return {name: _shown(lines) for name, lines in found.items()}


def _shown(lines: list[str]) -> str:
    text = without_html(": ".join(lines))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _agent_lines(job_name: str, logs: LogsClient) -> Iterator[str]:
    streams = f"{job_name}/"  # with the slash: the tenth attempt's name starts with the first's
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=LOG_GROUP, logStreamNamePrefix=streams, startTime=_started(job_name)
    )
    try:
        for page in pages:
            for event in page.get("events", []):
                stream = event["logStreamName"]
                if stream.startswith(streams) and stream.endswith("/data-log"):
                    yield event["message"].rstrip("\n").partition(_AGENT)[2]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_READABLE:
            raise


def _started(job_name: str) -> int:
    """Return the time in the job's name, in milliseconds: the group has the logs of all jobs of the account."""
    moment = re.search(r"-(\d{8}T\d{6})-", job_name, re.IGNORECASE)
    if moment is None:
        return 0
    started = datetime.strptime(moment[1].upper(), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return int(started.timestamp() * 1000)
