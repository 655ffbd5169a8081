"""`_run.json`: what a run was asked to do, what it did, and how it ended. None means not known, never a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from batch_transform.job.errors import FilterMissError
from batch_transform.job.filters.json_path import JsonPath
from batch_transform.job.record.names import SCHEMA_VERSION
from batch_transform.job.record.started_by import started_by
from batch_transform.job.request.request import Request
from batch_transform.job.values.media_type import is_csv
from summary import not_checked, unknown_records

Record = dict[str, Any]

_OF_LAST_JOB = (
    "TransformJobName",
    "TransformJobStatus",
    "InstanceType",
    "InstanceCount",
    "CreationTime",
    "TransformStartTime",
    "TransformEndTime",
)


@dataclass(frozen=True)
class Run:
    """A run as the state machine describes it in each call.

    `start_time` is ISO 8601. `output` is the TransformOutput that the job declares, without the run's id. `request` is
    False until the preflight has made it. `columns` are the names of the job's columns, as `input` and `output`.
    `reconcile` is `objects`, `records` or `off`. `leaves_out` says that a bad record has no line in the results.
    `prices` are those of the instance types (see `run_cost.price_of`). Without `details`, the run's page quotes no log
    and no record.
    """

    job: str
    job_file: str
    run_id: str
    execution_arn: str
    start_time: str
    input: Any
    output: Mapping[str, Any]
    reconcile: str
    request: Request | bool = False
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    leaves_out: bool = True
    prices: Any = ()
    details: bool = True

    @property
    def sent(self) -> Request | None:
        """The request, or None if the preflight refused the run."""
        return None if isinstance(self.request, bool) else self.request

    @property
    def output_path(self) -> str:
        """The run's own output prefix, as S3OutputPath has it."""
        return f"{str(self.output['S3OutputPath']).rstrip('/')}/{self.run_id}"


@dataclass(frozen=True)
class Ending:
    """How a run ended. `attempts` is None, and `instance_types` empty, where that isn't known."""

    outcome: str
    end_time: str
    error: str | None = None
    cause: str | None = None
    output: Mapping[str, Any] = field(default_factory=dict)
    attempts: int | None = None
    instance_types: Sequence[str] = ()


def started(run: Run, model: Record | None) -> Record:
    """Return the record of a run in progress: its Outcome is None."""
    request = run.sent
    source = request["TransformInput"]["DataSource"]["S3DataSource"] if request else {}
    return {
        "SchemaVersion": SCHEMA_VERSION,
        "Outcome": None,
        "Job": run.job,
        "JobFile": run.job_file or None,
        "RunId": run.run_id,
        "ExecutionArn": run.execution_arn,
        "StartedBy": started_by(run.execution_arn, run.input),
        "StartTime": run.start_time,
        "EndTime": None,
        "Input": run.input,
        "Request": request,
        "Filters": _filters(request, run.columns) if request else None,
        "Model": model,
        # A run that another one kept from running has a request whose model nobody has looked for.
        "ModelName": request.get("ModelName") if request else None,
        "S3Uri": source.get("S3Uri"),
        "S3OutputPath": run.output_path,
        "InstanceTypes": [],
        "Attempts": None,
        "TransformJobs": [],
        "TransformJobArn": None,
        **dict.fromkeys(_OF_LAST_JOB),
        "BillableTimeInSeconds": None,
        "RunningExecutionArn": None,
        "WaitingExecutionArn": None,
        **dict.fromkeys(("InputObjects", "InputBytes", "OutputObjects", "OutputBytes")),
        "Objects": unknown_records(),
        "Records": unknown_records(),
        "Reconciliation": not_checked(run.reconcile),
        "BadRecords": None,
        "Price": None,
        "Prices": [],
        "Cost": None,
        "Error": None,
        "Cause": None,
        "Retries": [],
    }


def ended(record: Record, ending: Ending, transform_jobs: Sequence[Record]) -> Record:
    """Return the record of a run that ended. `record` is that of its start, or an earlier one of its end."""
    last = transform_jobs[-1] if transform_jobs else {}
    tried = list(ending.instance_types) or [job["InstanceType"] for job in transform_jobs]
    output = {name: value for name, value in ending.output.items() if name in record and value is not None}
    return {
        **record,
        **{name: last.get(name) for name in _OF_LAST_JOB},
        "TransformJobArn": last.get("TransformJobArn"),
        **output,
        "Outcome": ending.outcome,
        "EndTime": ending.end_time,
        "Request": _as_sent(record["Request"], transform_jobs),
        "InstanceTypes": list(dict.fromkeys(tried)),
        "Attempts": ending.attempts,
        "TransformJobs": [
            {name: value for name, value in job.items() if name != "TransformJobArn"}
            for job in transform_jobs
        ],
        "Error": ending.error,
        "Cause": ending.cause,
    }


def _as_sent(request: Request | None, transform_jobs: Sequence[Record]) -> Request | None:
    """Return the request with the name and the instance type of its last attempt of round 0."""
    sent = [job for job in transform_jobs if job["Round"] == 0]
    if request is None or not sent:
        return request
    resources = {**request["TransformResources"], "InstanceType": sent[-1]["InstanceType"]}
    return {**request, "TransformJobName": sent[-1]["TransformJobName"], "TransformResources": resources}


def _filters(request: Request, columns: Mapping[str, Sequence[str]]) -> Record:
    """Return the names of the columns that each filter selects; None without names, or for JSON."""
    processing = request.get("DataProcessing", {})
    read, answered = columns.get("input", ()), columns.get("output", ())
    is_joined = processing.get("JoinSource") == "Input"
    joined = (*read, *answered) if is_joined and read and answered else () if is_joined else answered
    content_type = request["TransformInput"].get("ContentType")
    accept = request["TransformOutput"].get("Accept")
    return {
        "InputFilter": _names(processing.get("InputFilter", "$"), read if is_csv(content_type) else ()),
        "OutputFilter": _names(processing.get("OutputFilter", "$"), joined if is_csv(accept) else ()),
    }


def _names(path: str, columns: Sequence[str]) -> list[str] | None:
    if not columns:
        return None
    try:
        return JsonPath.parse(path).select_cells(columns)
    except FilterMissError:
        return None


def iso(moment: datetime) -> str:
    """Return a time as the record has it: UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
