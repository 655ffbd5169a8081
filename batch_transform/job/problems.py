"""Every problem of a job, found before anything is deployed."""

from __future__ import annotations

import dataclasses

from batch_transform.job.errors import Problem
from batch_transform.job.filters.named_filters import input_filter, output_filter, with_filters
from batch_transform.job.request.request import transform_job_request
from batch_transform.job.request.trigger_inputs import trigger_input_problems
from batch_transform.job.rules import UNRESOLVED, request_problems
from batch_transform.job.rules.columns import column_problems, field_problems
from batch_transform.job.rules.container import container_problems
from batch_transform.job.rules.instance_types import job_instance_type_problems
from batch_transform.job.rules.limits import setting_problems
from batch_transform.job.rules.model import model_problems
from batch_transform.job.rules.run_limits import limit_problems
from batch_transform.job.rules.run_size import run_size_problems
from batch_transform.job.rules.settings import (
    log_problems,
    name_problems,
    notify_problems,
    reconcile_problems,
)
from batch_transform.job.rules.triggers import frequency_problems, schedule_problems, upload_problems
from batch_transform.job.rules.types import type_problems
from batch_transform.job.values.derived import with_derived
from batch_transform.job.values.job_spec import JobSpec

_JOB_RULES = (
    setting_problems,
    name_problems,
    model_problems,
    container_problems,
    job_instance_type_problems,
    limit_problems,
    column_problems,
    field_problems,
    schedule_problems,
    frequency_problems,
    upload_problems,
    notify_problems,
    log_problems,
    reconcile_problems,
)


def problems(spec: JobSpec) -> list[Problem]:
    """Return all problems of a job. Reads no file and asks no service."""
    if of_types := list(type_problems(spec)):
        return of_types  # every other rule relies on the types
    spec = with_derived(spec)
    filters = {
        "data_processing.input_filter": input_filter(spec),
        "data_processing.output_filter": output_filter(spec),
    }
    paths = [compiled.path for compiled in filters.values()]
    spec = with_filters(spec, *(UNRESOLVED if path is None else path for path in paths))
    to_try = spec.transform.instance_type or (UNRESOLVED,)
    transform = dataclasses.replace(spec.transform, instance_type=to_try)
    request = transform_job_request(
        dataclasses.replace(spec, transform=transform),
        model_name=UNRESOLVED,
        data=spec.input.data if spec.input.data is not None else UNRESOLVED,
        output_path=spec.output.path if spec.output.path is not None else UNRESOLVED,
    )
    found = [problem for rule in _JOB_RULES for problem in rule(spec)] + request_problems(
        request, to_try, spec.bad_records
    )
    found += run_size_problems(spec, request)
    of_filters = [problem for compiled in filters.values() for problem in compiled.problems]
    if not any(problem.is_error for problem in [*found, *of_filters]):
        found += trigger_input_problems(spec, request)
    return of_filters + [
        # A problem of a filter is reported where the job writes it, by name or as a path.
        dataclasses.replace(problem, field=filters[problem.field].field)
        if problem.field in filters
        else problem
        for problem in found
    ]
