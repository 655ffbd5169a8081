"""Every part that can be removed from a policy, one at a time: actions, resources, values of conditions, statements."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

_PARTS = ("Action", "Resource")
NOBODY = "nobody-narrowed-this"


@dataclass(frozen=True)
class Mutation:
    """A policy with one part removed. `actions` are those of the statement, `part` is what was removed.

    `statement` is the original statement.
    """

    actions: tuple[str, ...]
    part: str
    document: Document
    statement: Document

    @property
    def taken(self) -> tuple[str, ...]:
        """The actions that it affects."""
        return (self.part.removeprefix("Action "),) if self.part.startswith("Action ") else self.actions

    @property
    def is_deny(self) -> bool:
        return bool(self.statement["Effect"] == "Deny")

    def __str__(self) -> str:
        return f"{self.part} of {'deny ' if self.is_deny else ''}{', '.join(self.actions)}"


def mutations(document: Document) -> Iterator[Mutation]:
    """Yield the narrowed policies.

    One entry of a list is removed. A single wildcard is narrowed to nothing that exists, and a single value of a
    condition to one that no call has. A statement that would be empty is removed as a whole.
    """
    statements = _listed(document["Statement"])
    for number, statement in enumerate(statements):
        actions = tuple(_listed(statement.get("Action", statement.get("NotAction"))))

        def mutation(
            part: str, changed: Document | None, at: int = number, of: tuple[str, ...] = actions
        ) -> Mutation:
            kept = [copy.deepcopy(each) for each in statements]
            kept[at : at + 1] = [] if changed is None else [changed]
            return Mutation(of, part, {**document, "Statement": kept}, statements[at])

        yield mutation("statement", None)
        for part in _PARTS:
            values = _listed(statement.get(part, []))
            for value in values if len(values) > 1 else []:
                left = [each for each in values if each != value]
                yield mutation(f"{part} {value}", {**statement, part: left})
            for value in values if part == "Resource" and statement["Effect"] == "Allow" else []:
                if value != "*" and ("*" in value or "?" in value):
                    narrowed = value.replace("*", NOBODY).replace("?", "0")
                    others = [each for each in values if each != value]
                    yield mutation(f"wildcard in {value}", {**statement, part: [*others, narrowed]})
        for operator, keys in (statement.get("Condition") or {}).items():
            for key, given in keys.items():
                for value in _listed(given):
                    left = [each for each in _listed(given) if each != value] or [NOBODY]
                    changed = copy.deepcopy(statement)
                    changed["Condition"][operator][key] = left
                    yield mutation(f"Condition {key} {value}", changed)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
