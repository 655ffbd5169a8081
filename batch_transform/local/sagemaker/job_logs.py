"""The log streams of a transform job in CloudWatch Logs."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

LOG_GROUP = "/aws/sagemaker/TransformJobs"
FLUSH_SECONDS = 0.5
_EVENTS_A_CALL = 250  # PutLogEvents accepts 1 MiB per call; lines are truncated so that this many fit
_LONGEST_LINE = 3_000
_LONGEST_TAIL = 1_000_000  # bytes of container output per flush

logger = logging.getLogger(__name__)


class JobLogs:
    """Sends the job's lines every FLUSH_SECONDS, from its own thread, and once more when it closes.

    Streams in the log group `/aws/sagemaker/TransformJobs`: `<job>/<instance>` has the container's output,
    `<job>/<instance>/data-log` the agent's lines (as on AWS; Developer Guide, "CloudWatch Logs for Amazon SageMaker
    AI"), and `<job>/progress`, which AWS does not have, one JSON object per line.
    """

    def __init__(self, client: Any, job_name: str, instance_id: str) -> None:  # noqa: ANN401  # boto3 makes clients at run time
        self._client = client
        self._job_name = job_name
        self._has_warned = False
        self.instance_id = instance_id
        self._container = f"{job_name}/{instance_id}"
        self._data = f"{job_name}/{instance_id}/data-log"
        self._progress = f"{job_name}/progress"
        self._lines: dict[str, list[tuple[int, str]]] = {}
        self._streams: set[str] = set()
        self._latest: Mapping[str, Any] | None = None
        self._latest_shipped = 0.0
        self._outputs: dict[str, tuple[Path, int]] = {}
        self._lock = threading.Lock()
        self._shipping = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"logs of {job_name}", daemon=True)
        self._thread.start()

    def data_log(self, line: str) -> None:
        """Write a line of the agent as AWS does: `<time>:[sagemaker logs]: <line>`."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        self._add(self._data, f"{stamp}:[sagemaker logs]: {line}")

    def container(self, line: str, stream: str | None = None) -> None:
        """Write a line to the container's stream; `stream` names it for a container of a pipeline."""
        self._add(stream or self._container, line)

    def starting(self, line: str, stream: str) -> None:
        """Write a line about the start of a container, and show it as the job's progress."""
        self.container(line, stream)
        self.progress({"starting": line.strip()})

    def follow_container(self, stream: str, path: Path, start: int) -> None:
        """Send the contents of a model server's output file, from byte `start`."""
        with self._lock:
            self._outputs[stream] = (path, start)

    def progress(self, progress: Mapping[str, Any]) -> None:
        """Set the progress; at most one line per second is sent, and always the last one."""
        with self._lock:
            self._latest = progress

    def close(self) -> None:
        """Send the remaining lines."""
        self._closed.set()
        self._thread.join()
        self._flush(last=True)

    def _run(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS):
            self._flush(last=False)

    def _add(self, stream: str, line: str) -> None:
        with self._lock:
            self._lines.setdefault(stream, []).append((int(time.time() * 1000), line))

    def _flush(self, *, last: bool) -> None:
        self._read_output()
        now = time.monotonic()
        with self._lock:
            if self._latest is not None and (last or now - self._latest_shipped >= 1):
                self._lines.setdefault(self._progress, []).append(
                    (int(time.time() * 1000), json.dumps(self._latest))
                )
                self._latest, self._latest_shipped = None, now
            lines, self._lines = self._lines, {}
        with self._shipping:
            for stream, events in lines.items():
                self._ship(stream, events)

    def _read_output(self) -> None:
        with self._lock:
            for stream, (path, start) in self._outputs.items():
                with path.open("rb") as output:
                    output.seek(start)
                    text = output.read(_LONGEST_TAIL)
                end = text.rfind(b"\n") + 1 or (
                    len(text) if self._closed.is_set() or len(text) == _LONGEST_TAIL else 0
                )
                self._outputs[stream] = (path, start + end)
                now = int(time.time() * 1000)
                self._lines.setdefault(stream, []).extend(
                    (now, line) for line in text[:end].decode("utf-8", "replace").splitlines()
                )

    def _ship(self, stream: str, events: list[tuple[int, str]]) -> None:
        for start in range(0, len(events), _EVENTS_A_CALL):
            batch = [
                {"timestamp": stamp, "message": line[:_LONGEST_LINE] or " "}
                for stamp, line in events[start : start + _EVENTS_A_CALL]
            ]
            try:
                self._open(stream)
                self._client.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=batch)
            except (BotoCoreError, ClientError) as error:
                # as on AWS, a job does not fail without its log
                if not self._has_warned:
                    logger.warning("some log lines of job %s are lost: %s", self._job_name, error)
                self._has_warned = True

    def _open(self, stream: str) -> None:
        if stream in self._streams:
            return
        _create(self._client.create_log_group, logGroupName=LOG_GROUP)
        # AWS requires this permission as well (Developer Guide, SageMaker roles), without a stated reason
        self._client.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=stream, limit=1)
        _create(self._client.create_log_stream, logGroupName=LOG_GROUP, logStreamName=stream)
        self._streams.add(stream)


def _create(create: Callable[..., object], **names: str) -> None:
    """Create a log group or stream, unless another job has already created it."""
    try:
        create(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
