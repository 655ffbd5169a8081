"""The answers in a model's response, taken a few at a time."""

from __future__ import annotations

from batch_transform.engine.newlines import newlines

_PIECE = 256 * 1024  # bytes that are cut into lines at a time


class Answers:
    """The lines of a response body, or the whole of it as one answer.

    `count` is the number of answers; a newline at the end of the body ends the last one. `at` is where the
    next one begins. `are_plain` says that none has a double quote or a carriage return.
    """

    def __init__(self, body: bytes, *, split_lines: bool) -> None:
        self.body = body
        self.is_split = split_lines
        self.at = 0
        self._end = len(body) - 1 if split_lines and body.endswith(b"\n") else len(body)
        self._cut_up_to = 0
        self._lines: list[bytes] = []
        self._used = 0
        if not split_lines:
            self.count = 1
        else:
            self.count = newlines(body, 0, self._end) + 1 if body else 0
        self.are_plain = b'"' not in body and b"\r" not in body
        self._left = self.count

    def take(self, count: int) -> list[bytes]:
        """Return the next answers, as many as are left when they are fewer than `count`."""
        count = min(count, self._left)
        self._left -= count
        if not self.is_split:
            return [self.body] * count
        while len(self._lines) - self._used < count:
            self._lines = self._lines[self._used :] + self._piece().split(b"\n")
            self._used = 0
        taken = self._lines[self._used : self._used + count]
        self._used += count
        self.at += sum(map(len, taken)) + count
        return taken

    def take_text(self) -> tuple[bytes, int]:
        """Return the next answers as one text, many of them but not all, and how many they are: 0 at the end."""
        self._lines, self._used, self._cut_up_to = [], 0, self.at
        if not self._left:
            return b"", 0
        piece = self._piece()
        count = newlines(piece) + 1
        self.taken(count, self._cut_up_to)
        return piece, count

    def taken(self, count: int, at: int) -> None:
        """Note that so many answers were taken by somebody else, and where the next one begins."""
        self._left -= count
        self._lines, self._used = [], 0
        self._cut_up_to = self.at = at

    def _piece(self) -> bytes:
        cut = self.body.rfind(b"\n", self._cut_up_to, min(self._cut_up_to + _PIECE, self._end))
        if cut < self._cut_up_to:
            cut = self.body.find(b"\n", self._cut_up_to, self._end)
        piece = self.body[self._cut_up_to : cut if cut >= 0 else self._end]
        self._cut_up_to = cut + 1 if cut >= 0 else self._end
        return piece
