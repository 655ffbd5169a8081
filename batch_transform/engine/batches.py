"""Packs records into request bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from batch_transform.engine.compiled import newlines
from batch_transform.engine.framed import Framed
from batch_transform.engine.input_filter import InputFilter
from batch_transform.engine.join_buffer import JoinBuffer
from batch_transform.engine.records import WHOLE_OBJECT, WHOLE_TOO_LARGE, Records, place, record_at
from batch_transform.engine.settings import MIB, Settings
from batch_transform.job.errors import RecordError

_LARGE = MIB  # a larger body is kept in pieces


class LargeBody:
    """A body in pieces, of known size, which is never copied into one piece of memory."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self.size = sum(map(len, pieces))

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""
        return iter(self._pieces)


class StreamedBody:
    """A whole object as one request body, sent while it is read: MaxPayloadInMB 0.

    "For cases where the payload might be arbitrarily large and is transmitted using HTTP chunked encoding, set the
    value to 0" (API reference, CreateTransformJob, MaxPayloadInMB). Each iteration reads the object again, as a retry
    needs it.

    `count` is the number of records that the last iteration sent.
    """

    def __init__(self, read: Callable[[], Iterator[Records]], input_filter: InputFilter) -> None:
        self._read = read
        self._filter = input_filter
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body in pieces. Raises RecordError for a record that cannot be filtered."""
        self.count = 0
        for records in self._read():
            self.count = 1 if records.first_line == WHOLE_OBJECT else self.count + records.count
            piece = self._filter.sent_text(records) + (b"\n" if records.ended else b"")
            if piece:  # an empty chunk would end a chunked body
                yield piece


class RereadRecords:
    """The original records of a streamed object, for a join. Each iteration reads the object again."""

    def __init__(self, read: Callable[[], Iterator[Records]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[Records]:
        """Yield the records."""
        return self._read()


class Batch(NamedTuple):
    """One request. `body` goes to the model; `originals` are the records before the InputFilter, kept only for a join.

    `count` is the number of records, `first_line` the line of the first one: see `Records`.
    """

    body: bytes | Iterable[bytes]
    originals: Iterable[Records]
    count: int  # type: ignore[assignment]  # hides tuple.count(), which nothing uses
    first_line: int
    unit: str = "line"

    @property
    def size(self) -> int | None:
        """The size of the body in bytes; None if it is streamed."""
        if isinstance(self.body, LargeBody):
            return self.body.size
        return len(self.body) if isinstance(self.body, bytes) else None

    @property
    def place(self) -> str:
        """The lines of the object that the request holds, for an error."""
        last_line = self.first_line + self.count - 1
        return (
            f"{self.unit}s {self.first_line} to {last_line} of the object"
            if self.count > 1 and self.first_line
            else place(self.first_line, self.unit)
        )


def cut_batches(blocks: Iterable[Records], input_filter: InputFilter, settings: Settings) -> Iterator[Batch]:
    """Yield the requests of one object: one record each, or as many whole records as fit into MaxPayloadInMB.

    The limit is for the body, after the InputFilter and with its newlines. Raises RecordError for a record
    that is too large by itself.
    """
    if settings.single_record or not settings.split_lines:
        return _one_by_one(blocks, input_filter, settings)
    return _many_at_a_time(blocks, input_filter, settings)


def _one_by_one(blocks: Iterable[Records], input_filter: InputFilter, settings: Settings) -> Iterator[Batch]:
    for block in blocks:
        items = block.items
        for at, (record, original) in enumerate(zip(input_filter.sent(block), items, strict=True)):
            ended = block.ended or at + 1 < len(items)
            body = record + b"\n" if ended else record
            line = block.first_line + at
            if 0 < settings.max_payload < len(body):
                raise _too_large(record, line, settings)
            yield Batch(body, (Records([original], line, ended),) if settings.join else (), 1, line)


def _many_at_a_time(
    blocks: Iterable[Records], input_filter: InputFilter, settings: Settings
) -> Iterator[Batch]:
    batch = _BatchBuilder(settings)
    for block in blocks:
        sent = input_filter.sent_text(block)
        end = b"\n" if block.ended else b""
        at, line = 0, block.first_line
        while (room := settings.max_payload - batch.size) < len(sent) - at + len(end):
            cut = sent.rfind(b"\n", at, at + room) + 1
            if cut > at:  # the lines that still fit
                count = newlines(sent, at, cut)
                batch.add(sent[at:cut], b"", count, block, line)
                at, line = cut, line + count
            elif not batch.size:
                raise _too_large(sent[at:].partition(b"\n")[0], line, settings)
            yield batch.finish()
        batch.add(sent[at:] if at else sent, end, block.first_line + block.count - line, block, line)
    if batch.count:
        yield batch.finish()


def cut_framed(records: Iterable[Framed], settings: Settings) -> Iterator[Batch]:
    """Yield the requests of an object of binary records: see `framed`."""
    frames: list[bytes] = []
    size, first = 0, 1
    for number, record in enumerate(records, 1):
        sent = record.data if settings.single_record else record.frame
        if 0 < settings.max_payload < len(sent):
            raise _too_large(sent, number, settings, "record")
        if frames and (settings.single_record or size + len(sent) > settings.max_payload):
            yield Batch(b"".join(frames), (), len(frames), first, "record")
            frames, size, first = [], 0, number
        frames.append(sent)
        size += len(sent)
    if frames:
        yield Batch(b"".join(frames), (), len(frames), first, "record")


class _BatchBuilder:
    """Collects records, with what is sent of them, until the body is full."""

    def __init__(self, settings: Settings) -> None:
        self._join = settings.join
        self._at_a_time = settings.max_concurrent_transforms
        self._line = 1
        self._reset()

    def _reset(self) -> None:
        self._pieces: list[bytes] = []
        self._originals = JoinBuffer.shared(2 * self._at_a_time)
        self.count = 0
        self.size = 0

    def add(self, sent: bytes, end: bytes, count: int, block: Records, line: int) -> None:
        """Add `count` records of a block, starting at the line `line`, and what is sent of them."""
        self._pieces.append(sent)
        self._pieces.append(end)
        self.size += len(sent) + len(end)
        self.count += count
        if self._join:
            self._originals.add(_some_of(block, line, count))

    def finish(self) -> Batch:
        """Return the batch, and start a new one."""
        body = LargeBody(self._pieces) if self.size > _LARGE else b"".join(self._pieces)
        batch = Batch(body, self._originals if self._join else (), self.count, self._line)
        self._line += self.count
        self._reset()
        return batch


def _some_of(block: Records, line: int, count: int) -> Records:
    if count == block.count:
        return block
    first = line - block.first_line
    items = block.items
    text = b"\n".join(items[first : first + count])
    return Records.of_text(text, line, ended=block.ended or first + count < len(items))


def _too_large(record: bytes, line: int, settings: Settings, unit: str = "line") -> RecordError:
    is_whole = line == WHOLE_OBJECT
    advice = WHOLE_TOO_LARGE if is_whole else "raise MaxPayloadInMB, or send less with an InputFilter"
    return RecordError(
        f"the record is {len(record):,} bytes, more than MaxPayloadInMB={settings.max_payload // MIB} allows",
        record_at(line, record, advice, unit),
        line=line,
    )
