"""Records, put into request bodies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from batch_transform.engine.input_filter import InputFilter
from batch_transform.engine.records import WHOLE_OBJECT, Records
from batch_transform.engine.settings import MIB, Settings
from batch_transform.engine.whereabouts import place, record_at
from batch_transform.spec.errors import RecordError


@dataclass(frozen=True)
class Batch:
    """One request. `body` goes to the model; `originals` are the unfiltered records, kept for a join only.

    `count` is the number of records, `first_line` the line of the first one: see `Records`.
    """

    body: bytes
    originals: bytes
    count: int
    first_line: int

    def original_records(self) -> list[bytes]:
        """The unfiltered records, without the newlines that end them."""
        return self.originals.split(b"\n") if self.count > 1 else [self.originals]

    @property
    def place(self) -> str:
        """Which part of the object this is, in words."""
        last_line = self.first_line + self.count - 1
        return (
            f"lines {self.first_line} to {last_line} of the object"
            if self.count > 1
            else place(self.first_line)
        )


def cut_batches(blocks: Iterable[Records], input_filter: InputFilter, settings: Settings) -> Iterator[Batch]:
    """Yield the requests of one object: one record each, or as many whole records as MaxPayloadInMB takes.

    The size that counts is that of the body, after the InputFilter and with its newlines. Raises
    RecordError for a record that alone is too large.
    """
    batch = _Growing(first_line=1 if settings.split_lines else WHOLE_OBJECT)
    for block in blocks:
        sent = input_filter.sent(block)
        sizes = [len(record) + 1 for record in sent]
        if not block.ended:
            sizes[-1] -= 1
        if not settings.single_record and batch.size + sum(sizes) <= settings.max_payload:
            batch.add(block.items, sent, sum(sizes), ended=block.ended)  # the usual case: a block at a time
            continue
        last = len(sent) - 1
        for at, (original, record, size) in enumerate(zip(block.items, sent, sizes, strict=True)):
            if size > settings.max_payload:
                raise _too_large(record, block.first_line + at, settings)
            if batch.sent and (settings.single_record or batch.size + size > settings.max_payload):
                yield batch.taken(keep_originals=settings.join)
            batch.add([original], [record], size, ended=block.ended or at < last)
    if batch.sent:
        yield batch.taken(keep_originals=settings.join)


@dataclass
class _Growing:
    first_line: int
    originals: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    size: int = 0
    ended: bool = True

    def add(self, originals: list[bytes], sent: list[bytes], size: int, *, ended: bool) -> None:
        self.originals += originals
        self.sent += sent
        self.size += size
        self.ended = ended

    def taken(self, *, keep_originals: bool) -> Batch:
        end = b"\n" if self.ended else b""
        batch = Batch(
            body=b"\n".join(self.sent) + end,
            originals=b"\n".join(self.originals) if keep_originals else b"",
            count=len(self.sent),
            first_line=self.first_line,
        )
        self.first_line += batch.count
        self.originals, self.sent, self.size = [], [], 0
        return batch


def _too_large(record: bytes, line: int, settings: Settings) -> RecordError:
    return RecordError(
        f"the record is {len(record):,} bytes, more than MaxPayloadInMB={settings.max_payload // MIB} takes",
        record_at(line, record, "raise MaxPayloadInMB, or send less with an InputFilter"),
    )
