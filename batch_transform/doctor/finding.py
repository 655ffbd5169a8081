"""One line of the doctor's table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of a check. `ERROR` would stop a deployment or a run; `NOT_CHECKED` may hide either outcome."""

    FINE = "fine"
    WARNING = "warning"
    ERROR = "error"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """`check` is the kind of check, such as `quota`; `subject` is which one it is, empty if there is only one.

    `text` says what was found and, unless all is well, what to do.
    """

    check: str
    subject: str
    verdict: Verdict
    text: str


@dataclass(frozen=True)
class Unread:
    """Something that could not be read. `why` is `needs ACTION`, or AWS's own error."""

    why: str

    def finding(self, check: str, subject: str, otherwise: str = "") -> Finding:
        """Return the line for a check that needs it. `otherwise` says what the reader can verify instead."""
        more = f"; {otherwise}" if otherwise else ""
        return Finding(check, subject, Verdict.NOT_CHECKED, f"{self.why}{more}")
