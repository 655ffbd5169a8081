"""A document whose values know where they stand, and what was found wrong while it was read.

Whatever reads a syntax (`job_file` reads YAML) makes these; `job_fields` turns them into a JobSpec.
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
    """One value. `text` is what stands in the file, `value` what the syntax takes it for."""

    text: str
    value: str | int | float | bool | None
    position: Position
    # What the syntax calls it where it is none of the types above, such as a date.
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
    """A mapping; its keys differ from each other."""

    entries: tuple[Entry, ...]
    position: Position


Node = Scalar | ListNode | MapNode


@dataclass
class Reading:
    """What was noted while reading: problems, and where each key and value stands."""

    # What is read: its fields are what a misspelled one may have meant.
    root: type = JobSpec
    # What its outermost fields are called in a message.
    outermost: str = "at the top"
    problems: list[Problem] = field(default_factory=list)
    keys: dict[str, Position] = field(default_factory=dict)
    values: dict[str, Position] = field(default_factory=dict)
    # Fields that the writer meant and misspelled.
    held: set[str] = field(default_factory=set)

    def position(self, of: str, *, asked_by: str = "") -> Position:
        """Return where to show a problem with a field: its value, or the nearest thing above that is there.

        Where nothing of it is there, the field that asks for it is the place, if it is told and there.
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
        """Whether the field, or something above it, was misread: what else is said of it may be wrong."""
        doubtful = (self.held - self.values.keys()) | {problem.field for problem in self.problems}
        return any(of == one or of.startswith((f"{one}.", f"{one}[")) for one in doubtful)

    def wrong(self, code: str, of: str, message: str, at: Position) -> str:
        """Note a problem, and return what holds the field's place."""
        self.problems.append(Problem(code, of, message, line=at.line, column=at.column))
        return UNRESOLVED
