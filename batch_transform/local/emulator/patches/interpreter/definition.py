"""What is wrong with a state machine's definition.

What AWS refuses has AWS's texts where public reports have them: LocalStack's recorded runs
`test_create_delete_invalid_sm`, `test_invalid_integration` and `test_illegal_escapes`; issues 2735 and 2968 of
floci-io/floci; issues 4073 and 4074 of aws-cloudformation/cfn-lint; issue 200 of
aws/aws-step-functions-data-science-sdk-python. What AWS accepts and the interpreter would
ignore is refused as not in the local AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.local.emulator.patches.interpreter import expressions, paths
from batch_transform.local.emulator.patches.interpreter.choice import OPERATORS, timestamp
from batch_transform.local.emulator.patches.interpreter.states_language import (
    BRANCH,
    CALLBACK,
    CATCHER,
    FIELDS,
    INTEGRATIONS,
    INTRINSICS,
    ITEM_READER,
    MACHINE,
    OF_JSONATA,
    OF_JSONPATH,
    READER_CONFIG,
    RETRIER,
    SYNC,
    Problem,
)
from batch_transform.local.emulator.patches.interpreter.transitions import transition_problems
from batch_transform.local.sagemaker.shapes import unknown_member

Fields = Mapping[str, Any]

_SCHEMA = "SCHEMA_VALIDATION_FAILED"
_NOT_HERE = "NOT_IN_THE_LOCAL_AWS"
_JSONPATH, _JSONATA = "JSONPath", "JSONata"

_PATHS = ("InputPath", "OutputPath")
_REFERENCE_PATHS = ("ResultPath",)
_REFERENCE_OR_CONTEXT_PATHS = (
    *("ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath"),
    "MaxConcurrencyPath",
)
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector")
_RESOURCE = re.compile(
    r"arn:aws[a-z-]*:(?:states:::(?P<service>[a-z0-9-]+):(?P<operation>.+)|states:[^:]+:\d+:activity:.+"
    r"|lambda:[^:]+:\d+:function:.+)"
)


def problems(definition: object, machine_type: str = "STANDARD") -> list[Problem]:
    """Return everything that is wrong with a definition, which is JSON text."""
    try:
        machine = json.loads(str(definition))
    except ValueError as error:
        return [Problem("INVALID_JSON_DESCRIPTION", f"Invalid JSON description: {error}")]
    if not isinstance(machine, dict):
        return [Problem(_SCHEMA, "Expected value of type Object", "/")]
    found = list(_machine(machine, machine_type))
    unknown = _unsupported(machine, MACHINE, "/")
    return [*unknown, *found]


def _machine(machine: Fields, machine_type: str) -> Iterator[Problem]:
    language = machine.get("QueryLanguage", _JSONPATH)
    if language not in (_JSONPATH, _JSONATA):
        yield _one_of("QueryLanguage", (_JSONPATH, _JSONATA), "/QueryLanguage")
        return
    yield from _Scope(language, machine_type).states(machine, "")


@dataclass(frozen=True)
class _Scope:
    """A machine's states, or those of a branch or an item."""

    language: str
    machine_type: str

    def states(self, scope: Fields, at: str) -> Iterator[Problem]:
        missing = [name for name in ("StartAt", "States") if name not in scope]
        if missing:
            yield Problem(_SCHEMA, f"These fields are required: [{', '.join(missing)}]", at or "/")
            return
        states = scope["States"]
        if not isinstance(states, dict) or not states:
            yield Problem(_SCHEMA, "Value cannot be empty", f"{at}/States")
            return
        for name, state in states.items():
            where = f"{at}/States/{name}"
            if not isinstance(state, dict) or state.get("Type") not in FIELDS:
                yield _one_of(
                    "Type",
                    ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"),
                    f"{where}/Type",
                )
                return
            yield from self.state(state, where)
        yield from transition_problems(scope["StartAt"], states, at)

    def state(self, state: Fields, at: str) -> Iterator[Problem]:
        kind, language = state["Type"], state.get("QueryLanguage", self.language)
        if language != self.language and self.language == _JSONATA:
            yield Problem(
                _SCHEMA,
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                at,
            )
            return
        if language not in (_JSONPATH, _JSONATA):
            yield _one_of("QueryLanguage", (_JSONPATH, _JSONATA), f"{at}/QueryLanguage")
            return
        is_jsonata = language == _JSONATA
        own, other = (OF_JSONATA, OF_JSONPATH) if is_jsonata else (OF_JSONPATH, OF_JSONATA)
        for name in state:
            if name in other[kind] - own[kind]:
                yield Problem(
                    _SCHEMA,
                    f"The QueryLanguage is set to '{language}', but field '{name}' is only supported for the "
                    f"'{_JSONPATH if is_jsonata else _JSONATA}' QueryLanguage",
                    at,
                )
        yield from _unsupported(state, {*FIELDS[kind], *own[kind], *other[kind]}, at)
        if kind in ("Task", "Pass", "Wait", "Parallel", "Map") and ("Next" in state) == bool(
            state.get("End")
        ):
            yield Problem(_SCHEMA, "These fields are required: [Next] or [End], and only one of them", at)
        if is_jsonata:
            yield from expressions.state_problems(state, at)
        else:
            yield from _paths(state, at)
            if "Assign" in state:
                yield _no_assign(at)
        yield from _errors(state, at, is_jsonata=is_jsonata)
        yield from getattr(self, f"_{kind.lower()}", lambda *_: ())(state, at, is_jsonata)

    def _task(self, state: Fields, at: str, is_jsonata: bool) -> Iterator[Problem]:
        resource = state.get("Resource")
        if not isinstance(resource, str):
            yield Problem(_SCHEMA, "The field 'Resource' is required but was missing", at)
            return
        if "Credentials" in state:
            yield _unsupported_here(
                "Credentials: each task acts with the role of its state machine", f"{at}/Credentials"
            )
        found = _RESOURCE.fullmatch(resource)
        if found is None or not _is_integration(found["service"], found["operation"]):
            yield Problem(
                _SCHEMA,
                f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, or "
                "the resource is not available in this region.",
                f"{at}/Resource",
            )
            return
        if self.machine_type == "EXPRESS":
            yield from _express(resource, f"{at}/Resource")
        if found["service"] == "sagemaker" and not is_jsonata:
            name = found["operation"].partition(".")[0]
            member = unknown_member(f"{name[0].upper()}{name[1:]}", state.get("Parameters"))
            if member is not None:
                yield Problem(
                    _SCHEMA, f'The field "{member}" is not supported by Step Functions', f"{at}/Parameters"
                )

    def _wait(self, state: Fields, at: str, is_jsonata: bool) -> Iterator[Problem]:
        given = [name for name in ("Seconds", "Timestamp", "SecondsPath", "TimestampPath") if name in state]
        if len(given) != 1:
            yield Problem(
                _SCHEMA, "Exactly one of Seconds, Timestamp, SecondsPath and TimestampPath is required", at
            )
        moment = state.get("Timestamp")
        if moment is not None and not _is_expression(moment) and timestamp(moment) is None:
            yield Problem(_SCHEMA, "String does not match RFC3339 timestamp", f"{at}/Timestamp")
        del is_jsonata

    def _choice(self, state: Fields, at: str, is_jsonata: bool) -> Iterator[Problem]:
        rules = state.get("Choices")
        if not isinstance(rules, list) or not rules:
            yield Problem(_SCHEMA, "Value cannot be empty", f"{at}/Choices")
            return
        for number, rule in enumerate(rules):
            where = f"{at}/Choices[{number}]"
            if "Next" not in rule:
                yield Problem(_SCHEMA, "These fields are required: [Next]", where)
            if is_jsonata:
                yield from _unsupported(rule, {"Condition", "Next", "Comment", "Assign", "Output"}, where)
            else:
                yield from _rule(
                    {name: rule[name] for name in rule if name not in ("Next", "Comment")}, where
                )

    def _fail(self, state: Fields, at: str, _is_jsonata: bool) -> Iterator[Problem]:
        for name in ("Error", "Cause"):
            if name in state and f"{name}Path" in state:
                yield Problem(_SCHEMA, f"Only one of {name} and {name}Path may be there", at)

    def _parallel(self, state: Fields, at: str, _is_jsonata: bool) -> Iterator[Problem]:
        branches = state.get("Branches")
        if not isinstance(branches, list) or not branches:
            yield Problem(_SCHEMA, "Value cannot be empty", f"{at}/Branches")
            return
        for number, branch in enumerate(branches):
            where = f"{at}/Branches[{number}]"
            yield from _unsupported(branch, BRANCH, where)
            yield from self.states(branch, where)

    def _map(self, state: Fields, at: str, is_jsonata: bool) -> Iterator[Problem]:
        name = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        processor = state.get(name)
        if not isinstance(processor, dict):
            yield Problem(_SCHEMA, "These fields are required: [ItemProcessor]", at)
            return
        yield from _unsupported(processor, {*BRANCH, "ProcessorConfig"}, f"{at}/{name}")
        yield from self.states(processor, f"{at}/{name}")
        is_distributed = (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED"
        for field in ("ItemBatcher", "ResultWriter"):
            if field in state:
                yield _unsupported_here(field, f"{at}/{field}")
        if is_distributed:
            yield from _distributed(state, at, is_jsonata=is_jsonata)
            return
        for field in (
            "ItemReader",
            "Label",
            *(name for name in state if name.startswith("ToleratedFailure")),
        ):
            if field in state:
                yield Problem(_SCHEMA, f"Field '{field}' is not supported", at)


def _distributed(state: Fields, at: str, *, is_jsonata: bool) -> Iterator[Problem]:
    if is_jsonata:
        yield _unsupported_here("a distributed Map in JSONata", at)
    for field in ("MaxConcurrencyPath", "ToleratedFailurePercentagePath", "ToleratedFailureCountPath"):
        if field in state:
            yield _unsupported_here(f"{field} in a distributed Map", f"{at}/{field}")
    reader = state.get("ItemReader")
    if reader is None:
        return
    resource = str(reader.get("Resource"))
    if not resource.endswith(ITEM_READER["Resource"]):
        yield _unsupported_here(f"an ItemReader of {resource}", f"{at}/ItemReader/Resource")
    config = reader.get("ReaderConfig") or {}
    for field in config:
        if field not in READER_CONFIG:
            yield _unsupported_here(f"{field} of an ItemReader", f"{at}/ItemReader/ReaderConfig/{field}")
    if config.get("InputType", "JSON") not in ITEM_READER["InputType"]:
        yield _unsupported_here(
            f"an ItemReader of the type {config['InputType']}", f"{at}/ItemReader/ReaderConfig/InputType"
        )


def _is_integration(service: str | None, operation: str | None) -> bool:
    """Return whether AWS has it; of a service whose integrations are not listed here, that is not known."""
    if service is None or operation is None or service not in INTEGRATIONS:
        return True
    name, dot, pattern = operation.partition(".")
    return f"{dot}{pattern}" in INTEGRATIONS[service].get(name, ())


def _express(resource: str, at: str) -> Iterator[Problem]:
    if ":activity:" in resource:
        yield Problem(_SCHEMA, "Express state machine does not support Activity ARN", at)
    for pattern in (SYNC, CALLBACK):
        if pattern in resource:
            yield Problem(
                _SCHEMA, f"Express state machine does not support '{pattern}' service integration", at
            )


def _rule(rule: Fields, at: str) -> Iterator[Problem]:
    for name in ("And", "Or"):
        if name in rule:
            for number, each in enumerate(rule[name]):
                yield from _rule(each, f"{at}/{name}[{number}]")
            return
    if "Not" in rule:
        yield from _rule(rule["Not"], f"{at}/Not")
        return
    yield from _unsupported(rule, {"Variable", "Comment", *OPERATORS}, at)
    if "Assign" in rule:
        yield _no_assign(at)
    operators = [name for name in rule if name in OPERATORS]
    if "Variable" not in rule or len(operators) != 1:
        yield Problem(_SCHEMA, "A rule has a Variable and exactly one comparison", at)
        return
    for name in ("Variable", *(name for name in operators if name.endswith("Path"))):
        if not _is_path(rule[name]):
            yield Problem(_SCHEMA, "Value is not a valid JSONPath", f"{at}/{name}")


def _errors(state: Fields, at: str, *, is_jsonata: bool) -> Iterator[Problem]:
    of_catcher = {*CATCHER, "Output"} if is_jsonata else {*CATCHER, "ResultPath"}
    for field, known in (("Retry", RETRIER), ("Catch", of_catcher)):
        rules = state.get(field) or []
        for number, rule in enumerate(rules):
            where = f"{at}/{field}[{number}]"
            yield from _unsupported(rule, known, where)
            errors = rule.get("ErrorEquals")
            if not errors:
                yield Problem(_SCHEMA, "These fields are required: [ErrorEquals]", where)
            elif "States.ALL" in errors and (len(errors) > 1 or number < len(rules) - 1):
                yield Problem(
                    _SCHEMA, f"States.ALL must be alone, and in the last {field}", f"{where}/ErrorEquals"
                )
            if field == "Catch" and "Next" not in rule:
                yield Problem(_SCHEMA, "These fields are required: [Next]", where)
            if not is_jsonata and "Assign" in rule:
                yield _no_assign(where)
            yield from _paths(rule, where)


def _paths(fields: Fields, at: str) -> Iterator[Problem]:
    for name in _PATHS:
        if fields.get(name) is not None and not _is_path(fields[name]):
            yield Problem(_SCHEMA, "Value is not a valid JSONPath", f"{at}/{name}")
    for name in (*_REFERENCE_PATHS, *_REFERENCE_OR_CONTEXT_PATHS):
        value = fields.get(name)
        is_context = name in _REFERENCE_OR_CONTEXT_PATHS and str(value).startswith("$$")
        if value is not None and not _is_path(value if not is_context else value[1:], reference=True):
            yield Problem(_SCHEMA, "Value is not a Reference Path", f"{at}/{name}")
    for name in _TEMPLATES:
        yield from _template(fields.get(name), f"{at}/{name}")
    for name in ("ErrorPath", "CausePath"):
        if name in fields and not _is_path_or_call(fields[name]):
            yield _neither_path_nor_call(name, at)


def _template(template: object, at: str) -> Iterator[Problem]:
    if isinstance(template, list):
        for each in template:
            yield from _template(each, at)
    if not isinstance(template, dict):
        return
    for name, value in template.items():
        if not name.endswith(".$"):
            yield from _template(value, at)
        elif not _is_path_or_call(value):
            yield _neither_path_nor_call(name, at)


def _is_path_or_call(value: object) -> bool:
    if isinstance(value, str) and value.startswith("States."):
        names = re.findall(r"States\.\w+", re.sub(r"'(?:[^'\\]|\\.)*'", "", value, flags=re.DOTALL))
        is_call = re.fullmatch(r"States\.\w+\s*\(.*\)\s*", value, re.DOTALL) is not None
        return is_call and INTRINSICS.issuperset(names)
    return _is_path(value)


def _is_path(value: object, *, reference: bool = False) -> bool:
    if not isinstance(value, str):
        return False
    try:
        steps = paths.steps(value[1:] if value.startswith("$$") and not reference else value)
    except paths.PathError:
        return False
    return steps is not None or not reference


def _is_expression(value: object) -> bool:
    return isinstance(value, str) and value.startswith("{%")


def _unsupported(fields: Fields, known: Collection[str], at: str) -> Iterator[Problem]:
    for name in fields:
        if name not in known:
            yield Problem(_SCHEMA, f"Field '{name}' is not supported", at)


def _one_of(field: str, known: Collection[str], at: str) -> Problem:
    return Problem(_SCHEMA, f"The field '{field}' should have one of these values: [{', '.join(known)}]", at)


def _unsupported_here(what: str, at: str) -> Problem:
    return Problem(_NOT_HERE, f"the local AWS does not support {what}", at)


def _no_assign(at: str) -> Problem:
    return _unsupported_here(
        "Assign in JSONPath states; variables need QueryLanguage JSONata", f"{at}/Assign"
    )


def _neither_path_nor_call(name: str, at: str) -> Problem:
    return Problem(
        _SCHEMA,
        f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call",
        at,
    )
