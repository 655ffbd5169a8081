"""What is noted while a job file is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from batch_transform.job.errors import Problem
from batch_transform.job.files.document import Position
from batch_transform.job.rules import UNRESOLVED
from batch_transform.job.values.job_spec import JobSpec


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
