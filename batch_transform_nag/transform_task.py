"""The states that create a transform job, and their requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.fields import LIMITS_OF_MEMBER
from batch_transform_nag.cfn_template import Resource
from batch_transform_nag.state_machine import State, state_machine
from batch_transform_nag.variables import followed

_CREATE = re.compile(r":states:::(aws-sdk:)?sagemaker:createTransformJob(?P<pattern>\.\w+)?$", re.IGNORECASE)
_DESCRIBE = re.compile(r":states:::aws-sdk:sagemaker:describeTransformJob$", re.IGNORECASE)

BY_RUN = "${Token[expression]}"
"""A value that is set by an expression in each run, not by the deployment."""


@dataclass(frozen=True)
class TransformTask:
    """`request` has the members as written, and a token for each value that only the run or the deployment knows."""

    state: State
    request: Mapping[str, Any]
    written: object
    """The arguments with their expressions, and with variables replaced by the assigned objects."""
    unreadable: tuple[str, ...]
    """Structures that a single expression creates, such as `TransformOutput`; the empty text is the request."""
    follows_job: bool
    """Whether the task waits for the end of the job: `.sync`."""

    def member(self, *path: str) -> object:
        """Return a member of the request; None if it is missing."""
        node: object = self.request
        for name in path:
            node = node.get(name) if isinstance(node, Mapping) else None
        return node

    @property
    def job_name_expression(self) -> str:
        """The expression for TransformJobName as the state evaluates it; empty for a fixed text."""
        json_path = self.state.language == "JSONPath"
        given = self.state.body.get("Parameters" if json_path else "Arguments")
        if not isinstance(given, Mapping):
            return str(given or "$") if self.member("TransformJobName") == BY_RUN else ""
        name = given.get("TransformJobName.$" if json_path else "TransformJobName")
        return name if isinstance(name, str) and (json_path or name.startswith("{%")) else ""


@lru_cache(maxsize=64)  # most rules call it
def transform_tasks(resource: Resource) -> tuple[TransformTask, ...]:
    """Return the tasks of a state machine that create transform jobs; none for any other resource."""
    machine = state_machine(resource)
    return tuple(_task(state) for state in machine.states if creates_transform_job(state)) if machine else ()


def creates_transform_job(state: State) -> bool:
    """Whether the state is a task that creates a transform job, with any integration."""
    return _CREATE.search(str(state.body.get("Resource"))) is not None


def describes_transform_job(state: State) -> bool:
    """Whether the state reads the status of a transform job from SageMaker."""
    return _DESCRIBE.search(str(state.body.get("Resource"))) is not None


def _task(state: State) -> TransformTask:
    matched = _CREATE.search(state.body["Resource"])
    arguments = state.body.get("Arguments" if state.language == "JSONata" else "Parameters")
    written = _with_objects(arguments, state) if isinstance(arguments, Mapping | str) else Expression()
    given = _with_tokens(written)
    request = _opened(given, ())
    return TransformTask(
        state,
        request if isinstance(request, dict) else {},
        written,
        tuple(_made_as_a_whole(given, ())),
        matched is not None and matched["pattern"] == ".sync",
    )


class Expression(str):
    """A text that each run evaluates."""


_DEEPEST = 20
"""The maximum depth for following variables: a loop may assign one from itself."""


def _with_objects(value: object, state: State, *, depth: int = 0) -> object:
    """Return a value as a state writes it, with variables replaced by their objects."""
    match value:
        case str() if state.language == "JSONata" and value.startswith("{%"):
            return _read(value, state, depth)
        case dict():
            return {
                name.removesuffix(".$"): _read(str(inner), state, depth)
                if state.language == "JSONPath" and name.endswith(".$")
                else _with_objects(inner, state, depth=depth)
                for name, inner in value.items()
            }
        case list():
            return [_with_objects(item, state, depth=depth) for item in value]
    return value


def _read(expression: str, state: State, depth: int) -> object:
    found = followed(expression, state) if depth < _DEEPEST else None
    if found is None:
        return Expression(expression)
    origin, assigned = found
    return _with_objects(assigned, origin, depth=depth + 1)


def _with_tokens(value: object) -> object:
    match value:
        case Expression():
            return BY_RUN
        case dict():
            return {name: _with_tokens(inner) for name, inner in value.items()}
        case list():
            return [_with_tokens(item) for item in value]
    return value


def _opened(value: object, at: tuple[str, ...]) -> object:
    """A structure created by a single expression may have any of its members: each gets a token."""
    inside = _members_of(at)
    if not inside:
        return value
    if is_token(value):
        return {name: _opened(BY_RUN, (*at, name)) for name in inside}
    if isinstance(value, dict):
        return {name: _opened(inner, (*at, name)) for name, inner in value.items()}
    return value


def _made_as_a_whole(value: object, at: tuple[str, ...]) -> Iterator[str]:
    """Yield the path of each outermost structure that a single expression creates."""
    if not _members_of(at):
        return
    if is_token(value):
        yield ".".join(at)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _made_as_a_whole(inner, (*at, name))


def _members_of(at: tuple[str, ...]) -> set[str]:
    return {path[len(at)] for path in LIMITS_OF_MEMBER if path[: len(at)] == at and len(path) > len(at)}
