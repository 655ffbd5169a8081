"""The record of a run that was retried: each execution continues it, and the last one to begin holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from batch_transform.job.record.names import RUN_FILE
from batch_transform.job.record.started_by import started_by
from batch_transform.job.request.retry_input import retried_run
from record_files import RecordFiles, S3Client
from run_cost import billable_seconds, cost_members
from run_record import Ending, Record, Run, ended, started


def holder(record: Mapping[str, Any]) -> str:
    """Return the execution that writes the record: that of the last retry, or else of the run itself."""
    retries = record.get("Retries")
    return str(retries[-1]["ExecutionArn"] if retries else record["ExecutionArn"])


def executions(record: Mapping[str, Any]) -> list[str]:
    """Return all executions of the run, in order."""
    return [record["ExecutionArn"], *(one["ExecutionArn"] for one in record.get("Retries", ()))]


def continued(run: Run, s3: S3Client) -> Run:
    """Return the run whose record an execution writes: the one that it retries, once its retry is planned.

    Until then, and for any other execution, that is its own: a retry that is refused leaves the other record alone.
    """
    retried = retried_run(run.input)
    if retried is None or retried == run.run_id:
        return run
    record = RecordFiles.below(run.output, retried, s3).read(RUN_FILE)
    if record is None or holder(record) != run.execution_arn:
        return run
    return replace(run, run_id=retried)


def retry_begun(
    record: Record, run: Run, model: Record | None, *, manifest: str, objects: int, changed: Sequence[str]
) -> Record:
    """Return the record of a run whose retry begins. `run` is the retry, with the request of the whole run."""
    of_request = started(run, model)
    # The retry may have been planned before, by a call whose answer was lost.
    earlier = [one for one in record.get("Retries", ()) if one["ExecutionArn"] != run.execution_arn]
    retry = {
        "ExecutionArn": run.execution_arn,
        "StartedBy": started_by(run.execution_arn, run.input),
        "StartTime": run.start_time,
        "EndTime": None,
        "Input": run.input,
        "Manifest": manifest,
        "Objects": objects,
        "Changes": list(changed),
        "Outcome": None,
        "Attempts": None,
        "Cost": None,
        "Error": None,
        "Cause": None,
    }
    return {
        **record,
        "SchemaVersion": of_request["SchemaVersion"],
        "Outcome": None,
        "EndTime": None,
        **{name: of_request[name] for name in ("Request", "Filters", "Model", "ModelName")},
        "Reconciliation": of_request["Reconciliation"],
        "Error": None,
        "Cause": None,
        "Retries": [*earlier, retry],
    }


def left_behind(record: Record, outcome: str, jobs: Sequence[Record]) -> Record:
    """Return the record of a run that nobody has completed: its holder ended with `outcome` and left `jobs`."""
    known = {job["TransformJobName"] for job in record["TransformJobs"]}
    added = [
        {name: value for name, value in job.items() if name != "TransformJobArn"}
        for job in jobs
        if job["TransformJobName"] not in known
    ]
    retries = [dict(one) for one in record.get("Retries", ())]
    if retries:
        retries[-1]["Outcome"] = outcome
    return {
        **record,
        "TransformJobs": [*record["TransformJobs"], *added],
        "Attempts": None,
        "BillableTimeInSeconds": None if added else record["BillableTimeInSeconds"],
        "Cost": None if added else record["Cost"],
        "Retries": retries,
    }


def retry_ended(record: Record, ending: Ending, jobs: Sequence[Record], prices: Any) -> Record:
    """Return the record of a run whose last retry ended: what it did is added to what the run did before.

    `jobs` are the transform jobs of the retry, and `prices` those of its instance types. Adding it again changes
    nothing, since a call may be repeated.
    """
    names = {job["TransformJobName"] for job in jobs}
    before = [job for job in record["TransformJobs"] if job["TransformJobName"] not in names]
    *earlier, retry = record["Retries"]
    of_retry = ended({**record, "TransformJobs": []}, ending, jobs)
    of_retry |= cost_members(of_retry, prices)
    whole = ended(record, ending, [*before, *jobs])
    if not jobs:
        whole["TransformJobArn"] = record["TransformJobArn"]
    return {
        **whole,
        # The output of the retry's execution has its own.
        **{name: record[name] for name in ("ExecutionArn", "RunId", "BadRecords")},
        "InstanceTypes": list(dict.fromkeys([*record["InstanceTypes"], *of_retry["InstanceTypes"]])),
        "Attempts": _total(_less(record["Attempts"], retry["Attempts"]), ending.attempts),
        "BillableTimeInSeconds": billable_seconds([*before, *jobs]),
        "Price": of_retry["Price"] or record["Price"],
        "Prices": of_retry["Prices"],
        "Cost": _cost(record["Cost"], retry["Cost"], of_retry["Cost"])
        if jobs and before
        else of_retry["Cost"]
        if jobs
        else record["Cost"],
        "Retries": [
            *earlier,
            {
                **retry,
                "EndTime": ending.end_time,
                "Outcome": ending.outcome,
                "Attempts": ending.attempts,
                "Cost": of_retry["Cost"],
                "Error": ending.error,
                "Cause": ending.cause,
            },
        ],
    }


def _less(total: int | None, part: int | None) -> int | None:
    return total if total is None or part is None else total - part


def _total(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _cost(total: Record | None, part: Record | None, new: Record | None) -> Record | None:
    if total is None or new is None:
        return None
    amount = total["Amount"] - (part["Amount"] if part else 0) + new["Amount"]
    return {**total, "Amount": round(amount, 6)}
