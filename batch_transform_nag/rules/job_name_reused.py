"""A TransformJobName that is sent more than once."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.job_name import JobName
from batch_transform_nag.rule import Compliance, Finding, RuleResult
from batch_transform_nag.state_machine import State
from batch_transform_nag.transform_task import TransformTask, transform_tasks

# AWS refused the call because of a quota: no job has the name yet.
_BEFORE_ANY_JOB = {"SageMaker.ResourceLimitExceededException"}


def job_name_reused(resource: Resource) -> RuleResult:
    """Check that each task's job name is new for every run, retry, iteration of a loop and item of a Map."""
    tasks = transform_tasks(resource)
    if not tasks:
        return Compliance.NOT_APPLICABLE
    return [Finding(task.state.name, why) for task in tasks if (why := next(_reused(task), None))]


def _reused(task: TransformTask) -> Iterator[str]:
    name, state = JobName(task), task.state
    if not name.differs_by_run():
        yield "the name is the same in every execution"
        return
    if _is_retried(state) and not name.differs_by_retry():
        yield "the name is the same on each retry; add the retry count of the context object"
    loop = [other for other in state.following if state in other.following]
    if state in loop and not name.differs_by_iteration(loop):
        yield "the state is part of a loop, and the name is the same in each iteration"
    for around in state.enclosing:
        if around.body.get("Type") == "Map" and not name.differs_by_item(_inside(around, state)):
            yield f"the name is the same for each item of the Map {around.name}"


def _is_retried(state: State) -> bool:
    return any(
        retrier.get("MaxAttempts") != 0 and set(retrier.get("ErrorEquals", [])) - _BEFORE_ANY_JOB
        for retrier in state.body.get("Retry", [])
    )


def _inside(around: State, state: State) -> list[State]:
    """Return the states from the Map's own scope down to the task's."""
    inside = list(state.scope.states.values())
    for enclosing in state.enclosing:
        if enclosing is around:
            break
        inside += enclosing.scope.states.values()
    return inside
