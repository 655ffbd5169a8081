"""Applies the rules of a job file to the request in a state machine, with the API's names in the messages."""

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
"""The fields of problems with filters."""

_API_NAME = {member.field: ".".join(member.path) for member in MEMBERS}
_FIELD = re.compile(
    "|".join(rf"\b{re.escape(field)}\b" for field in sorted(_API_NAME, key=len, reverse=True))
)


def findings_of(resource: Resource, concerns: Callable[[Problem], bool]) -> RuleResult:
    """Return the errors that concern a rule, each with its state and member.

    Values of expressions and of the deployment are unknown here, and assumed to be valid.
    """
    tasks = transform_tasks(resource)
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [
        Finding(f"{task.state.name}/{_with_api_names(problem.field)}", _with_api_names(problem.message))
        for task in tasks
        for problem in request_problems(task.request)
        if problem.is_error and concerns(problem)
    ]


def _with_api_names(text: str) -> str:
    return _FIELD.sub(lambda match: _API_NAME[match[0]], text)
