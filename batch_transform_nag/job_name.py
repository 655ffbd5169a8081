"""Whether a transform job's name differs between runs, between retries, and between the iterations of a loop.

SageMaker never accepts a name twice (API reference, CreateTransformJob: unique within an account and a region). The
paths and functions are those of the Step Functions Developer Guide: context object, intrinsic functions, JSONata
functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from batch_transform_nag.state_machine import State
from batch_transform_nag.transform_task import TransformTask

_ALWAYS_NEW = re.compile(r"States\.UUID\(|\$(?:uuid|random|now|millis)\(")
_RETRY_COUNT = re.compile(r"(?:\$\$|\$states\.context)\.State\.RetryCount")
_ENTERED_TIME = re.compile(r"(?:\$\$|\$states\.context)\.State\.EnteredTime")
_EXECUTION = re.compile(r"(?:\$\$|\$states\.context)\.Execution\.(?:Id|Name|StartTime|Input)")
_ITEM = re.compile(r"(?:\$\$|\$states\.context)\.Map\.Item")
_INPUT = re.compile(r"\$states\.input|(?<!\$)\$(?=[.\[]|$)")
_VARIABLE = re.compile(r"(?<![\w$])\$(?!states\b)(\w+)\b(?!\s*\()")


class JobName:
    """The TransformJobName of a task, and what it depends on; a fixed text depends on nothing."""

    def __init__(self, task: TransformTask) -> None:
        self._state = task.state
        self._text = task.job_name_expression

    def differs_by_run(self) -> bool:
        """Whether two executions have different names. An input value or a variable is assumed to differ."""
        sources = (_ALWAYS_NEW, _EXECUTION, _ITEM, _INPUT, _ENTERED_TIME, _VARIABLE)
        return any(source.search(self._text) for source in sources)

    def differs_by_retry(self) -> bool:
        """Whether each retry of the state has a new name."""
        return any(source.search(self._text) for source in (_ALWAYS_NEW, _RETRY_COUNT))

    def differs_by_iteration(self, loop: Iterable[State]) -> bool:
        """Whether each iteration of a loop, which runs the states `loop`, has a new name."""
        return self._is_new_each_time() or self._uses_variable_of(loop) or bool(_INPUT.search(self._text))

    def differs_by_item(self, inside: Iterable[State]) -> bool:
        """Whether each item of a Map, which runs the states `inside`, has its own name."""
        return (
            self._is_new_each_time()
            or self._uses_variable_of(inside)
            or any(source.search(self._text) for source in (_ITEM, _INPUT))
        )

    def _is_new_each_time(self) -> bool:
        return any(source.search(self._text) for source in (_ALWAYS_NEW, _ENTERED_TIME))

    def _uses_variable_of(self, states: Iterable[State]) -> bool:
        used = set(_VARIABLE.findall(self._text))
        return any(used & _assigned(state) for state in states)


def _assigned(state: State) -> set[str]:
    return {name.removesuffix(".$") for part in state.assigning_parts() for name in part.get("Assign", {})}
