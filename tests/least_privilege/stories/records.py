"""The record of a run: of one that completes, one that is refused, and one that is stopped."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from typing import Any

from batch_transform.job.values.run import execution_hash
from least_privilege.account import Account
from least_privilege.model_code import hanging
from least_privilege.stories.point import Points
from least_privilege.stories.runs import functions_log, now, running_of, stop_jobs

_CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much the time in the name of a run's folder may differ: it may come from an event."""


def has_record(account: Account, job: str) -> Points:
    """A run that completes has a whole record, and its results match its input."""
    began = now()
    execution = account.start(job, {"input": {"data": account.place(job, "good")}})
    yield "succeeds", account.execution(execution)["status"] == "SUCCEEDED"
    record = _file(account, job, execution, "_run.json")
    run = json.loads(record or "{}")
    yield "has a record", run.get("Outcome") == "Completed"
    yield "knows its cost", bool(run.get("Cost"))
    page = _file(account, job, execution, "_report.html") or ""
    yield "has a page with its states", "ListInputs" in page
    yield "knows its objects", run["Objects"] == {"Total": 3, "Success": 3, "Error": 0}
    yield "is reconciled", run["Reconciliation"]["Result"] == "Matched"
    yield "knows its model", bool(run["Model"]["Image"] or run["Model"]["ModelPackageArn"])
    yield "knows its transform job", [each["InstanceCount"] > 0 for each in run["TransformJobs"]] == [True]
    yield "has a success", _file(account, job, execution, "_SUCCESS") is not None
    yield "functions log", functions_log(account, job, began, "Workflow/Record")


def has_record_when_refused(account: Account, job: str) -> Points:
    """A run that the preflight refuses has a record, too."""
    execution = account.start(job, {"unknown": True})
    yield "fails", account.execution(execution)["status"] == "FAILED"
    record = _file(account, job, execution, "_run.json")
    yield "has a record", json.loads(record or "{}").get("Error") == "RunInputError"


def has_record_when_stopped(account: Account, job: str) -> Points:
    """A run that is stopped has a record, which says so."""
    with hanging():
        execution = account.start(job, {"input": {"data": account.place(job, "hang")}})
        try:
            account.wait_until(lambda: running_of(account, job, execution))
            yield "is stopped", account.stop(execution)
            yield "has a record", account.wait_until(lambda: _is_aborted(account, job, execution))
        finally:
            account.stop(execution)
            stop_jobs(account, running_of(account, job, execution))


def is_retried(account: Account, job: str) -> Points:
    """The retry of a run that failed reads what has no result from its manifest, and continues its record."""
    run_input = {"input": {"data": account.place(job, "mixed")}}
    first = account.start(job, run_input)
    yield "fails", account.execution(first)["status"] == "FAILED"
    retried = json.loads(_file(account, job, first, "_run.json") or "{}").get("RunId")
    retry = account.start(job, {**run_input, "retry_of": retried})
    yield "scores the bad record again", "this record is bad" in account.execution(retry).get("cause", "")
    record = json.loads(_file(account, job, first, "_run.json") or "{}")
    outcomes = [(one["Objects"], one["Outcome"]) for one in record.get("Retries", ())]
    yield "continues the record", outcomes == [(1, "Failed")]
    jobs = [each["TransformJobStatus"] for each in record["TransformJobs"]]
    yield "knows both transform jobs", jobs == ["Failed", "Failed"]


def _is_aborted(account: Account, job: str, execution: str) -> bool:
    record = json.loads(_file(account, job, execution, "_run.json") or "{}")
    return bool(record.get("Outcome") == "Aborted")


def _file(account: Account, job: str, execution: str, name: str) -> str | None:
    """Return a file of the run's record; None if there is none."""
    s3: Any = account.client("s3")
    started = account.client("stepfunctions").describe_execution(executionArn=execution)["startDate"]
    before = (started - _CLOCKS_DIFFER).astimezone(UTC)
    # After hundreds of runs, the newest are not among the first 1,000 objects.
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=account.output_bucket, Prefix=f"{job}/", StartAfter=f"{job}/{before:%Y%m%dT%H%M%S}"
    )
    end = f"-{execution_hash(execution)}/{name}"
    for entry in (entry for page in pages for entry in page.get("Contents", [])):
        if entry["Key"].endswith(end):
            body = s3.get_object(Bucket=account.output_bucket, Key=entry["Key"])["Body"].read()
            return str(body.decode())
    return None
