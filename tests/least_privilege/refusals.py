"""The calls that the local AWS refuses during a story."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from least_privilege.mutation import Mutation

GONE = "-that-is-gone"
"""The end of a name that a story uses for something that doesn't exist."""
_LINE = re.compile(rf"refused: \S+ may not (\S+) on \S+(?<!{GONE})\n")


@dataclass
class Refusals:
    """The actions that were refused since the story began, read from the log of the local AWS."""

    log_file: Path
    _position: int = 0
    _actions: list[str] = field(default_factory=list)
    _since: float | None = None

    def forget(self) -> None:
        """Start with the next story."""
        self._read()
        self._actions.clear()
        self._since = None

    def actions(self) -> list[str]:
        self._read()
        return self._actions

    def seconds(self) -> float:
        """How long ago the first of them was seen; 0 when there is none."""
        self._read()
        return 0.0 if self._since is None else time.monotonic() - self._since

    def show(self, mutation: Mutation) -> bool:
        """Return whether a refused action is one that the policy allows without the mutation."""
        return any(
            fnmatchcase(refused.lower(), allowed.lower())
            for refused in self.actions()
            for allowed in mutation.taken
        )

    def _read(self) -> None:
        with self.log_file.open("rb") as log:
            log.seek(self._position)
            lines, newline, _ = log.read().rpartition(b"\n")
        self._position += len(lines) + len(newline)
        self._actions += _LINE.findall((lines + newline).decode())
        if self._actions and self._since is None:
            self._since = time.monotonic()
