"""Parallel, and Map as one with its execution (INLINE): their branches and items, in threads, with their events."""

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

from batch_transform.local.emulator.interpreter.fields import (
    Context,
    State,
    context_object,
    filled,
    resolve,
    select_result,
)
from batch_transform.local.emulator.interpreter.history import Execution, add_event
from batch_transform.local.emulator.interpreter.place import (
    RUNTIME,
    Group,
    Place,
    end_aborted,
    failure,
    place,
)

MOST_AT_ONCE = 40
"""How many items of an inline Map run at once (Developer Guide of Step Functions, "Inline mode")."""

logger = logging.getLogger(__name__)
_map_run_lock = threading.Lock()

Run = Callable[[Place], Any]
_WITH_EXECUTION = ("Task", "Parallel", "Map")


def plug_in() -> None:
    """Replace how the interpreter runs branches and items."""
    stepfunctions._run_parallel_branches = _run_parallel
    stepfunctions._run_map_items = _run_map
    stepfunctions._run_sub_machine = _run_child
    stepfunctions._run_distributed_map = _with_map_run(stepfunctions._run_distributed_map)


def _run_parallel(
    state: State, raw_input: object, execution: Execution, ctx: Context
) -> tuple[Any, str | None]:
    if _is_jsonata(state, ctx):
        branch_input = stepfunctions._apply_jsonata_arguments(state, raw_input, ctx)
    else:
        branch_input = stepfunctions._apply_parameters(
            state, stepfunctions._apply_input_path(state, raw_input, ctx), ctx
        )
    here = _here(execution)
    _start(here, "ParallelStateStarted")

    def branch(definition: Mapping[str, Any]) -> Run:
        return lambda at: _run_states(definition, branch_input, at, ctx)

    results = _together(here, [branch(each) for each in state["Branches"]], len(state["Branches"]))
    add_event(execution, "ParallelStateSucceeded")
    return _output(state, raw_input, ctx, results)


