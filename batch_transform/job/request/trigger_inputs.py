"""What schedules and uploads override in their runs, checked before anything is deployed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from batch_transform.job.errors import InvalidS3UriError, Problem, RunInputError
from batch_transform.job.request.overrides import Columns, apply_overrides
from batch_transform.job.request.request import Request
from batch_transform.job.rules.instance_types import needs_another_image
from batch_transform.job.rules.request_values import INSTANCE_TYPE
from batch_transform.job.rules.run_limits import RunLimits
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.fields import item_field
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.s3_uri import S3Uri


def trigger_input_problems(spec: JobSpec, request: Request) -> Iterator[Problem]:
    """Check the inputs of all triggers. `request` is that of a job without errors."""
    schedules = spec.triggers.schedule
    inputs = {
        f"{item_field('triggers.schedule', at, len(schedules))}.input": schedule.input
        for at, schedule in enumerate(schedules)
    }
    if spec.triggers.on_upload is not None:
        inputs["triggers.on_upload.input"] = spec.triggers.on_upload.input
    for field, run_input in inputs.items():
        for problem in _run_problems(spec, request, run_input):
            at = field if problem.field == "input" else f"{field}.{problem.field}"
            yield dataclasses.replace(problem, field=at)


def _run_problems(spec: JobSpec, request: Request, run_input: Mapping[str, object]) -> Iterator[Problem]:
    """Yield the problems that the preflight would report, and those that only the job file shows."""
    columns = Columns(spec.input.columns, spec.output.columns)
    try:
        run = apply_overrides(
            request,
            run_input,
            columns,
            instance_types=spec.transform.instance_type,
            limits=RunLimits.of(spec),
            bad_records=spec.bad_records,
        )
    except RunInputError as error:
        yield from error.problems
        return
    first = spec.transform.instance_type[0]
    for other in run.instance_types:
        if needs_another_image(spec.model, first, other):
            yield Problem(
                "override-of-image",
                INSTANCE_TYPE,
                f"{other} needs a different framework image than {first}, which the model is defined for; list "
                "instance types of the same kind",
            )
            return
    yield from _data(spec, run.request)


def _data(spec: JobSpec, request: Request) -> Iterator[Problem]:
    """A job's roles may read only below its own input, so a run elsewhere would be denied."""
    text = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    own = spec.input.data
    if is_token(text) or is_token(own):
        return
    try:
        data = S3Uri.parse(text)
        allowed = S3Uri("", f"{spec.name}/") if own is None else S3Uri.parse(own)
    except InvalidS3UriError:
        return
    if data.key.startswith(allowed.key) and (own is None or data.bucket == allowed.bucket):
        return
    # The job's own prefix contains its name, which differs between environments.
    severity, where = ("error", f"{own}, input.data")
    if own is None:
        severity, where = "warning", f"s3://INPUT_BUCKET/{allowed.key}, the job's own prefix"
    yield Problem(
        "override-outside-data",
        "input.data",
        f"{text} does not begin with {where}: the job may read only there; write an address below it",
        severity=severity,
    )
