"""Reads the records that runs leave next to their results (docs/reference/run-record.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from batch_transform.job.errors import AwsCallError
from batch_transform.job.files.regular_file import read_file
from batch_transform.job.record.names import OBJECTS_FILE, RUN_FILE
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import counted
from batch_transform.runs.aws_calls import DENIED, aws_calls
from batch_transform.runs.deployed_request import deployed_request
from batch_transform.runs.deployment import DeployedJob

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_stepfunctions.client import SFNClient

Record = Mapping[str, Any]
_Found = TypeVar("_Found")

_RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")
_STATUS = {"Completed": "SUCCEEDED", "Failed": "FAILED", "Aborted": "ABORTED", "TimedOut": "TIMED_OUT"}


def read_record(place: S3Uri, s3: S3Client) -> Record | None:
    """Return `_run.json` below a run's output prefix; None if it doesn't exist. Raises AwsCallError."""
    key = f"{place.key.rstrip('/')}/{RUN_FILE}"
    with aws_calls():
        try:
            body = s3.get_object(Bucket=place.bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
    record: Record = json.loads(body)
    return record


def local_record(folder: Path) -> Record | None:
    """Return `_run.json` of a folder with the copied results of a run; None if it isn't there."""
    file = folder / RUN_FILE
    if not file.is_file():
        return None
    record: Record = json.loads(read_file(file))
    return record


def read_objects(place: S3Uri, s3: S3Client) -> Iterator[dict[str, Any]]:
    """Yield the lines of `_objects.jsonl` below a run's output prefix as they arrive. Raises AwsCallError."""
    with aws_calls():
        answer = s3.get_object(Bucket=place.bucket, Key=f"{place.key.rstrip('/')}/{OBJECTS_FILE}")
        for line in answer["Body"].iter_lines():
            yield json.loads(line)


def status_of(record: Record) -> str:
    """Return the status of the run's execution; RUNNING for the record of a run in progress."""
    return _STATUS.get(record["Outcome"], "RUNNING")


def moment(text: str | None) -> datetime | None:
    """Parse a time of a record."""
    return None if text is None else datetime.fromisoformat(text)


def reconciliation_text(record: Record) -> str:
    """Return in words what the comparison of results and input found."""
    found, records, objects = record["Reconciliation"], record["Records"], record["Objects"]
    if found["Result"] == "NotChecked":
        return f"not checked (reconcile: {found['By']})"
    if records["Total"] is not None:
        bad = f", {records['Error']:,} bad" if records["Error"] else ""
        counts = f"{counted(records['Total'], 'record')} in, {records['Success']:,} out{bad}"
    else:
        counts = f"{counted(objects['Total'], 'object')} in, {objects['Success']:,} completed"
    return f"{counts}: {'they match' if found['Result'] == 'Matched' else 'they do not match'}"


@dataclass
class RunRecords:
    """The records of deployed jobs. Each job's output path is read once, from its state machine.

    Without the permission to read results, runs are still listed, without records, and `problem` says why.
    """

    stepfunctions: SFNClient
    s3: S3Client
    problem: str = ""
    _places: dict[str, S3Uri] = field(default_factory=dict)

    def place(self, job: DeployedJob, run: str) -> S3Uri:
        """Return the output prefix of a run. Raises AwsCallError and NotDeployedError."""
        output = self._output(job)
        return S3Uri(output.bucket, f"{output.key}{run}")

    def of(self, job: DeployedJob, run: str) -> Record | None:
        """Return the record of a run; None if it left none, as those of release 0.1. Raises AwsCallError."""
        return self._if_allowed(lambda: read_record(self.place(job, run), self.s3))

    def runs(self, job: DeployedJob) -> list[str]:
        """Return the ids of all runs with an output prefix, newest first: the ids begin with the time."""
        output = self._output(job)
        prefixes = self._if_allowed(lambda: self._prefixes(output)) or []
        ids = (prefix[len(output.key) : -1] for prefix in prefixes)
        return sorted((one for one in ids if _RUN_ID.fullmatch(one)), reverse=True)

    def _prefixes(self, output: S3Uri) -> list[str]:
        with aws_calls():
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=output.bucket, Prefix=output.key, Delimiter="/"
            )
            return [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]

    def _if_allowed(self, read: Callable[[], _Found]) -> _Found | None:
        """Return what is read; None, with a `problem`, if IAM doesn't allow it."""
        from botocore.exceptions import ClientError  # noqa: PLC0415  # slow to import

        try:
            return read()
        except AwsCallError as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError) or cause.response["Error"].get("Code") not in DENIED:
                raise
            self.problem = f"the records of runs are left out: {error}"
            return None

    def _output(self, job: DeployedJob) -> S3Uri:
        if job.state_machine_arn not in self._places:
            declared = deployed_request(job.state_machine_arn, self.stepfunctions)
            path = S3Uri.parse(declared.request["TransformOutput"]["S3OutputPath"])
            folder = f"{path.key.rstrip('/')}/" if path.key.rstrip("/") else ""
            self._places[job.state_machine_arn] = S3Uri(path.bucket, folder)
        return self._places[job.state_machine_arn]
