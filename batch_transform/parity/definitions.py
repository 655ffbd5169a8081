"""Step 0: what an account's Step Functions says of deployed definitions, against what the local AWS says.

ValidateStateMachineDefinition and TestState with mocks need no role, create nothing and cost nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from batch_transform.job.errors import InputError, RefusedRequestError
from batch_transform.local.emulator.patches.interpreter.definition import problems
from batch_transform.parity.local_answers import CAPTURED, answer_of, captured_context
from batch_transform.parity.state_cases import StateCase, StateCases, state_cases

_REFUSALS = ("ValidationException", "InvalidDefinition", "InvalidExecutionInput", "InvalidArn")
"""What the operations answer to a request that they don't accept. Any other error means that nothing was tested."""
_MEMBERS = ("status", "nextState", "output", "error", "cause")
_INSPECTED = ("variables", "afterArguments", "errorDetails")
_SHOWN = 300
"""The number of characters of a value in a difference."""


@dataclass(frozen=True)
class Machine:
    """A deployed state machine: its job, its ARN, its definition, and STANDARD or EXPRESS."""

    name: str
    arn: str
    definition: str
    type: str = "STANDARD"


@dataclass(frozen=True)
class Diagnostic:
    """What the account's validator says of a definition."""

    severity: str
    code: str
    message: str
    location: str

    def __str__(self) -> str:
        return f"{self.severity} {self.code}: {self.message}{f' at {self.location}' if self.location else ''}"


@dataclass(frozen=True)
class Difference:
    """A member of an answer on which the account and the local AWS differ. None means that it is missing."""

    state: str
    what: str
    member: str
    account: str | None
    local: str | None

    def __str__(self) -> str:
        sides = f"the account {_said(self.account)}, the local AWS {_said(self.local)}"
        return f"{self.state} ({self.what}): {self.member}: {sides}"


@dataclass(frozen=True)
class MachineResult:
    """The result of one definition. `cases` is None if the account refuses the definition: then no state is tested."""

    machine: Machine
    diagnostics: tuple[Diagnostic, ...]
    cases: StateCases | None
    differences: tuple[Difference, ...]
    differing: int
    """The number of cases with differences."""

    @property
    def is_same(self) -> bool:
        """Whether the account accepts the definition, and answers every case as the local AWS does."""
        return self.cases is not None and not self.differences


class UnansweredError(Exception):
    """When the account didn't answer a request of TestState: `answered` ones came before it, in the order of all."""

    def __init__(self, answered: int, error: BotoCoreError | ClientError) -> None:
        super().__init__(f"request {answered + 1} was not answered: {error}")
        self.answered = answered
        self.error = error


Progress = Callable[[int, int], None]
"""Called with the number of answered requests, and their total so far."""


def check_definitions(
    client: Any,  # noqa: ANN401  # a boto3 client of Step Functions
    machines: Sequence[Machine],
    *,
    at_once: int,
    skip: int = 0,
    progress: Progress = lambda _done, _total: None,
) -> Iterator[MachineResult]:
    """Yield the result of each definition, without the first `skip` requests, which an earlier call has compared.

    Raises InputError if there is nothing to test, and UnansweredError if the account doesn't answer a request, for
    example because it throttles it, after the result of those that it has answered.
    """
    if not machines:
        raise InputError("no deployed state machine was found, so there is nothing to compare")
    done = total = 0
    for machine in machines:
        diagnostics, is_accepted = _validated(client, machine)
        known = problems(machine.definition, machine.type)
        differences = _of_validation(diagnostics, is_accepted, [str(each) for each in known])
        if known or not is_accepted:
            yield MachineResult(machine, diagnostics, None, differences, len(differences))
            continue
        cases = state_cases(machine.definition)
        if not cases.cases:
            raise InputError(f"the definition of {machine.name} has no state that can be tested")
        total += len(cases.cases)
        begun = done = min(max(done, skip), total)
        chosen = cases.cases[len(cases.cases) - (total - begun) :]
        found: list[Difference] = []
        differing = 0
        failure: BotoCoreError | ClientError | None = None
        with ThreadPoolExecutor(at_once) as workers:
            answers = [workers.submit(differences_of, client, case) for case in chosen]
            try:
                for answer in answers:
                    each = answer.result()
                    done += 1
                    differing += bool(each)
                    found += each
                    progress(done, total)
            except (BotoCoreError, ClientError) as error:
                failure = error
            finally:
                workers.shutdown(cancel_futures=True)
        if done > begun or differences:
            tested = replace(cases, cases=chosen[: done - begun])
            yield MachineResult(machine, diagnostics, tested, (*differences, *found), differing)
        if failure is not None:
            raise UnansweredError(done, failure) from failure
    if skip > total:
        raise InputError(f"--skip {skip}: the deployed definitions have {total:,} requests")


