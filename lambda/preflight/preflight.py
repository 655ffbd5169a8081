"""What a run must satisfy before anything is billed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.errors import DataNotFoundError, HeaderRowError, RowWidthError, UnfitDataError
from batch_transform.job.request.overrides import Columns, RunRequest, apply_overrides
from batch_transform.job.request.request import Request
from batch_transform.job.request.retry_input import retry_in
from batch_transform.job.rules.run_limits import RunLimits
from batch_transform.job.rules.unfit_data import Reading, unfit_text
from batch_transform.job.values.bad_records_spec import BadRecordsSpec
from batch_transform.job.values.media_type import CSV, media_type
from first_row import first_row, require_data_row
from input_objects import InputObjects, S3Client, input_objects
from run_lock import RunLock
from run_model import SageMakerClient, run_model
from run_prices import Prices, run_prices
from time_budget import TimeBudget


@dataclass(frozen=True)
class Run:
    """What the state machine passes: the job, the run's id, the declared request and the run's own input.

    `instance_types` are the job's, in the order in which they are tried. `columns` are the column names of the job, as
    `input` and `output`. `bad_records` are the fields of the job's `bad_records`, which not every request
    allows. `model` says how to find the model, if the run must find it (see `run_model`). `execution` is
    the run's ARN. `lock` is the Bucket and Key of the job's lock, and empty if runs may overlap. `waiting` is that of
    the run that waits for it, and empty if runs don't wait. `limits` is what a run may use at most (`RunLimits`).
    `cost` has `max_cost` and `price_per_hour` of the job's workflow, if they are set. `only_declared` says that the
    state machine sends the members that the job declares, and no others. The definition of version 0.1 doesn't pass it:
    an execution that waits for the lock during an upgrade still has that definition, which sends whatever is in the
    request.
    """

    job: str
    job_file: str
    run: str
    execution: str
    request: Request
    instance_types: Sequence[str]
    overrides: Mapping[str, Any]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    bad_records: Mapping[str, Any] = field(default_factory=dict)
    lock: Mapping[str, str] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    cost: Mapping[str, float] = field(default_factory=dict)
    only_declared: bool = False

    @property
    def region(self) -> str:
        """The region in which the run is in progress, and its transform job runs."""
        return self.execution.split(":")[3]


EARLY_SECONDS = 10
"""How long the data of a run that must wait is checked: most inputs are listed by then."""


def checked_run(
    run: Run,
    s3: S3Client,
    sagemaker: Callable[[], SageMakerClient],
    lock: RunLock | None,
    *,
    prices: Prices,
    budget: TimeBudget,
) -> dict[str, Any]:
    """Check the run, take the job's lock if there is no problem, and return the run's variables.

    They are `request`, `instance_types`, `prices` (in the same order; False where one isn't known) and `lock` (see
    `RunLock.take`; empty if runs may overlap). `budget` is for listing the data: objects that there is no time to look
    at are left to the transform job, and the function's log says so.

    The data is checked, and model and prices are looked up, only if the lock is free. A run that begins to wait has its
    data checked for EARLY_SECONDS at most, so that it may learn now what would refuse it later.

    Raises RunInputError (unknown or illegal overrides, output below the input prefix), ModelNotFoundError,
    DataNotFoundError (no object, or only empty ones), BucketRegionError, UnfitDataError, HeaderRowError,
    RowWidthError or MaxCostError.
    """
    checked = _checked_request(run)
    held = lock.look(run.execution) if lock else None
    if lock and held:
        if held.begins_to_wait:
            _check_early(run, checked, s3, budget.part(EARLY_SECONDS))
            return _variables(checked, lock.wait(run.execution, held))
        return _variables(checked, held.variable)
    _check_data(run, checked, s3, budget)
    if run.model:  # after the other checks, since it may create a model
        checked.request["ModelName"] = run_model(run.job, run.model, sagemaker())
    count = checked.request["TransformResources"]["InstanceCount"]
    found = run_prices(checked.instance_types, count, run.region, run.cost, prices)
    taken = lock.take(run.execution) if lock else {}
    return _variables(checked, taken) | {"prices": [price.as_json() if price else False for price in found]}


def _variables(checked: RunRequest, lock: Mapping[str, Any]) -> dict[str, Any]:
    types = list(checked.instance_types)
    return {
        "request": checked.request,
        "instance_types": types,
        "prices": [False] * len(types),
        "lock": lock,
    }


def _checked_request(run: Run) -> RunRequest:
    """Apply the run's overrides, and give the run its own output prefix. This asks nobody."""
    declared = dict(run.request)
    declared["TransformOutput"] = declared["TransformOutput"] | {
        "S3OutputPath": f"{declared['TransformOutput']['S3OutputPath'].rstrip('/')}/{run.run}"
    }
    _, overrides = retry_in(run.overrides)  # what it retries is planned once the run has the lock
    return apply_overrides(
        declared,
        overrides,
        _columns(run),
        instance_types=run.instance_types,
        limits=RunLimits.read(run.limits),
        bad_records=BadRecordsSpec(**run.bad_records) if run.bad_records else None,
        only_declared=run.only_declared,
    )


def _columns(run: Run) -> Columns:
    return Columns(**{name: tuple(names) for name, names in run.columns.items()})


def _check_early(run: Run, checked: RunRequest, s3: S3Client, early: TimeBudget) -> None:
    try:
        _check_data(run, checked, s3, early)
    except DataNotFoundError as error:
        if not early.is_over:
            raise
        # Data may be among the objects that weren't listed: the check before the run decides.
        print(f"not all was listed: {error}")  # noqa: T201  # for the log


def _check_data(run: Run, checked: RunRequest, s3: S3Client, budget: TimeBudget) -> None:
    columns = _columns(run)
    source = checked.request["TransformInput"]
    place = source["DataSource"]["S3DataSource"]
    uri, is_data = place["S3Uri"], place["S3DataType"] == "S3Prefix"  # a manifest is not data
    is_named = bool(columns.input) and is_data and media_type(source.get("ContentType")) == CSV
    try:
        reading = Reading.of(checked.request) if is_data else None
        found = input_objects(uri, reading, s3, budget, region=run.region, read_first=is_named)
    except ClientError as error:
        reason = error.response["Error"]
        raise DataNotFoundError(
            f"{uri} cannot be listed ({reason['Code']}: {reason['Message']}); check the bucket's name and the job's "
            "permissions: a deployed job can read below its own input.data only"
        ) from error
    if not found.is_everything:
        looked_at = f"the first {found.looked_at:,} objects below {uri}"
        print(f"{looked_at} have sizes that can be scored; there was no time for the others")  # noqa: T201  # for the log
    is_gzip = source.get("CompressionType") == "Gzip"
    _require_fit(found, first_row(found.start, gzip=is_gzip) if is_named else [], columns)


def _require_fit(found: InputObjects, cells: Sequence[str], columns: Columns) -> None:
    """Refuse unfit objects and a first row that is not data, in one error."""
    unfit = unfit_text(found.unfit, found.looked_at)
    try:
        if cells:
            require_data_row(found.first, cells, columns.input)
    except (HeaderRowError, RowWidthError) as error:
        if unfit:
            raise UnfitDataError(f"{unfit}\n{error}") from error
        raise
    if unfit:
        raise UnfitDataError(unfit)
