"""TestState requests for every state, retrier, catcher, rule and expression of any state machine.

The definition is followed from its start as an execution follows it: each state gets the input and the variables that
an earlier one leaves, its tasks get mocked results that their services could return, and each of its errors is tried.
A rule that no such path leads to gets variables that make its condition true.
"""

from __future__ import annotations

import copy
import functools
import itertools
import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator.patches.interpreter.expressions import expressions_of, parsed
from batch_transform.local.emulator.patches.interpreter.retry import error_matches
from batch_transform.local.emulator.patches.interpreter.single_state import Found, Tried, all_states
from batch_transform.parity.local_answers import (
    CONTEXT,
    WAITED,
    answer_of,
    held_variables,
    prepared,
    reads_own_context,
)
from batch_transform.parity.mocks import OTHER_ERROR, Mocks
from batch_transform.parity.sample_values import decisive_values, with_value

_MOST_ARRIVALS = {"Choice": 12}
_MOST_ARRIVALS_OF_OTHERS = 3
"""How many different inputs and variables of a state are followed. What decides most is in the rules of a Choice."""
_MOST_TRIES = 400
"""How many values are tried to make the condition of a rule true."""
_CAUSE = "mocked by batch-transform parity"
_EVERY = ("States.ALL", "States.TaskFailed")

Request = dict[str, Any]


@dataclass(frozen=True)
class StateCase:
    """One TestState request. `what` says what it tests, such as `Catch[0]: States.ALL`."""

    found: Found
    what: str
    request: Request
    evaluated: frozenset[str]
    """The fields whose expressions the local AWS evaluates."""

    @property
    def state(self) -> str:
        """The name of the state."""
        return self.found.name


@dataclass(frozen=True)
class StateCases:
    """The cases of one definition, and the expressions that none of them evaluates, by their places."""

    cases: tuple[StateCase, ...]
    states: int
    expressions: int
    not_evaluated: tuple[str, ...]
    not_reached: tuple[str, ...]
    """States, rules, retriers and catchers that no case tests."""


@dataclass(frozen=True)
class _Arrival:
    given: Any
    variables: Mapping[str, Any]

    def __str__(self) -> str:
        return json.dumps([self.given, self.variables], sort_keys=True)


@functools.lru_cache(maxsize=4)
def state_cases(definition: str) -> StateCases:
    """Return the cases of a definition that has no problem. It takes some seconds, so the last results are kept."""
    return _Walk(json.loads(definition)).cases()


