"""Splits a model's response into answers, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.engine.compiled import newlines
from batch_transform.engine.records import WHOLE_OBJECT, Records

_PIECE = 256 * 1024  # bytes that are split into lines at a time


class Answers:
    """The lines of a response body, or (`are_lines` is false) the whole body as one answer.

    `count` is the number of answers; a newline at the end of the body ends the last one. `at` is where the
    next answer begins. `are_plain` says that none has a double quote or a carriage return.
    """

    def __init__(self, body: bytes, *, split_lines: bool) -> None:
        self.body = body
        self.are_lines = split_lines
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

    @property
    def position(self) -> tuple[int, int]:
        """How many answers are left, and where the next one begins."""
        return self._left, self.at

    def take(self, count: int) -> list[bytes]:
        """Return the next answers: `count` of them, or fewer if fewer are left."""
        count = min(count, self._left)
        self._left -= count
        if not self.are_lines:
            return [self.body] * count
        while len(self._lines) - self._used < count:
            self._lines = self._lines[self._used :] + self._piece().split(b"\n")
            self._used = 0
        taken = self._lines[self._used : self._used + count]
        self._used += count
        self.at += sum(map(len, taken)) + count
        return taken

    def blocks(self) -> Iterator[Records]:
        """Take all answers that are left, many at a time. Their line numbers mean nothing."""
        if not self.are_lines:
            for answer in self.take(1):
                yield Records.of_text(answer, WHOLE_OBJECT, ended=False)
            return
        self.return_to(self.position)
        while self._left:
            block = Records.of_text(self._piece(), 1, ended=True)
            self.advance(block.count, self._cut_up_to)
            yield block

    def advance(self, count: int, at: int) -> None:
        """Note that the caller took `count` answers from the body, and that the next one begins at `at`."""
        self.return_to((self._left - count, at))

    def return_to(self, position: tuple[int, int]) -> None:
        """Go back to an earlier `position`."""
        self._left, self.at = position
        self._lines, self._used = [], 0
        self._cut_up_to = self.at

    def _piece(self) -> bytes:
        cut = self.body.rfind(b"\n", self._cut_up_to, min(self._cut_up_to + _PIECE, self._end))
        if cut < self._cut_up_to:
            cut = self.body.find(b"\n", self._cut_up_to, self._end)
        piece = self.body[self._cut_up_to : cut if cut >= 0 else self._end]
        self._cut_up_to = cut + 1 if cut >= 0 else self._end
        return piece
