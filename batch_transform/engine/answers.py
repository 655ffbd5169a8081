"""The answers in a model's response, taken a few at a time."""

from __future__ import annotations

_PIECE = 256 * 1024  # bytes that are cut into lines at a time


class Answers:
    """The lines of a response body, or the whole of it as one answer.

    `count` is the number of answers; a newline at the end of the body ends the last one. `are_plain`
    says that none has a double quote or a carriage return.
    """

    def __init__(self, body: bytes, *, split_lines: bool) -> None:
        self._body = body
        self._split = split_lines
        self._end = len(body) - 1 if split_lines and body.endswith(b"\n") else len(body)
        self._at = 0
        self._lines: list[bytes] = []
        self._used = 0
        if not split_lines:
            self.count = 1
        else:
            self.count = body.count(b"\n", 0, self._end) + 1 if body else 0
        self.are_plain = b'"' not in body and b"\r" not in body
        self._left = self.count

    def take(self, count: int) -> list[bytes]:
        """Return the next answers, as many as are left when they are fewer than `count`."""
        count = min(count, self._left)
        self._left -= count
        if not self._split:
            return [self._body] * count
        while len(self._lines) - self._used < count:
            self._lines = self._lines[self._used :] + self._piece()
            self._used = 0
        taken = self._lines[self._used : self._used + count]
        self._used += count
        return taken

    def _piece(self) -> list[bytes]:
        cut = self._body.rfind(b"\n", self._at, min(self._at + _PIECE, self._end))
        if cut < self._at:
            cut = self._body.find(b"\n", self._at, self._end)
        piece = self._body[self._at : cut if cut >= 0 else self._end]
        self._at = cut + 1 if cut >= 0 else self._end
        return piece.split(b"\n")
