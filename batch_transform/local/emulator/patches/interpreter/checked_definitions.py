"""Checks the definitions in calls of the API and in templates, and refuses those with a problem."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import json_response  # type: ignore[import-untyped]  # it has no types
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator import operations
from batch_transform.local.emulator.operations import HttpAnswer, Request, Serve
from batch_transform.local.emulator.patches.interpreter.definition import problems
from batch_transform.local.emulator.patches.interpreter.states_language import Problem
from batch_transform.local.emulator.resources import check_properties

TYPE = "AWS::StepFunctions::StateMachine"

_MOST_DIAGNOSTICS = 100
"""How many diagnostics an answer has at most (API reference, ValidateStateMachineDefinition)."""


def plug_in() -> None:
    """Check definitions in calls and in templates."""
    operations.answer(
        "states",
        {
            "CreateStateMachine": _create,
            "UpdateStateMachine": _update,
            "ValidateStateMachineDefinition": _validate,
        },
    )
    check_properties(TYPE, _check_resource)


async def _create(request: Request, serve: Serve) -> HttpAnswer:
    found = problems(request.get("definition"), request.get("type") or "STANDARD")
    return _refusal(found) if found else await serve(request)


async def _update(request: Request, serve: Serve) -> HttpAnswer:
    kept = stepfunctions._state_machines.get(request.get("stateMachineArn"))
    if kept and "definition" in request:
        found = problems(request["definition"], kept["type"] or "STANDARD")
        if found:
            return _refusal(found)
    return await serve(request)


async def _validate(request: Request, _serve: Serve) -> HttpAnswer:
    wrong = _wrong_member(request)
    if wrong:
        return operations.refusal("ValidationException", wrong)
    found = problems(request["definition"], request.get("type") or "STANDARD")
    most = request.get("maxResults") or _MOST_DIAGNOSTICS
    diagnostics = [
        {"severity": "ERROR", "code": each.code, "message": each.message}
        | ({"location": each.at} if each.at else {})
        for each in found[:most]
    ]
    answer: HttpAnswer = json_response(
        {"result": "FAIL" if found else "OK", "diagnostics": diagnostics, "truncated": len(found) > most}
    )
    return answer


def _wrong_member(request: Request) -> str | None:
    """Return what the API's model refuses in a request of ValidateStateMachineDefinition, or None."""
    if not request.get("definition"):
        return "Invalid request: definition must have a length of at least 1"
    for name, known in (("type", ("STANDARD", "EXPRESS")), ("severity", ("ERROR", "WARNING"))):
        if name in request and request[name] not in known:
            return f"Invalid request: {name} must be one of {', '.join(known)}"
    most = request.get("maxResults", 0)
    if not isinstance(most, int) or not 0 <= most <= _MOST_DIAGNOSTICS:
        return f"Invalid request: maxResults must be between 0 and {_MOST_DIAGNOSTICS}"
    return None


def _check_resource(properties: Mapping[str, Any]) -> None:
    found = problems(definition_of(properties), properties.get("StateMachineType") or "STANDARD")
    if found:
        # a ValueError fails the resource, with its text as the reason
        raise ValueError(f'Resource handler returned message: "{_text(found)}"')


def definition_of(properties: Mapping[str, Any]) -> str:
    """Return the definition of a state machine in a template, with its substitutions made."""
    definition: str = provisioners._sfn_definition(properties)
    return definition


def _refusal(found: list[Problem]) -> HttpAnswer:
    return operations.refusal("InvalidDefinition", _text(found))


def _text(found: list[Problem]) -> str:
    return f"Invalid State Machine Definition: '{', '.join(map(str, found))}'"
