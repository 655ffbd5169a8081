"""The rules of a transform job: pure functions from its values to problems.

Rules skip a value that is known only at deployment (a CDK token). The preflight function of the workflow runs the same
rules on the request of each run, where all values are known; `problems` runs all of them on a job. An error stops the
command, synthesis or run. A warning is for something that AWS accepts, or may accept, and that is likely a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from batch_transform.job.errors import Problem
from batch_transform.job.rules.bad_records import bad_records_problems, knows_all
from batch_transform.job.rules.batching import batching_problems
from batch_transform.job.rules.data_processing import filter_problems, join_problems
from batch_transform.job.rules.instance_types import instance_type_problems, resource_problems
from batch_transform.job.rules.limits import member_problems
from batch_transform.job.rules.locations import location_problems
from batch_transform.job.rules.request_values import INSTANCE_TYPE, RequestValues
from batch_transform.job.values.bad_records_spec import OMIT, BadRecordsSpec

_REQUEST_RULES = (batching_problems, join_problems, filter_problems, resource_problems, location_problems)

# A placeholder for a value that the stack resolves; rules skip it like any token.
UNRESOLVED = "${Token[batch-transform.unresolved]}"


def request_problems(
    request: Mapping[str, Any],
    instance_types: Sequence[object] = (),
    bad_records: BadRecordsSpec | None = None,
) -> list[Problem]:
    """Return all problems of a CreateTransformJob request.

    Fields are named as in the job file, members without a field by their path in the request.
    TransformJobName may be missing, since each attempt adds its own. `instance_types` are all
    the types to try, of which the request has the first; if it is empty, there is only that one.
    `bad_records` is the job's, which not every request allows.
    """
    of_members = list(member_problems(request))
    if len(instance_types) > 1:
        of_members = [problem for problem in of_members if problem.field != INSTANCE_TYPE]
        of_members += instance_type_problems(instance_types)
    unsound = {problem.field for problem in of_members if problem.is_error}
    values = RequestValues(request, unsound=unsound, instance_types=instance_types)
    of_records = [] if bad_records is None else list(bad_records_problems(values, bad_records))
    return of_members + [problem for rule in _REQUEST_RULES for problem in rule(values)] + of_records


def could_leave_out_records(request: Mapping[str, Any]) -> bool:
    """Whether the job of this request, with none of its values unknown, could have `bad_records`."""
    values = RequestValues(request, unsound=())
    # One leaves bad records out, and the others write a text that fits CSV or JSON.
    return knows_all(values) and any(
        not list(bad_records_problems(values, BadRecordsSpec(max_count=1, result=result)))
        for result in (OMIT, "ERROR", "null")
    )
