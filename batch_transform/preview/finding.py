"""What is unsound in an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

_MOST_LINES = 5


@dataclass(frozen=True)
class Finding:
    """`line` is the first place (0 for the object as a whole), `also` the next few lines, of `more` in all.

    An error makes the job fail or its result wrong; a warning may be intentional. `details` are more lines about the
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
        """Errors end the command with the exit code of wrong input."""
        return self.severity == "error"


@dataclass
class Findings:
    """Gathers findings: the first of each code, and where it came again."""

    _first: dict[str, Finding] = field(default_factory=dict)
    _also: dict[str, list[int]] = field(default_factory=dict)
    _more: dict[str, int] = field(default_factory=dict)

    def note(
        self, code: str, line: int, message: str, *, is_error: bool, details: Sequence[str] = ()
    ) -> None:
        """Note what was found at a line."""
        if code not in self._first:
            severity = "error" if is_error else "warning"
            self._first[code] = Finding(code, line, message, severity, details=tuple(details))
            return
        self._more[code] = self._more.get(code, 0) + 1
        if self._more[code] <= _MOST_LINES:
            self._also.setdefault(code, []).append(line)

    def all(self) -> list[Finding]:
        """Return the findings by line."""
        found = [
            replace(one, also=tuple(self._also.get(code, ())), more=self._more.get(code, 0))
            for code, one in self._first.items()
        ]
        return sorted(found, key=lambda one: one.line)
