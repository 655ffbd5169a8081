"""One thing that is wrong with a job, told so that the reader can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A broken rule.

    `code` is stable and names the rule. `field` is the job file's path, such as
    `transform.max_payload`. `message` says what is wrong with which value, what is
    allowed and how to mend it, in lower case and without a full stop. `path`, `line`
    and `column` (from 1) are filled where the value came from a file.
    """

    code: str
    field: str
    message: str
    severity: str = "error"
    path: str = ""
    line: int = 0
    column: int = 0

    @property
    def is_error(self) -> bool:
        """Errors stop; warnings are shown and the work goes on."""
        return self.severity == "error"

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}:{self.column}: " if self.path else ""
        return f"{where}{self.severity} {self.code}: {self.field}: {self.message}"
