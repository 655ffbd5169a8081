"""A state machine of a template, for the rules to read: its states at every depth, and the paths between them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from batch_transform_nag.cfn_template import Resource, text

STATE_MACHINE = "AWS::StepFunctions::StateMachine"

REFERENCE = "${{Token[{}]}}"
"""How references are written in a definition: as `batch_transform.job` marks values that the deployment sets."""

# A reference that the deployment replaces with a number or an object has no quotes.
_BARE_REFERENCE = re.compile(r"(?<=[:\[,])(\$\{Token\[[^\]]*\]\})(?=[,\]}])")


ClosedRule = Callable[[Mapping[str, Any]], bool]
"""Whether a rule of a Choice never matches."""


@dataclass(frozen=True)
class Scope:
    """States with transitions between them: those of the machine, of a branch, or of a Map's item processor.

    `around` is the Parallel or Map state to which they belong.
    """

    states: Mapping[str, State]
    around: State | None = None


@dataclass(frozen=True)
class State:
    """A state; `language` is JSONPath or JSONata, its own or inherited."""

    name: str
    body: Mapping[str, Any]
    language: str
    scope: Scope = field(repr=False, compare=False)

    @property
    def catches(self) -> list[dict[str, Any]]:
        """The state's catchers, in order."""
        return list(self.body.get("Catch", []))

    @property
    def enclosing(self) -> Iterator[State]:
        """Yield the Parallel and Map states around it, the innermost first."""
        around = self.scope.around
        while around is not None:
            yield around
            around = around.scope.around

    def next_names(self, closed: ClosedRule = lambda rule: False) -> list[str]:
        """Return the states that may follow, also after a caught error; rules that are `closed` are ignored."""
        rules = [rule for rule in self.body.get("Choices", []) if not closed(rule)]
        names = [step["Next"] for step in (self.body, *rules, *self.catches) if "Next" in step]
        return [*names, self.body["Default"]] if "Default" in self.body else names

    def assigning_parts(self) -> list[Mapping[str, Any]]:
        """Return the parts of the state that may have an Assign."""
        return [self.body, *self.catches, *self.body.get("Choices", [])]

    @cached_property
    def following(self) -> list[State]:
        """The states that can come after it, including itself if a path leads back."""
        return [found for name in self.next_names() for found in self.reachable(name)]

    @property
    def ends_well(self) -> bool:
        """Whether its scope ends with it, as a success."""
        return self.body.get("Type") == "Succeed" or self.body.get("End") is True

    def reachable(
        self, start: str, *, stop: Collection[str] = (), closed: ClosedRule = lambda rule: False
    ) -> list[State]:
        """Return the states of its scope on all paths from `start` that don't pass states in `stop` or closed rules."""
        found: dict[str, State] = {}
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name in found or name in stop or name not in self.scope.states:
                continue
            found[name] = self.scope.states[name]
            waiting += found[name].next_names(closed)
        return list(found.values())


@dataclass(frozen=True)
class StateMachine:
    """A definition; `timeout` says whether the whole execution has a timeout."""

    states: tuple[State, ...]
    timeout: bool


@lru_cache(maxsize=64)
def _parsed(definition: str) -> StateMachine:
    try:
        body = json.loads(definition)
    except json.JSONDecodeError:
        body = json.loads(_BARE_REFERENCE.sub(r'"\1"', definition))
    language = body.get("QueryLanguage", "JSONPath")
    return StateMachine(tuple(_states(body, language, None)), "TimeoutSeconds" in body)


def state_machine(resource: Resource) -> StateMachine | None:
    """Return the state machine that a resource defines; None for any other resource.

    The result is also None for a definition that isn't JSON or that is stored in S3: the rule `definition_unreadable`
    reports these.
    """
    if resource.type != STATE_MACHINE:
        return None
    definition = definition_text(resource)
    if definition is None:
        return None
    try:
        return _parsed(definition)
    except (json.JSONDecodeError, AttributeError, TypeError):
        return None


def definition_text(resource: Resource) -> str | None:
    """Return the definition, with tokens for values set by the deployment; None when it is not in the assembly."""
    properties = resource.properties
    substitutions = properties.get("DefinitionSubstitutions", {})
    if "DefinitionString" in properties:
        definition = text(properties["DefinitionString"], reference=REFERENCE)
    elif "Definition" in properties:
        definition = json.dumps(properties["Definition"])
    elif (found := _staged(resource)) is not None:
        definition = found
    else:
        return None
    for name, value in substitutions.items():
        definition = definition.replace(f"${{{name}}}", _json_escaped(text(value, reference=REFERENCE)))
    return definition


def _json_escaped(value: str) -> str:
    return json.dumps(value)[1:-1]


def _staged(resource: Resource) -> str | None:
    """Read the file of `DefinitionBody.from_file`, an asset beside the template that is named after its key."""
    key = text(resource.properties.get("DefinitionS3Location", {}).get("Key"))
    file = resource.template.path.with_name(f"asset.{key}")
    return file.read_text(encoding="utf-8") if file.is_file() else None


def _states(body: Mapping[str, Any], language: str, around: State | None) -> Iterator[State]:
    states: dict[str, State] = {}
    scope = Scope(states, around)
    for name, given in body["States"].items():
        states[name] = State(name, given, given.get("QueryLanguage", language), scope)
    for state in states.values():
        yield state
        inner = [*state.body.get("Branches", [])]
        inner += [state.body[key] for key in ("ItemProcessor", "Iterator") if key in state.body]
        for part in inner:
            yield from _states(part, language, state)
