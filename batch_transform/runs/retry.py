"""The run to retry, and what it has left without a result, as its record says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from batch_transform.job.errors import NotDeployedError, RetryError
from batch_transform.job.request.retry_input import retried_run
from batch_transform.job.values.run import run_id
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.deployment import DeployedJob, jobs_named
from batch_transform.runs.input_size import MOST_PAGES
from batch_transform.runs.past_runs import find_run, input_of
from batch_transform.runs.run_record import Record, RunRecords, read_objects

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_stepfunctions.client import SFNClient

MOST_LOOKED_AT = 50
"""How many runs of a job are looked at for one that didn't complete."""

_MOST_NAMED = 1000


@dataclass(frozen=True)
class RetriableRun:
    """A run that ended. `record` is its `_run.json`."""

    job: DeployedJob
    run: str
    record: Record

    @property
    def input(self) -> dict[str, Any]:
        """The overrides that it was started with."""
        return dict(self.record["Input"] or {})


@dataclass(frozen=True)
class Remainder:
    """What a run has left: `objects` of `total`, with `bytes`, None if not known, and the URIs of the first of them."""

    total: int
    objects: int
    bytes: int | None
    first: Sequence[str]


def run_to_retry(
    text: str | None, jobs: Sequence[DeployedJob], stepfunctions: SFNClient, records: RunRecords
) -> RetriableRun:
    """Return the run that `text` names: a run, one of its retries, or a job, whose last run that didn't complete it is.

    Without `text`, that of the only job. Raises NotDeployedError if there is none, and RetryError if it is in progress
    or has no record.
    """
    named = list(jobs) if text is None else jobs_named(text, jobs)
    if text is None and len(named) > 1:
        names = ", ".join(dict.fromkeys(job.name for job in named))
        raise NotDeployedError(
            f"name a run, or a job, whose last run that didn't complete is retried: {names}"
        )
    if named:
        return _last_incomplete(named[0], records)
    found = find_run(str(text), jobs, stepfunctions, records)
    run = retried_run(input_of(found, stepfunctions)) or found.run
    record = records.of(found.job, run)
    if record is None:
        if records.problem:
            raise RetryError(f"the run {run} can't be retried without its record: {records.problem}")
        raise RetryError(
            f"the run {run} has no record: it is just starting, was skipped, or is from release 0.1; start another "
            f"run: batch-transform start --like {run}"
        )
    return _ended(found.job, run, record, stepfunctions)


def _last_incomplete(job: DeployedJob, records: RunRecords) -> RetriableRun:
    for run in records.runs(job)[:MOST_LOOKED_AT]:
        record = records.of(job, run)
        if record is None or record["Outcome"] in {None, "Completed"} or retried_run(record["Input"]):
            continue
        if record["Objects"]["Total"]:
            return RetriableRun(job, run, record)
    if records.problem:
        raise RetryError(f"no run can be retried without its record: {records.problem}")
    raise NotDeployedError(
        f"the job {job.name} has no run to retry: of its last {MOST_LOOKED_AT} runs, none ended before it had all "
        "results; to name an older one, see batch-transform runs"
    )


def _ended(job: DeployedJob, run: str, record: Record, stepfunctions: SFNClient) -> RetriableRun:
    if record["Outcome"] is None:
        retries = record.get("Retries")
        holder = retries[-1]["ExecutionArn"] if retries else record["ExecutionArn"]
        with aws_calls():
            status = stepfunctions.describe_execution(executionArn=holder)["status"]
        if status == "RUNNING":
            what = "a retry of it is" if retries else "it is"
            raise RetryError(
                f"the run {run} can't be retried yet: {what} in progress; to follow it: batch-transform show "
                f"{run_id_of(holder, retries[-1] if retries else record)}"
            )
        return RetriableRun(job, run, record)
    if record["Request"] is None or not record["Objects"]["Total"]:
        raise RetryError(
            f"the run {run} ended before its first transform job ({record['Error'] or record['Outcome']}), so it has "
            f"no results to complete: start another run: batch-transform start --like {run}"
        )
    return RetriableRun(job, run, record)


def run_id_of(execution_arn: str, described: Mapping[str, Any]) -> str:
    """Return the id of an execution in a record, which has its StartTime."""
    return run_id(execution_arn, datetime.fromisoformat(described["StartTime"]))


def remainder(found: RetriableRun, s3: S3Client) -> Remainder:
    """Return what has no result. Raises RetryError if that is nothing, or if an input object has changed.

    The state machine compares all of it again. This notices a change before the start, unless the input has more
    objects than MOST_PAGES pages.
    """
    place = S3Uri.parse(found.record["S3OutputPath"])
    source = found.record["Request"]["TransformInput"]["DataSource"]["S3DataSource"]
    now = _listed_now(source, s3)
    bucket = S3Uri.parse(source["S3Uri"]).bucket
    total = left = 0
    size: int | None = 0
    first: list[str] = []
    changed: list[str] = []
    for line in read_objects(place, s3):
        if line["Key"] is None:
            continue
        total += 1
        name = (
            str(S3Uri(bucket, line["Key"]))
            if now is not None or source["S3DataType"] == "S3Prefix"
            else line["Key"]
        )
        if line["Status"] == "Changed" or (
            now is not None and now.get(line["Key"]) != (line["ETag"], line["Size"])
        ):
            changed += [name] if len(changed) < _MOST_NAMED else []
        if line["Status"] != "Completed":
            left += 1
            size = None if size is None or line["Size"] is None else size + line["Size"]
            first += [name] if len(first) < _MOST_NAMED else []
    if changed:
        raise RetryError(
            f"the input of the run {found.run} was replaced or deleted since it started: {_some(changed)}; its output "
            f"would have results of old and new data: start another run: batch-transform start --like {found.run}"
        )
    if not left:
        raise RetryError(_nothing_left(found))
    return Remainder(total, left, size, first)


def _nothing_left(found: RetriableRun) -> str:
    every = f"every input object of the run {found.run} has its result: there is nothing to retry"
    if found.record["Outcome"] == "Completed":
        return every
    return (
        f"{every}; it failed for another reason ({found.record['Error'] or found.record['Outcome']}): start another "
        f"run: batch-transform start --like {found.run}"
    )


def _some(names: Sequence[str], most: int = 5) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def _listed_now(source: Mapping[str, Any], s3: S3Client) -> dict[str, tuple[str, int]] | None:
    """Return ETag and size of each object below a prefix; None for a manifest, and for more than MOST_PAGES pages."""
    if source["S3DataType"] != "S3Prefix":
        return None
    found = {}
    for number, page in enumerate(_pages(S3Uri.parse(source["S3Uri"]), s3), 1):
        for entry in page.get("Contents", []):
            found[entry["Key"]] = (entry["ETag"].strip('"'), entry["Size"])
        if number == MOST_PAGES and page["IsTruncated"]:
            return None
    return found


def _pages(place: S3Uri, s3: S3Client) -> Iterator[Any]:
    with aws_calls():
        yield from s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key)
