"""Writes the result of an object, and counts what was lost without an error."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from itertools import islice

from batch_transform.engine.batches import Batch
from batch_transform.engine.compiled import newlines
from batch_transform.engine.inexact_numbers import changed_number
from batch_transform.engine.interfaces import ObjectWriter
from batch_transform.engine.progress import ProgressMeter
from batch_transform.engine.records import Records
from batch_transform.engine.settings import Settings

_LOOKED_AT = 16 * 1024  # bytes of a request's records and answers that are searched for numbers
_LOOKED_FOR_IN = 256 * 1024  # bytes of the results that are searched for them
_MOST_NUMBERS = 100


def count_byte_order_marks(blocks: Iterator[Records], meter: ProgressMeter) -> Iterator[Records]:
    """Yield the blocks of an object unchanged; count a byte order mark at its start in `meter`."""
    is_first = True
    for block in blocks:
        if is_first and block.text.startswith(codecs.BOM_UTF8):
            meter.add(byte_order_marks=1)
        is_first = False
        yield block


class CheckedWriter:
    """Passes the result of one object on to `writer`, and counts in `meter` what doesn't match its records.

    All lines and answers are counted. Numbers are checked in a sample, so that the cost doesn't grow with the object:
    at the start of the first group of requests, the second, the fourth, the eighth and so on.
    """

    def __init__(self, settings: Settings, meter: ProgressMeter, writer: ObjectWriter) -> None:
        self._meter = meter
        self._writer = writer
        self._by_line = settings.answers_by_line
        self._looks_at_numbers = settings.join and settings.record_format == "JSON"
        self._groups = 0
        self._before: list[bytes] = []  # records and answers whose numbers are looked for in the next part
        self._lines = 0
        self._last = b"\n"
        self._records = 0

    @property
    def is_empty(self) -> bool:
        """Whether the object had nothing to send."""
        return not self._groups

    def begin_group(self, group: Sequence[Batch], answers: Sequence[bytes]) -> None:
        """Look at a group of requests and their answers, before their results are written."""
        empty = sum(not answer or answer.isspace() for answer in answers)
        if empty:
            self._meter.add(empty_answers=empty)
        self._groups += 1
        self._before = []
        is_due = self._groups & (self._groups - 1) == 0  # 1, 2, 4, 8, …
        if self._looks_at_numbers and is_due and not self._meter.has_changed_number:
            first = islice(group[0].originals, 1)
            self._before = [_whole_lines(records.text) for records in first] + [_whole_lines(answers[0])]

    def write(self, part: bytes) -> None:
        """Write a part of the result."""
        self._writer.write(part)
        if self._by_line and part:
            self._lines += newlines(part)
            self._last = part[-1:]
        for text in self._before:
            changed = changed_number(text, part[:_LOOKED_FOR_IN], most=_MOST_NUMBERS)
            if changed is not None:
                self._meter.note(changed)
        self._before = []

    def end_group(self, records: int) -> None:
        """Note that all results of a group of requests are written; `records` is its number of records."""
        self._records += records
        self._meter.add(records=records)

    def finish(self) -> None:
        """Note that the result is complete."""
        if self._by_line:
            lines = self._lines + (self._last != b"\n")
            self._meter.add(result_lines=lines, uneven_objects=int(lines != self._records))


def _whole_lines(text: bytes) -> bytes:
    """Return the start of a text, without an incomplete line at its end."""
    return text if len(text) <= _LOOKED_AT else text[: max(text.rfind(b"\n", 0, _LOOKED_AT), 0)]
