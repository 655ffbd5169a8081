"""Runs sequences of states, and the branches of Parallel and the items of Map, in threads, with their events."""

from __future__ import annotations

import contextvars
import copy
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import now_iso  # type: ignore[import-untyped]  # it has no types
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter import choice, jsonata, plain_states, task, wait
from batch_transform.local.emulator.patches.interpreter.fields import (
    Context,
    State,
    context_object,
    effective_input,
    filled,
    parameters,
    resolve,
)
from batch_transform.local.emulator.patches.interpreter.history import Execution, add_event
from batch_transform.local.emulator.patches.interpreter.place import (
    RUNTIME,
    Group,
    Place,
    end_aborted,
    failure,
    note,
    place,
)
from batch_transform.local.emulator.patches.interpreter.retry import with_retry_and_catch
from batch_transform.local.emulator.patches.interpreter.task import output_of

MOST_AT_ONCE = 40
"""How many items of an inline Map run at once (Developer Guide of Step Functions, "Inline mode")."""

logger = logging.getLogger(__name__)
_map_run_lock = threading.Lock()

Run = Callable[[Place], Any]


def plug_in() -> None:
    """Replace the function with which the emulator's distributed Map runs an item."""
    stepfunctions._run_sub_machine = _run_child


def _run_parallel(
    state: State, raw_input: object, execution: Execution, ctx: Context
) -> tuple[Any, str | None]:
    if jsonata.is_jsonata(state, ctx):
        branch_input = jsonata.arguments(state, raw_input, ctx)
    else:
        branch_input = parameters(state, effective_input(state, raw_input, ctx), ctx)
    here = _here(execution)
    _start(here, "ParallelStateStarted")

    def branch(definition: Mapping[str, Any]) -> Run:
        return lambda at: run_states(definition, branch_input, at, ctx)

    results = _results(here, [branch(each) for each in state["Branches"]], len(state["Branches"]))
    add_event(execution, "ParallelStateSucceeded")
    return output_of(state, raw_input, results, ctx), state.get("Next")


