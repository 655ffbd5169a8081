"""Cuts an object into sections at newlines, with memory that doesn't grow with the object.

The cuts follow from the bytes alone, so that a retry of the function writes the same sections under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sections import KEPT, Section, State

MOST_OF_ONE = 1000
"""Sections into which one object, or one failed section, is cut."""

MOST_OF_A_ROUND = 10_000
"""Sections that a round scores, apart from those between lines that no transform job is given."""

_CHUNK = 1024 * 1024
_LONGEST_HELD = 100 * 1024 * 1024
"""The longest line that is held. No request can carry a longer one (API reference, MaxPayloadInMB)."""

TOO_LONG = "the record is longer than 100 MiB, more than any request can carry"


class Stream(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, and none at the end."""


class Copy(Protocol):
    """The copy of a section that is being written. Nothing of it is visible before `commit`."""

    def write(self, data: bytes) -> None:
        """Append bytes."""

    def commit(self) -> None:
        """Make the copy appear, whole."""

    def abort(self) -> None:
        """Leave nothing behind."""


Refused = Callable[[bytes], str]
"""Why SageMaker's agent refuses a line, without its newline; empty if it doesn't."""


def shares(sizes: Sequence[int]) -> list[int]:
    """Return into how many sections each of these objects is cut: in proportion to its size, within the limits."""
    total = sum(sizes) or 1
    return [max(1, min(MOST_OF_ONE, MOST_OF_A_ROUND * size // total)) for size in sizes]


def shares_of_lines(lines: Sequence[int]) -> list[int]:
    """Return into how many sections each failed section is cut: into its lines if there is room for all of them."""
    if sum(lines) <= MOST_OF_A_ROUND:
        return [min(count, MOST_OF_ONE) for count in lines]
    return [
        min(count, max(2, share)) if count > 1 else 1
        for count, share in zip(lines, shares(lines), strict=True)
    ]


@dataclass(frozen=True)
class Cut:
    """How one object, or one section, is cut.

    A section ends with the first line after which it has `most_bytes` bytes or `most_lines` lines. `names` gives each
    section the name of its copy, `copy` opens it, and `keep` stores a refused line without its newline.
    """

    names: Iterator[str]
    copy: Callable[[str], Copy]
    round: int
    most_bytes: int | None = None
    most_lines: int | None = None
    refused: Refused | None = None
    keep: Callable[[str, bytes], bool] = lambda _name, _line: False

    def sections(self, stream: Stream, *, line: int = 1, offset: int = 0) -> Iterator[Section]:
        """Write the copies, and yield the sections. `line` and `offset` are those of the stream's start."""
        at = _Place(line, offset)
        section: Section | None = None
        copy: Copy | None = None
        try:
            for text, reason, length in self._runs(stream):
                if reason:
                    if section is not None:
                        yield _done(section, copy)
                        section = copy = None
                    yield self._refused_line(at, text, reason, length)
                    continue
                for piece in self._pieces(text, section):
                    if section is None or copy is None:
                        name = next(self.names)
                        section, copy = Section(at.line, 0, at.offset, 0, name, self.round), self.copy(name)
                    copy.write(piece)
                    count = piece.count(b"\n") + (not piece.endswith(b"\n"))
                    section.lines += count
                    section.length += len(piece)
                    at.move(count, len(piece))
                    if self._is_full(section):
                        yield _done(section, copy)
                        section = copy = None
            if section is not None:
                yield _done(section, copy)
                copy = None
        except BaseException:  # of any kind: leave no open upload
            if copy is not None:
                copy.abort()
            raise

    def _is_full(self, section: Section) -> bool:
        if self.most_bytes is not None and section.length >= self.most_bytes:
            return True
        return self.most_lines is not None and section.lines >= self.most_lines

    def _pieces(self, text: bytes, section: Section | None) -> Iterator[bytes]:
        """Cut whole lines where sections end."""
        has_bytes, has_lines = (section.length, section.lines) if section else (0, 0)
        at = 0
        while at < len(text):
            if self.most_bytes is not None:
                end = text.find(b"\n", at + max(self.most_bytes - has_bytes, 1) - 1) + 1
            else:
                end = _after_lines(text, at, (self.most_lines or 1) - has_lines)
            end = end or len(text)
            yield text[at:end]
            at, has_bytes, has_lines = end, 0, 0

    def _refused_line(self, at: _Place, text: bytes, reason: str, length: int) -> Section:
        name = next(self.names)
        kept = KEPT if text and self.keep(name, text.removesuffix(b"\n")) else ""
        section = Section(at.line, 1, at.offset, length, name, self.round, State.BAD, reason, 0, kept)
        at.move(1, length)
        return section

    def _runs(self, stream: Stream) -> Iterator[tuple[bytes, str, int]]:
        """Yield whole lines that are scored, and each line that is refused with its reason; and their lengths."""
        for text, length in _lines(stream):
            if text is None:
                yield b"", TOO_LONG, length
            elif self.refused is None:
                yield text, "", length
            else:
                yield from _without_refused(text, self.refused)


@dataclass
class _Place:
    line: int
    offset: int

    def move(self, lines: int, length: int) -> None:
        self.line += lines
        self.offset += length


def _done(section: Section, copy: Copy | None) -> Section:
    if copy is not None:
        copy.commit()
    return section


def _after_lines(text: bytes, at: int, count: int) -> int:
    """Return the place after `count` lines; 0 if there are not as many."""
    for _ in range(count):
        at = text.find(b"\n", at) + 1
        if not at:
            return 0
    return at


def _without_refused(text: bytes, refused: Refused) -> Iterator[tuple[bytes, str, int]]:
    start = at = 0
    while at < len(text):
        end = text.find(b"\n", at) + 1 or len(text)
        line = text[at:end]
        if reason := refused(line.removesuffix(b"\n")):
            if at > start:
                yield text[start:at], "", at - start
            yield line, reason, len(line)
            start = end
        at = end
    if start < len(text):
        yield text[start:], "", len(text) - start


def _lines(stream: Stream) -> Iterator[tuple[bytes | None, int]]:
    """Yield the stream as texts of whole lines, and None for a line that is too long to be held; and their lengths."""
    pieces: list[bytes] = []  # of a line that hasn't ended yet
    held = 0
    skipped = 0  # bytes of a line that is too long
    while chunk := stream.read(_CHUNK):
        if skipped:
            end = chunk.find(b"\n") + 1
            skipped += end or len(chunk)
            if not end:
                continue
            yield None, skipped
            skipped, chunk = 0, chunk[end:]  # the rest of it
        cut = chunk.rfind(b"\n") + 1
        if cut:
            text = b"".join([*pieces, chunk[:cut]])
            yield text, len(text)
            pieces, held = [], 0
        if rest := chunk[cut:]:
            pieces.append(rest)
            held += len(rest)
        if held > _LONGEST_HELD:
            pieces, held, skipped = [], 0, held
    if skipped:
        yield None, skipped
    elif held:
        yield b"".join(pieces), held
