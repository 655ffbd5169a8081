"""What the rules of a job file say of the request in a state machine, in the words of the API."""

from __future__ import annotations

import re
from collections.abc import Callable

from batch_transform.job.errors import Problem
from batch_transform.job.rules import request_problems
from batch_transform.job.rules.data_processing import INPUT_FILTER, OUTPUT_FILTER
from batch_transform.job.values.fields import MEMBERS
from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.transform_task import transform_tasks

FILTERS = frozenset({INPUT_FILTER, OUTPUT_FILTER})
"""The fields of problems that are the filters'."""

_API_NAME = {member.field: ".".join(member.path) for member in MEMBERS}
_FIELD = re.compile(
    "|".join(rf"\b{re.escape(field)}\b" for field in sorted(_API_NAME, key=len, reverse=True))
)


def findings_of(resource: Resource, concerns: Callable[[Problem], bool]) -> RuleResult:
    """Return the errors that concern a rule, each at its state and member.

    What an expression or the deployment gives is not known here, and counts as right.
    """
    tasks = transform_tasks(resource)
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [
        Finding(f"{task.state.name}/{_in_api_words(problem.field)}", _in_api_words(problem.message))
        for task in tasks
        for problem in request_problems(task.request)
        if problem.is_error and concerns(problem)
    ]


def _in_api_words(told: str) -> str:
    return _FIELD.sub(lambda match: _API_NAME[match[0]], told)