def _run_map(state: State, raw_input: object, execution: Execution, ctx: Context) -> tuple[Any, str | None]:
    processor = state.get("ItemProcessor") or state["Iterator"]
    effective = effective_input(state, raw_input, ctx)
    here = _here(execution)
    is_distributed = (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED"
    if is_distributed and not (here.trial and here.trial.is_mocked):
        return _run_distributed_map(state, raw_input, effective, processor, execution, ctx)
    # only a trial reads no items: a reader's come with the request, which the local AWS doesn't support
    items = [] if "ItemReader" in state else _items(state, raw_input, effective, ctx)
    at_once = _at_once(state, raw_input, effective, ctx)
    _start(here, "MapStateStarted", {"mapStateStartedEventDetails": {"length": len(items)}})

    def item(index: int, value: object) -> Run:
        def run(at: Place) -> object:
            item_ctx = {**ctx, "Map": {"Item": {"Index": index, "Value": value}}}
            details = {"name": here.state, "index": index}
            add_event(execution, "MapIterationStarted", {"mapIterationStartedEventDetails": details})
            # a failure of the item itself is a failure of the Map state
            at.state, at.entered = here.state, here.entered
            try:
                given = _item_input(state, raw_input, effective, item_ctx, value)
                result = run_states(processor, given, at, item_ctx)
            except stepfunctions._ExecutionError:
                add_event(execution, "MapIterationFailed", {"mapIterationFailedEventDetails": details})
                raise
            # only the end of the Map follows this event
            ended = add_event(
                execution, "MapIterationSucceeded", {"mapIterationSucceededEventDetails": details}
            )
            at.ended = ended["id"]
            return result

        return run

    results = _results(here, [item(*each) for each in enumerate(items)], at_once)
    add_event(execution, "MapStateSucceeded")
    return output_of(state, raw_input, results, ctx), state.get("Next")


def _items(state: State, raw_input: object, effective: object, ctx: Context) -> list[Any]:
    if jsonata.is_jsonata(state, ctx):
        if "Items" in state:
            found: list[Any] = jsonata.value(state, "Items", "array", raw_input, ctx)
            return found
        if not isinstance(raw_input, list):
            raise failure(
                jsonata.QUERY_EVALUATION_ERROR,
                f"Map state input must be an array but was: {_compact(raw_input)}",
            )
        return raw_input
    path = state.get("ItemsPath", "$")
    items = resolve(path, effective, ctx)
    if not isinstance(items, list):
        raise failure(RUNTIME, f'Reference path "{path}" must point to array.')
    return items


def _at_once(state: State, raw_input: object, effective: object, ctx: Context) -> int:
    number: Any = state.get("MaxConcurrency", 0)
    if jsonata.is_jsonata(state, ctx) and "MaxConcurrency" in state:
        number = jsonata.value(state, "MaxConcurrency", "number", raw_input, ctx)
    if path := state.get("MaxConcurrencyPath"):
        number = resolve(path, effective, ctx)
        if not isinstance(number, int) or isinstance(number, bool):
            shown = number if isinstance(number, str) else _compact(number)
            raise failure(
                RUNTIME,
                f'The MaxConcurrencyPath field refers to value "{shown}" which is not a valid integer: {path}',
            )
    note(maxConcurrency=int(number))
    return min(int(number) or MOST_AT_ONCE, MOST_AT_ONCE)


def _item_input(state: State, raw_input: object, effective: object, ctx: Context, item: object) -> Any:  # noqa: ANN401
    template = state.get("ItemSelector", state.get("Parameters"))
    if template is None:
        return item
    if jsonata.is_jsonata(state, ctx):
        return jsonata.filled(template, "ItemSelector", raw_input, ctx)
    return filled(template, effective, ctx)


def _results(here: Place, runs: Sequence[Run], at_once: int) -> Any:  # noqa: ANN401  # any JSON value
    """Return the results of branches or items, or what TestState has in their place."""
    if here.trial is not None and here.trial.is_mocked:
        return here.trial.mocked()
    return _together(here, runs, at_once)


def _together(here: Place, runs: Sequence[Run], at_once: int) -> list[Any]:
    """Run everything, `at_once` at a time, and return the results in order. Raises the first failure."""
    group, results = Group(last=here.previous), [None] * len(runs)
    numbers, done = iter(range(len(runs))), threading.Semaphore(0)
    workers = [
        _Worker(here, group, runs, at_once, results, numbers, done) for _ in range(min(at_once, len(runs)))
    ]
    for worker in workers:
        threading.Thread(target=contextvars.copy_context().run, args=(worker.work,), daemon=True).start()
    for _ in workers:
        done.acquire()
        if group.error is not None:
            break
    here.previous = group.last
    if group.error is not None:
        raise group.error
    if here.is_over:
        end_aborted()
    return results


@dataclass
class _Worker:
    """A thread that runs branches or items, one after the other."""

    here: Place
    group: Group
    runs: Sequence[Run]
    at_once: int
    results: list[Any]
    numbers: Iterator[int]
    done: threading.Semaphore

    def work(self) -> None:
        after = self.here.previous
        try:
            while self.group.error is None:
                with self.group.lock:
                    number = next(self.numbers, None)
                if number is None:
                    return
                last = self._run(number, after)
                if len(self.runs) > self.at_once:  # it starts when the one before it has ended
                    after = last
        finally:
            self.done.release()

    def _run(self, number: int, after: int) -> int:
        """Run one; return its last event."""
        at = Place(self.here.execution, after, self.group, self.here)
        place.set(at)
        try:
            self.results[number] = self.runs[number](at)
        except Exception as error:
            if not isinstance(error, stepfunctions._ExecutionError):
                logger.exception("a branch of the state %s", self.here.state)
                error = failure(RUNTIME, str(error))
            with self.group.lock:
                if self.group.error is None:
                    self.group.error, self.group.last = error, at.previous
            return at.previous
        with self.group.lock:
            if self.group.error is None:
                self.group.last = max(self.group.last, at.ended or at.previous)
        return at.previous


def run_states(definition: Mapping[str, Any], given: object, at: Place, ctx: Context) -> Any:  # noqa: ANN401
    """Run states from `StartAt` to an end; return the output. Variables start as those outside, and stay inside."""
    ctx = {**ctx, "variables": dict(ctx.get("variables") or {})}
    execution, value = at.execution, copy.deepcopy(given)
    name: str | None = definition["StartAt"]
    while name is not None:
        state = definition["States"][name]
        kind = state["Type"]
        ctx["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        details = {"name": name, "input": json.dumps(value)}
        add_event(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": details})
        value, following = run_state(state, value, execution, ctx)
        details = {"name": name, "output": json.dumps(value)}
        add_event(execution, f"{kind}StateExited", {"stateExitedEventDetails": details})
        name = following
    return value


def run_state(state: State, given: object, execution: Execution, ctx: Context) -> tuple[Any, str | None]:
    """Run one state; return its output and the name of the next state, which an end has not.

    Raises the interpreter's error if the state fails and doesn't catch it. Variables are in the context.
    """
    kind = state["Type"]
    if kind in _WITH_EXECUTION:
        return _WITH_EXECUTION[kind](state, given, execution, ctx)
    return _WITHIN[kind](state, given, ctx)


def _execute_parallel(
    state: State, given: object, execution: Execution, ctx: Context
) -> tuple[Any, str | None]:
    return with_retry_and_catch(state, given, ctx, lambda: _run_parallel(state, given, execution, ctx))


def _execute_map(state: State, given: object, execution: Execution, ctx: Context) -> tuple[Any, str | None]:
    return with_retry_and_catch(state, given, ctx, lambda: _run_map(state, given, execution, ctx))


_WITHIN: Mapping[str, Callable[[State, Any, Context], tuple[Any, str | None]]] = {
    "Pass": plain_states.execute_pass,
    "Choice": choice.execute,
    "Wait": wait.execute,
    "Succeed": plain_states.execute_succeed,
    "Fail": plain_states.execute_fail,
}
_WITH_EXECUTION: Mapping[str, Callable[[State, Any, Execution, Context], tuple[Any, str | None]]] = {
    "Task": task.execute,
    "Parallel": _execute_parallel,
    "Map": _execute_map,
}


def _run_distributed_map(  # noqa: PLR0917  # the emulator's arguments
    state: State,
    raw_input: object,
    effective: object,
    processor: Mapping[str, Any],
    execution: Execution,
    ctx: Context,
) -> tuple[Any, str | None]:
    """Run a distributed Map, with its events. Its items are executions, each with its own history."""
    here = _here(execution)
    length = 0 if "ItemReader" in state else len(_items(state, raw_input, effective, ctx))
    _start(here, "MapStateStarted", {"mapStateStartedEventDetails": {"length": length}})
    before = here.map_run
    try:
        result: tuple[Any, str | None] = stepfunctions._run_distributed_map(
            state, raw_input, effective, processor, execution, ctx
        )
    except stepfunctions._ExecutionError as error:
        if here.map_run != before:
            details = {"error": error.error, "cause": error.cause}
            add_event(execution, "MapRunFailed", {"mapRunFailedEventDetails": details})
        raise
    if here.map_run == before:  # it had no items
        _record_map_run(here, _map_run_of(execution))
    add_event(execution, "MapRunSucceeded")
    add_event(execution, "MapStateSucceeded")
    return result


def _map_run_of(execution: Execution) -> str:
    runs = stepfunctions._map_runs.items()
    return [str(arn) for arn, run in runs if run["executionArn"] == execution["executionArn"]][-1]


def _record_map_run(here: Place, arn: str) -> None:
    with _map_run_lock:
        if here.map_run != arn:
            here.map_run = arn
            add_event(here.execution, "MapRunStarted", {"mapRunStartedEventDetails": {"mapRunArn": arn}})


def _run_child(
    states: Mapping[str, Any], start_at: str, given: object, execution: Execution, ctx: Context
) -> Any:  # noqa: ANN401  # any JSON value
    """Run an item of a distributed Map: an execution by itself."""
    outer = place.get()
    if outer is not None:
        _record_map_run(outer, execution["mapRunArn"])
    at = Place(execution, outer=outer)
    token = place.set(at)
    started = {"input": execution["input"], "roleArn": _role(ctx)}
    add_event(execution, "ExecutionStarted", {"executionStartedEventDetails": started})
    at.previous = 0
    try:
        result = run_states({"States": states, "StartAt": start_at}, given, at, ctx)
    except stepfunctions._ExecutionError as error:
        details = {"error": error.error, "cause": error.cause}
        add_event(execution, "ExecutionFailed", {"executionFailedEventDetails": details})
        raise
    else:
        ended = {"output": json.dumps(result)}
        add_event(execution, "ExecutionSucceeded", {"executionSucceededEventDetails": ended})
        return result
    finally:
        place.reset(token)


def _role(ctx: Context) -> str | None:
    role: str | None = context_object(ctx)["Execution"].get("RoleArn")
    return role


def _start(here: Place, event_type: str, details: Mapping[str, Any] | None = None) -> None:
    add_event(here.execution, event_type, details)
    here.started = True


def _here(execution: Execution) -> Place:
    here = place.get()
    return here if here is not None and here.execution is execution else Place(execution)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
