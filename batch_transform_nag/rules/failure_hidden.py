"""A failure after which the execution still succeeds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.state_machine import State, state_machine
from batch_transform_nag.transform_task import describes_transform_job, transform_tasks

_FLAG = re.compile(r"\{%\s*\$(\w+)\s*%\}")
_VARIABLE = re.compile(r"\$(\w+)")
_ANY_ERROR = {"States.ALL", "States.TaskFailed"}


def failure_hidden(resource: Resource) -> RuleResult:
    """Follow each Catch around a transform job, and each Catch of any error before it, to the ends of its paths.

    A path that leads to a transform job again, or reads its status, hides nothing: the job decides.
    """
    machine, tasks = state_machine(resource), transform_tasks(resource)
    if machine is None or not tasks:
        return Compliance.NOT_APPLICABLE
    looks = [state for state in machine.states if describes_transform_job(state)]
    deciding = [*(task.state for task in tasks), *looks]
    jobs = {one.name for state in deciding for one in (state, *state.enclosing)}
    return [finding for state in machine.states for finding in _hidden(state, jobs)]


def _hidden(state: State, jobs: set[str]) -> Iterator[Finding]:
    runs_job = state.name in jobs
    before_job = not runs_job and any(found.name in jobs for found in state.following)
    for catcher in state.catches:
        if not runs_job and not (before_job and _ANY_ERROR & set(catcher.get("ErrorEquals", []))):
            continue
        if end := _good_end(state, catcher, jobs):
            errors = ", ".join(catcher.get("ErrorEquals", []))
            yield Finding(state.name, f"after {errors} the path through {catcher['Next']} succeeds in {end}")
            return
    if runs_job and any(state.body.get(f"ToleratedFailure{unit}") for unit in ("Percentage", "Count")):
        yield Finding(state.name, "the Map tolerates failed items")


def _good_end(state: State, catcher: Mapping[str, Any], jobs: set[str]) -> str | None:
    """Return a state in which a path of the Catch succeeds.

    Success and failure may share their last states, with a variable for the outcome: a failure passes a Choice on
    such a variable only if an earlier state may have set it.
    """
    earlier = [other for other in state.scope.states.values() if state in other.following]
    walked: list[State] = []
    while True:
        set_by = {
            name
            for part in (catcher, *(part for one in (*walked, *earlier) for part in one.assigning_parts()))
            for name, value in part.get("Assign", {}).items()
            if value is not False
        }
        again = state.reachable(catcher["Next"], stop=jobs, closed=partial(_shut, set_by))
        if len(again) == len(walked):
            return next((found.name for found in walked if found.ends_well), None)
        walked = again


def _shut(set_by: Collection[str], rule: Mapping[str, Any]) -> bool:
    """Whether a rule of a Choice tests only a variable that no state has set."""
    flag = _FLAG.fullmatch(str(rule.get("Condition"))) or (
        _VARIABLE.fullmatch(str(rule.get("Variable"))) if rule.get("BooleanEquals") is True else None
    )
    return flag is not None and flag[1] not in set_by
