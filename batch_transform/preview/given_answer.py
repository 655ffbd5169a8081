"""A stand-in for a model, which returns a given answer."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from batch_transform.engine.interfaces import Answer
from batch_transform.job.errors import InputError
from batch_transform.job.files.regular_file import kind_of, open_file


class GivenAnswer:
    """Answers with the given lines, one for each record in order. A single line answers every record.

    If each record is a whole object, the whole text is its answer.
    """

    def __init__(self, answer: bytes, *, split_lines: bool) -> None:
        self._answer = answer
        self._lines = answer.removesuffix(b"\n").split(b"\n") if split_lines else []
        self._at = 0

    def restart(self) -> None:
        """Start over: the first line answers the next record."""
        self._at = 0

    def invoke(self, body: bytes, *, content_type: str | None, accept: str | None, timeout: float) -> Answer:
        """Answer the records of a body. With too few lines, the answer has fewer lines than records."""
        del content_type, accept, timeout
        if not self._lines:
            return Answer(200, self._answer)
        records = body.removesuffix(b"\n").count(b"\n") + 1
        lines = self._lines * records if len(self._lines) == 1 else self._lines[self._at : self._at + records]
        self._at += records
        return Answer(200, b"".join(line + b"\n" for line in lines))


def read_answer(given: str, *, lines: int | None) -> bytes:
    """Return the content of the file with that name (only its first `lines`, if set), or the text if there is none."""
    path = Path(given)
    try:
        if kind_of(path) is None and not path.is_file():
            return given.encode()
    except (OSError, ValueError):
        return given.encode()  # too long for a file name, or contains a NUL
    try:
        with open_file(path) as file:
            return file.read() if lines is None else b"".join(islice(file, lines))
    except OSError as error:
        raise InputError(f"--answer {given} cannot be read: {error.strerror}") from error
