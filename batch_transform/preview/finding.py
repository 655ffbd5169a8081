"""The problems found in an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

_MOST_LINES = 5


@dataclass(frozen=True)
class Finding:
    """A problem at `line` (0: the object as a whole). It occurs `more` more times; `also` has the next few lines.

    An error makes the job fail or its result wrong; a warning may be intentional. `details` has more text about the
    finding, such as a model's traceback.
    """

    code: str
    line: int
    message: str
    severity: str
    also: tuple[int, ...] = ()
    more: int = 0
    details: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether it is an error. Errors end the command with the exit code for invalid input."""
        return self.severity == "error"


@dataclass
class Findings:
    """Collects findings: the first one of each code, and the lines where it occurs again."""

    _first: dict[str, Finding] = field(default_factory=dict)
    _also: dict[str, list[int]] = field(default_factory=dict)
    _more: dict[str, int] = field(default_factory=dict)

    def note(
        self, code: str, line: int, message: str, *, is_error: bool, details: Sequence[str] = ()
    ) -> None:
        """Add a finding at a line."""
        if code not in self._first:
            severity = "error" if is_error else "warning"
            self._first[code] = Finding(code, line, message, severity, details=tuple(details))
            return
        self._more[code] = self._more.get(code, 0) + 1
        if self._more[code] <= _MOST_LINES:
            self._also.setdefault(code, []).append(line)

    def all(self) -> list[Finding]:
        """Return the findings, sorted by line."""
        found = [
            replace(one, also=tuple(self._also.get(code, ())), more=self._more.get(code, 0))
            for code, one in self._first.items()
        ]
        return sorted(found, key=lambda one: one.line)