def _validated(client: Any, machine: Machine) -> tuple[tuple[Diagnostic, ...], bool]:  # noqa: ANN401
    answer = client.validate_state_machine_definition(
        definition=machine.definition, type=machine.type, severity="WARNING"
    )
    diagnostics = tuple(
        Diagnostic(each["severity"], each["code"], each["message"], each.get("location", ""))
        for each in answer["diagnostics"]
    )
    return diagnostics, answer["result"] == "OK"


def _of_validation(
    diagnostics: Sequence[Diagnostic], is_accepted: bool, known: Sequence[str]
) -> tuple[Difference, ...]:
    """Return the difference if one side accepts a definition that the other refuses."""
    if is_accepted == (not known):
        return ()
    said = "; ".join(str(each) for each in diagnostics if each.severity == "ERROR") or "OK"
    return (Difference("-", "the definition", "result", said, "; ".join(known) or "OK"),)


def differences_of(client: Any, case: StateCase) -> list[Difference]:  # noqa: ANN401  # as above
    """Ask both sides, and return every member on which they differ. Raises ClientError if the account didn't answer."""
    account = _account_answer(client, case.request)
    context = None if "mock" in case.request else captured_context(account)
    try:
        local: Mapping[str, Any] = answer_of(case.request, context).answer
    except RefusedRequestError as error:
        local = {"refused": str(error)}
    ours, theirs = _comparable(local, case), _comparable(account, case)
    return [
        Difference(case.state, case.what, name, _shown(theirs.get(name)), _shown(ours.get(name)))
        for name in dict.fromkeys([*theirs, *ours])
        if theirs.get(name) != ours.get(name)
    ]


def _account_answer(client: Any, request: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401  # as above
    try:
        answer: dict[str, Any] = client.test_state(**request)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code not in _REFUSALS:
            raise
        return {"refused": f"{code}: {message}"}
    return answer


def _comparable(answer: Mapping[str, Any], case: StateCase) -> dict[str, Any]:
    """Return the members to compare, with their JSON read."""
    inspected = answer.get("inspectionData", {})
    found = {name: answer[name] for name in ("refused", *_MEMBERS) if name in answer}
    found |= {name: inspected[name] for name in _INSPECTED if name in inspected}
    for name in ("output", "variables", "afterArguments"):
        if name in found:
            found[name] = _read(found[name])
    if isinstance(found.get("variables"), dict):
        found["variables"] = {name: each for name, each in found["variables"].items() if name != CAPTURED}
    details = found.get("errorDetails")
    if (
        details and "catchIndex" in details
    ):  # whether it also names a retrier without attempts isn't documented
        found["errorDetails"] = details = {"catchIndex": details["catchIndex"]}
    if details and _has_jitter(case, details.get("retryIndex")):
        found["errorDetails"] = {
            name: each for name, each in details.items() if name != "retryBackoffIntervalSeconds"
        }
    return {name: each for name, each in found.items() if each not in ({}, None)}


def _read(text: str) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return json.loads(text)
    except ValueError:
        return text


def _has_jitter(case: StateCase, number: int | None) -> bool:
    """Return whether a pause is random, so that no pause is wrong."""
    if number is None:
        return False
    found = case.found.state.get("Retry", [])
    return number < len(found) and found[number].get("JitterStrategy") == "FULL"


def _shown(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"


def _said(value: str | None) -> str:
    return "has none" if value is None else f"says {value}"
