"""A failure after which the execution still succeeds."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.state_machine import State, state_machine
from batch_transform_nag.transform_task import transform_tasks

_ANY_ERROR = {"States.ALL", "States.TaskFailed"}


def failure_hidden(resource: Resource) -> RuleResult:
    """Follow each Catch around a transform job, and each Catch of any error before it, to its ends.

    A path that comes to a transform job again hides nothing: that job decides.
    """
    machine, tasks = state_machine(resource), transform_tasks(resource)
    if machine is None or not tasks:
        return Compliance.NOT_APPLICABLE
    jobs = {state.name for task in tasks for state in (task.state, *task.state.enclosing)}
    return [finding for state in machine.states for finding in _hidden(state, jobs)]


def _hidden(state: State, jobs: set[str]) -> Iterator[Finding]:
    runs_job = state.name in jobs
    before_job = not runs_job and any(found.name in jobs for found in _after(state))
    for catcher in state.catches:
        if not runs_job and not (before_job and _ANY_ERROR & set(catcher.get("ErrorEquals", []))):
            continue
        ends = [found.name for found in state.reachable(catcher["Next"], stop=jobs) if found.ends_well]
        if ends:
            errors = ", ".join(catcher.get("ErrorEquals", []))
            yield Finding(
                state.name, f"after {errors} the path through {catcher['Next']} ends well in {ends[0]}"
            )
            return
    if runs_job and any(state.body.get(f"ToleratedFailure{unit}") for unit in ("Percentage", "Count")):
        yield Finding(state.name, "the Map tolerates items that failed")


def _after(state: State) -> list[State]:
    return [found for name in state.next_names() for found in state.reachable(name)]
