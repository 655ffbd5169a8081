"""What must hold of a transform job, as far as its values show: pure functions from values to problems.

A value that only the deployment knows (a CDK token) skips the rules that need to read it. The
preflight function of the workflow runs the same rules on the request of each run, where all is known.
Errors stop. Warnings are for what AWS takes, or may take, and what is likely a mistake.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from batch_transform.spec.job_spec import JobSpec
from batch_transform.spec.named_filters import input_filter, output_filter, with_filters
from batch_transform.spec.problem import Problem
from batch_transform.spec.request import transform_job_request
from batch_transform.spec.rules.batching import batching_problems
from batch_transform.spec.rules.columns import column_problems
from batch_transform.spec.rules.fields import field_problems
from batch_transform.spec.rules.filters import filter_problems
from batch_transform.spec.rules.join import join_problems
from batch_transform.spec.rules.locations import location_problems
from batch_transform.spec.rules.model import model_problems
from batch_transform.spec.rules.name import name_problems
from batch_transform.spec.rules.resources import resource_problems
from batch_transform.spec.rules.runtime import runtime_problems
from batch_transform.spec.rules.schedule import schedule_problems
from batch_transform.spec.rules.shape import shape_problems
from batch_transform.spec.rules.values import RequestValues

_JOB_RULES = (
    name_problems,
    model_problems,
    column_problems,
    field_problems,
    runtime_problems,
    schedule_problems,
)
_REQUEST_RULES = (batching_problems, join_problems, filter_problems, resource_problems, location_problems)

# Stands for what the stack resolves; rules skip it as they skip any token.
UNRESOLVED = "${Token[batch-transform.unresolved]}"


def problems(spec: JobSpec) -> list[Problem]:
    """Return all problems of a job. Reads no file and asks no service."""
    filters = {
        "data_processing.input_filter": input_filter(spec),
        "data_processing.output_filter": output_filter(spec),
    }
    paths = [compiled.path for compiled in filters.values()]
    spec = with_filters(spec, *(UNRESOLVED if path is None else path for path in paths))
    request = transform_job_request(
        spec,
        model_name=UNRESOLVED,
        data=spec.input.data if spec.input.data is not None else UNRESOLVED,
        output_path=spec.output.path if spec.output.path is not None else UNRESOLVED,
    )
    found = [problem for rule in _JOB_RULES for problem in rule(spec)] + request_problems(request)
    return [problem for compiled in filters.values() for problem in compiled.problems] + [
        # What the rules say of a path is told where the job says it, in names or as a path.
        dataclasses.replace(problem, field=filters[problem.field].field)
        if problem.field in filters
        else problem
        for problem in found
    ]


def request_problems(request: Mapping[str, Any]) -> list[Problem]:
    """Return all problems of a CreateTransformJob request.

    Fields are named as in the job file; members that no job file has, by their path in the request.
    TransformJobName may be missing, since each attempt adds its own.
    """
    of_members = list(shape_problems(request))
    values = RequestValues(request, unsound={problem.field for problem in of_members if problem.is_error})
    return of_members + [problem for rule in _REQUEST_RULES for problem in rule(values)]
