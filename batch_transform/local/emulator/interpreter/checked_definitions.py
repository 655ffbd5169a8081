"""The definitions that the API and CloudFormation bring: each is checked, and refused where it has a problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json, json_response  # type: ignore[import-untyped]  # it has no types
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.interpreter.definition import Problem, problems
from batch_transform.local.emulator.service import HttpAnswer

_TYPE = "AWS::StepFunctions::StateMachine"


def plug_in() -> None:
    """Check each definition that the API or CloudFormation brings."""
    create, update = stepfunctions._create_state_machine, stepfunctions._update_state_machine

    def create_checked(data: dict[str, Any]) -> HttpAnswer:
        answer: HttpAnswer = _refusal(data.get("definition"), data.get("type")) or create(data)
        return answer

    def update_checked(data: dict[str, Any]) -> HttpAnswer:
        kept = stepfunctions._state_machines.get(data.get("stateMachineArn")) or {}
        refused = _refusal(data["definition"], kept.get("type")) if kept and "definition" in data else None
        answer: HttpAnswer = refused or update(data)
        return answer

    def validated(data: dict[str, Any]) -> HttpAnswer:
        found = problems(data["definition"], data.get("type") or "STANDARD")
        diagnostics = [
            {"severity": "ERROR", "code": each.code, "message": each.message, "location": each.at}
            for each in found
        ]
        answer: HttpAnswer = json_response(
            {"result": "FAIL" if found else "OK", "diagnostics": diagnostics, "truncated": False}
        )
        return answer

    stepfunctions._create_state_machine = create_checked
    stepfunctions._update_state_machine = update_checked
    stepfunctions._validate_state_machine_definition = validated
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    handlers["create"] = _checked_resource(handlers["create"])


def _refusal(definition: object, machine_type: str | None) -> HttpAnswer | None:
    found = problems(definition, machine_type or "STANDARD")
    if not found:
        return None
    refused: HttpAnswer = error_response_json("InvalidDefinition", _text(found), 400)
    return refused


def _text(found: list[Problem]) -> str:
    return f"Invalid State Machine Definition: '{', '.join(map(str, found))}'"


def _checked_resource(create: Callable[..., object]) -> Callable[..., object]:
    def create_checked(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> object:
        definition = provisioners._sfn_definition(properties)
        if found := problems(definition, properties.get("StateMachineType") or "STANDARD"):
            raise provisioners._sfn_handler_error(_text(found))
        return create(logical_id, properties, stack_name)

    return create_checked
