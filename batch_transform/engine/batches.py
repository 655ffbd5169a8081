"""Records, put into request bodies."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

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
        offsets = list(accumulate((len(record) + 1 for record in sent), initial=0))
        if not block.ended:
            offsets[-1] -= 1
        at = 0
        while at < len(sent):
            if offsets[at + 1] - offsets[at] > settings.max_payload:
                raise _too_large(sent[at], block.first_line + at, settings)
            if settings.single_record:
                end = at if batch.count else at + 1
            else:
                end = bisect_right(offsets, offsets[at] + settings.max_payload - batch.size) - 1
            if end == at:
                yield batch.taken()
                continue
            batch.sent.append(b"\n".join(sent[at:end]))
            if settings.join:
                batch.originals.append(b"\n".join(block.items[at:end]))
            batch.size += offsets[end] - offsets[at]
            batch.count += end - at
            batch.ended = block.ended or end < len(sent)
            at = end
    if batch.count:
        yield batch.taken()


@dataclass
class _Growing:
    """A batch that takes more. `originals` and `sent` hold runs of records, each run already joined."""

    first_line: int
    originals: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    size: int = 0
    count: int = 0
    ended: bool = True

    def taken(self) -> Batch:
        """The batch as it is. What comes next begins a new one."""
        body = b"\n".join(self.sent) + (b"\n" if self.ended else b"")
        batch = Batch(body, b"\n".join(self.originals), self.count, self.first_line)
        self.first_line += self.count
        self.originals, self.sent, self.size, self.count = [], [], 0, 0
        return batch


def _too_large(record: bytes, line: int, settings: Settings) -> RecordError:
    return RecordError(
        f"the record is {len(record):,} bytes, more than MaxPayloadInMB={settings.max_payload // MIB} takes",
        record_at(line, record, "raise MaxPayloadInMB, or send less with an InputFilter"),
    )