@dataclass
class _Walk:
    machine: dict[str, Any]
    found: dict[str, StateCase] = field(default_factory=dict)
    arrivals: dict[str, set[str]] = field(default_factory=dict)
    definitions: dict[tuple[str, bool], str] = field(default_factory=dict)

    def cases(self) -> StateCases:
        self.states = {each.name: each for each in all_states(self.machine)}
        self.mocks = Mocks(self.states.values())
        self.ahead: deque[tuple[str, _Arrival]] = deque()
        self._arrive(self.machine["StartAt"], _Arrival({}, {}))
        while self.ahead:
            name, arrival = self.ahead.popleft()
            self._visit(self.states[name], arrival)
        places = [
            (name, place.removeprefix(f"{name}/"))
            for name, each in self.states.items()
            if each.language == "JSONata" or each.state.get("QueryLanguage") == "JSONata"
            for _text, place in expressions_of(each.state, name)
        ]
        done = {
            (case.state, "Seconds" if place == f"Assign/{WAITED}" else place)
            for case in self.found.values()
            for place in case.evaluated
        }
        wanted = [f"{name}/{what}" for name, each in self.states.items() for what in _targets(each.state)]
        return StateCases(
            cases=tuple(self.found.values()),
            states=len(self.states),
            expressions=len(places),
            not_evaluated=tuple("/".join(place) for place in places if place not in done),
            not_reached=tuple(target for target in wanted if target not in self.found),
        )

    def _arrive(self, name: str, arrival: _Arrival) -> None:
        known = self.arrivals.setdefault(name, set())
        most = _MOST_ARRIVALS.get(self.states[name].state["Type"], _MOST_ARRIVALS_OF_OTHERS)
        if str(arrival) not in known and len(known) < most:
            known.add(str(arrival))
            self.ahead.append((name, arrival))

    def _visit(self, found: Found, arrival: _Arrival) -> None:
        kind = found.state["Type"]
        if kind == "Choice":
            self._choose(found, arrival)
        elif kind in ("Task", "Map", "Parallel"):
            self._succeed(found, arrival)
            self._fail(found, arrival)
            for scope in (*found.state.get("Branches", []), *_processors(found.state)):
                self._arrive(scope["StartAt"], arrival)
        else:
            self._try(found, kind, arrival)

    def _succeed(self, found: Found, arrival: _Arrival) -> None:
        (plain, mock), *special = self.mocks.results(found)
        # where text doesn't fit what an expression does with it, a value of another type may
        for each in (mock, *self.mocks.other_results(found)):
            if self._try(found, plain, arrival, mock=each)["status"] == "SUCCEEDED":
                break
        for what, each in special:
            self._try(found, what, arrival, mock=each)

    def _fail(self, found: Found, arrival: _Arrival) -> None:
        for number in range(len(found.state.get("Retry", []))):
            error = _error_for(found.state["Retry"], number)
            if error is not None:
                self._try(found, f"Retry[{number}]", arrival, mock=_error(error))
        for number, catcher in enumerate(found.state.get("Catch", [])):
            for named in catcher["ErrorEquals"]:
                for error, cause in self.mocks.errors(found, named):
                    what = f"Catch[{number}]" if not cause else f"Catch[{number}]: {error}: {cause}"
                    self._caught(found, number, what, arrival, error, cause)

    def _caught(  # noqa: PLR0917  # a case
        self, found: Found, number: int, what: str, arrival: _Arrival, error: str, cause: str
    ) -> None:
        earlier = found.state["Catch"][:number]
        if any(error_matches(each["ErrorEquals"], error) for each in earlier):
            return
        retries = [each for each in found.state.get("Retry", []) if error_matches(each["ErrorEquals"], error)]
        attempts = {"retrierRetryCount": retries[0].get("MaxAttempts", 3)} if retries else None
        used = {"stateConfiguration": attempts} if attempts else {}
        self._try(found, what, arrival, mock=_error(error, cause or _CAUSE), **used)

    def _choose(self, found: Found, arrival: _Arrival) -> None:
        """Take the rule that this arrival leads to, then those that other values of what they read lead to."""
        self._try_rule(found, arrival)
        missing = [what for what in _targets(found.state) if f"{found.name}/{what}" not in self.found]
        if not missing or found.language != "JSONata":
            return
        for other in itertools.islice(_other_arrivals(found.state, arrival), _MOST_TRIES):
            self._try_rule(found, other)
            if all(f"{found.name}/{what}" in self.found for what in missing):
                return

    def _try_rule(self, found: Found, arrival: _Arrival) -> None:
        request = self._request(found, arrival)
        tried = _answered(request)
        if tried is None:
            return
        taken = _rule_taken(found.state, tried)
        self._keep(found, taken, request, tried)

    def _try(self, found: Found, what: str, arrival: _Arrival, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        request = self._request(found, arrival, **more)
        tried = _answered(request)
        if tried is None:
            return {"status": "REFUSED"}
        self._keep(found, what, request, tried)
        return tried.answer

    def _keep(self, found: Found, what: str, request: Request, tried: Tried) -> None:
        answer, key = tried.answer, f"{found.name}/{what}"
        known = self.found.get(key)
        is_better = known is None or not (known.evaluated >= tried.evaluated)
        is_comparable = "mock" in request or not reads_own_context(found)
        if is_better and is_comparable and (known is None or answer["status"] != "FAILED"):
            self.found[key] = StateCase(found, what, request, tried.evaluated)
        if "nextState" in answer:
            variables = json.loads(answer["inspectionData"].get("variables", "{}"))
            kept = {name: value for name, value in variables.items() if not name.startswith("parity_")}
            self._arrive(answer["nextState"], _Arrival(json.loads(answer["output"]), kept))

    def _request(self, found: Found, arrival: _Arrival, **more: Any) -> Request:  # noqa: ANN401
        is_mocked = "mock" in more
        key = (found.name, is_mocked)
        if key not in self.definitions:
            self.definitions[key] = json.dumps(prepared(self.machine, found, is_mocked=is_mocked))
        request = {
            "definition": self.definitions[key],
            "stateName": found.name,
            "input": json.dumps(arrival.given),
            "variables": json.dumps({**arrival.variables, **held_variables(found)}),
            "inspectionLevel": "DEBUG",
            **more,
        }
        return request | ({"context": json.dumps(_context(found))} if is_mocked else {})


def _answered(request: Request) -> Tried | None:
    """Return the local AWS's answer, or None if it doesn't support the state."""
    try:
        return answer_of(request, None if "mock" in request else CONTEXT)
    except RefusedRequestError:
        return None


def _context(found: Found) -> dict[str, Any]:
    token = {"Task": {"Token": "parity"}} if found.waits and found.state["Type"] == "Task" else {}
    return {**copy.deepcopy(CONTEXT), **token}


def _processors(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (state[name] for name in ("ItemProcessor", "Iterator") if name in state)


def _targets(state: Mapping[str, Any]) -> Iterator[str]:
    """Yield what there is to test of a state."""
    kind = state["Type"]
    if kind == "Choice":
        yield from (f"Choices[{number}]" for number in range(len(state["Choices"])))
        if "Default" in state:
            yield "Default"
    elif kind in ("Task", "Map", "Parallel"):
        yield "succeeds"
        yield from (f"Retry[{number}]" for number in range(len(state.get("Retry", []))))
        yield from (f"Catch[{number}]" for number in range(len(state.get("Catch", []))))
    else:
        yield kind


def _rule_taken(state: Mapping[str, Any], tried: Tried) -> str:
    """Return the rule that a Choice took: the last whose condition was evaluated, or the Default."""
    if tried.answer["status"] != "SUCCEEDED":
        return "fails"
    following = tried.answer["nextState"]
    last = max((_number(place) for place in tried.evaluated if place.endswith("/Condition")), default=-1)
    if last >= 0 and state["Choices"][last]["Next"] == following:
        return f"Choices[{last}]"
    if last < 0:  # rules in JSONPath
        rules = [n for n, rule in enumerate(state["Choices"]) if rule["Next"] == following]
        return f"Choices[{rules[0]}]" if rules else "Default"
    return "Default"


def _number(place: str) -> int:
    return int(place.removeprefix("Choices[").partition("]")[0])


def _error_for(retriers: list[Mapping[str, Any]], number: int) -> str | None:
    """Return an error that this retrier handles, and no earlier one; None if there is none."""
    for named in retriers[number]["ErrorEquals"]:
        error = OTHER_ERROR if named in _EVERY else named
        if not any(error_matches(each["ErrorEquals"], error) for each in retriers[:number]):
            return str(error)
    return None


def _error(error: str, cause: str = _CAUSE) -> Request:
    return {"errorOutput": {"error": error, "cause": cause}}


def _other_arrivals(state: Mapping[str, Any], arrival: _Arrival) -> Iterator[_Arrival]:
    """Yield arrivals whose values may lead to other rules; those that change least come first."""
    values: dict[tuple[str, ...], list[object]] = {}
    for rule in state["Choices"]:
        for text, _place in expressions_of({"Condition": rule.get("Condition")}, ""):
            for path, value in decisive_values(parsed(text)):
                known = values.setdefault(path, [])
                if value not in known:
                    known.append(value)
    for size in range(1, len(values) + 1):
        for paths in itertools.combinations(values, size):
            for chosen in itertools.product(*(values[path] for path in paths)):
                yield _changed(arrival, dict(zip(paths, chosen, strict=True)))


def _changed(arrival: _Arrival, values: Mapping[tuple[str, ...], object]) -> _Arrival:
    given, variables = arrival.given, dict(arrival.variables)
    for (first, *rest), value in values.items():
        if first != "$states":
            variables = with_value(variables, (first.removeprefix("$"), *rest), value)
        elif rest[:1] == ["input"]:
            given = with_value(given, tuple(rest[1:]), value)
    return _Arrival(given, variables)