def _run_map(state: State, raw_input: object, execution: Execution, ctx: Context) -> tuple[Any, str | None]:
    processor = state.get("ItemProcessor") or state["Iterator"]
    effective = stepfunctions._apply_input_path(state, raw_input, ctx)
    if (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
        result: tuple[Any, str | None] = stepfunctions._run_distributed_map(
            state, raw_input, effective, processor, execution, ctx
        )
        return result
    items = _items(state, raw_input, effective, ctx)
    at_once = _at_once(state, raw_input, effective, ctx)
    here = _here(execution)
    _start(here, "MapStateStarted", {"mapStateStartedEventDetails": {"length": len(items)}})

    def item(index: int, value: object) -> Run:
        def run(at: Place) -> object:
            item_ctx = {**ctx, "Map": {"Item": {"Index": index, "Value": value}}}
            details = {"name": here.state, "index": index}
            add_event(execution, "MapIterationStarted", {"mapIterationStartedEventDetails": details})
            # an item's own failure is one of the state that it is an item of
            at.state, at.entered = here.state, here.entered
            try:
                given = _item_input(state, raw_input, effective, item_ctx, value)
                result = _run_states(processor, given, at, item_ctx)
            except stepfunctions._ExecutionError:
                add_event(execution, "MapIterationFailed", {"mapIterationFailedEventDetails": details})
                raise
            # it is followed by the end of the Map, and only there
            ended = add_event(
                execution, "MapIterationSucceeded", {"mapIterationSucceededEventDetails": details}
            )
            at.ended = ended["id"]
            return result

        return run

    results = _together(here, [item(*each) for each in enumerate(items)], at_once)
    add_event(execution, "MapStateSucceeded")
    return _output(state, raw_input, ctx, results)


def _items(state: State, raw_input: object, effective: object, ctx: Context) -> list[Any]:
    if _is_jsonata(state, ctx):
        if "Items" in state:
            found: list[Any] = stepfunctions._jsonata_state_field(state, "Items", "array", raw_input, ctx)
            return found
        if not isinstance(raw_input, list):
            raise failure(
                "States.QueryEvaluationError",
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
    if _is_jsonata(state, ctx) and "MaxConcurrency" in state:
        number = stepfunctions._jsonata_state_field(state, "MaxConcurrency", "number", raw_input, ctx)
    if path := state.get("MaxConcurrencyPath"):
        number = resolve(path, effective, ctx)
        if not isinstance(number, int) or isinstance(number, bool):
            shown = number if isinstance(number, str) else _compact(number)
            raise failure(
                RUNTIME,
                f'The MaxConcurrencyPath field refers to value "{shown}" which is not a valid integer: {path}',
            )
    return min(int(number) or MOST_AT_ONCE, MOST_AT_ONCE)


def _item_input(state: State, raw_input: object, effective: object, ctx: Context, item: object) -> Any:  # noqa: ANN401
    template = state.get("ItemSelector", state.get("Parameters"))
    if template is None:
        return item
    if _is_jsonata(state, ctx):
        return stepfunctions._apply_jsonata_template(template, raw_input, ctx)
    return filled(template, effective, ctx)


def _output(state: State, raw_input: object, ctx: Context, results: list[Any]) -> tuple[Any, str | None]:
    if _is_jsonata(state, ctx):
        output = stepfunctions._apply_jsonata_output(state, raw_input, ctx, result=results, default=results)
        stepfunctions._apply_state_assign(state, raw_input, ctx, result=results)
    else:
        output = stepfunctions._apply_result_path(state, raw_input, select_result(state, results))
        output = stepfunctions._apply_output_path(state, output, ctx)
    return output, stepfunctions._next_or_end(state)


def _together(here: Place, runs: Sequence[Run], at_once: int) -> list[Any]:
    """Run everything, `at_once` at a time, and return the results in order; raises the first failure."""
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
    """A thread that runs one branch or item after the other."""

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
                if len(self.runs) > self.at_once:  # it began when the one before it had ended
                    after = last
        finally:
            self.done.release()

    def _run(self, number: int, after: int) -> int:
        """Run one, and return its last event."""
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


def _run_states(definition: Mapping[str, Any], given: object, at: Place, ctx: Context) -> Any:  # noqa: ANN401
    """Run a branch's or an item's states; its variables are its own, and begin as those around it."""
    ctx = {**ctx, "variables": dict(ctx.get("variables") or {})}
    execution, value = at.execution, copy.deepcopy(given)
    name: str | None = definition["StartAt"]
    while name is not None:
        state = definition["States"][name]
        kind = state["Type"]
        ctx["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        details = {"name": name, "input": json.dumps(value)}
        add_event(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": details})
        if kind == "Fail":
            raise stepfunctions._ExecutionError(*stepfunctions._fail_state_error(state, value, ctx))
        following: str | None = None
        if kind == "Succeed":
            value = stepfunctions._apply_input_path(state, value, ctx)
            value = stepfunctions._apply_output_path(state, value, ctx)
        else:
            execute = getattr(stepfunctions, f"_execute_{kind.lower()}")
            value, following = (
                execute(state, value, execution, ctx)
                if kind in _WITH_EXECUTION
                else execute(state, value, ctx)
            )
        details = {"name": name, "output": json.dumps(value)}
        add_event(execution, f"{kind}StateExited", {"stateExitedEventDetails": details})
        name = following
    return value


def _with_map_run(run: Callable[..., tuple[Any, str | None]]) -> Callable[..., tuple[Any, str | None]]:
    """Let a distributed Map have its events; its items are executions, with histories of their own."""

    def run_with_events(  # noqa: PLR0917  # the emulator's arguments
        state: State,
        raw_input: object,
        effective: object,
        processor: Mapping[str, Any],
        execution: Execution,
        ctx: Context,
    ) -> tuple[Any, str | None]:
        here = _here(execution)
        length = 0 if "ItemReader" in state else len(_items(state, raw_input, effective, ctx))
        _start(here, "MapStateStarted", {"mapStateStartedEventDetails": {"length": length}})
        before = here.map_run
        try:
            result = run(state, raw_input, effective, processor, execution, ctx)
        except stepfunctions._ExecutionError as error:
            if here.map_run != before:
                details = {"error": error.error, "cause": error.cause}
                add_event(execution, "MapRunFailed", {"mapRunFailedEventDetails": details})
            raise
        if here.map_run == before:  # it had no items
            _tell_map_run(here, _map_run_of(execution))
        add_event(execution, "MapRunSucceeded")
        add_event(execution, "MapStateSucceeded")
        return result

    return run_with_events


def _map_run_of(execution: Execution) -> str:
    runs = stepfunctions._map_runs.items()
    return [str(arn) for arn, run in runs if run["executionArn"] == execution["executionArn"]][-1]


def _tell_map_run(here: Place, arn: str) -> None:
    with _map_run_lock:
        if here.map_run != arn:
            here.map_run = arn
            add_event(here.execution, "MapRunStarted", {"mapRunStartedEventDetails": {"mapRunArn": arn}})


def _run_child(
    states: Mapping[str, Any], start_at: str, given: object, execution: Execution, ctx: Context
) -> Any:  # noqa: ANN401  # any JSON value
    """Run an item of a distributed Map, which is an execution by itself."""
    outer = place.get()
    if outer is not None:
        _tell_map_run(outer, execution["mapRunArn"])
    at = Place(execution, outer=outer)
    token = place.set(at)
    started = {"input": execution["input"], "roleArn": _role(ctx)}
    add_event(execution, "ExecutionStarted", {"executionStartedEventDetails": started})
    at.previous = 0
    try:
        result = _run_states({"States": states, "StartAt": start_at}, given, at, ctx)
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


def _is_jsonata(state: State, ctx: Context) -> bool:
    return bool(stepfunctions._state_query_language(state, ctx) == "JSONata")


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
