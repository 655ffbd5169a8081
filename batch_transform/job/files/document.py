"""A document whose values know their line and column, and the problems found while reading it.

`yaml_document` makes these from YAML; `job_fields` turns them into a JobSpec.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from batch_transform.job.errors import Problem
from batch_transform.job.rules import UNRESOLVED
from batch_transform.job.values.job_spec import JobSpec


@dataclass(frozen=True)
class Position:
    """Line and column, from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Scalar:
    """One value. `text` is what the file has, `value` what YAML reads it as."""

    text: str
    value: str | int | float | bool | None
    position: Position
    # What YAML calls a value of any other type, such as a date.
    kind: str = ""


@dataclass(frozen=True)
class ListNode:
    """A list."""

    items: tuple[Node, ...]
    position: Position


@dataclass(frozen=True)
class Entry:
    """A key as written, with its value."""

    key: str
    key_position: Position
    value: Node


@dataclass(frozen=True)
class MapNode:
    """A mapping with unique keys."""

    entries: tuple[Entry, ...]
    position: Position


Node = Scalar | ListNode | MapNode


@dataclass
class Reading:
    """The notes taken while reading: problems, and the position of each key and value."""

    # The type being read: a misspelled field may stand for one of its fields.
    root: type = JobSpec
    # How messages refer to the place of its outermost fields.
    outermost: str = "at the top"
    problems: list[Problem] = field(default_factory=list)
    keys: dict[str, Position] = field(default_factory=dict)
    values: dict[str, Position] = field(default_factory=dict)
    # Fields that the author misspelled, by their correct names.
    held: set[str] = field(default_factory=set)

    def position(self, of: str, *, asked_by: str = "") -> Position:
        """Return where to show a problem with a field: at its value, or at the nearest structure around it.

        For a missing field, this is the position of `asked_by`, the field that requires it, if there is one.
        """
        if of in self.values:
            return self.values[of]
        while of:
            if of in self.keys:
                return self.keys[of]
            if of.endswith("]") and of in self.values:
                return self.values[of]
            of = of.rpartition("[")[0] if of.endswith("]") else of.rpartition(".")[0]
        return self.values.get(asked_by, Position(1, 1))

    def has_doubt_about(self, of: str) -> bool:
        """Whether the field, or a structure around it, was misread: other problems with it may be spurious."""
        doubtful = (self.held - self.values.keys()) | {problem.field for problem in self.problems}
        return any(of == one or of.startswith((f"{one}.", f"{one}[")) for one in doubtful)

    def wrong(self, code: str, of: str, message: str, at: Position) -> str:
        """Note a problem, and return the placeholder for the field."""
        self.problems.append(Problem(code, of, message, line=at.line, column=at.column))
        return UNRESOLVED
