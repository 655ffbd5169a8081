"""The filter in C: the folder `c`, which writes the same bytes as `record_by_record`. Tests compare the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batch_transform.engine import compiled
from batch_transform.engine.answers import Answers
from batch_transform.engine.record_by_record import RecordByRecord
from batch_transform.engine.records import Ending, Records
from batch_transform.job.filters.json_path import Index, Indexes, JsonPath, Name, Names, Slice

# The kinds of selection that the C module supports.
_ALL_CELLS, _CELLS, _SLICE, _MEMBERS, _VALUE = range(5)


@dataclass(frozen=True)
class CompiledFilter:
    """A `RecordFilter` for lines. `selection` are indexes, the bounds of a slice, or names: what `kind` says.

    `result` returns the result of one record, for the lines that the C module declines; what it raises is passed on.
    """

    kind: int
    selection: tuple[int, ...] | tuple[bytes, ...]
    result: Callable[[bytes, bytes | None], bytes]

    def filtered(self, records: Records, ending: Ending) -> bytes:
        """See `RecordFilter`."""
        return compiled.module.filter_lines(
            records.text, None, 0, True, self.kind, self.selection, ending, self.result
        )[0]

    def joined(self, records: Records, answers: Answers, ending: Ending) -> bytes:
        """See `RecordFilter`."""
        text, at = compiled.module.filter_lines(
            records.text,
            answers.body,
            answers.at,
            answers.are_plain,
            self.kind,
            self.selection,
            ending,
            self.result,
        )
        answers.advance(records.count, at)
        return text


def compiled_filter(by_record: RecordByRecord) -> CompiledFilter | None:
    """Return the same filter in C; None if the C module is missing, or doesn't support the filter."""
    path = by_record.path
    if not compiled.is_compiled() or path.undefined or len(path.steps) > 1:
        return None
    found = _cells(path) if by_record.format.name == "CSV" else _members(path)
    if found is None:
        return None
    kind, selection = found
    return CompiledFilter(kind, selection, by_record.result)


def _cells(path: JsonPath) -> tuple[int, tuple[int, ...]] | None:
    step = path.steps[0] if path.steps else None
    if step is None:
        return _ALL_CELLS, ()
    if isinstance(step, Slice):
        start = step.start or 0
        return _SLICE, (start,) if step.end is None else (start, step.end)
    return (_CELLS, path.indexes) if isinstance(step, (Index, Indexes)) else None


def _members(path: JsonPath) -> tuple[int, tuple[bytes, ...]] | None:
    step = path.steps[0] if path.steps else None
    if step is None:
        return _MEMBERS, ()
    if isinstance(step, Name):
        return _VALUE, (step.name.encode(),)
    if isinstance(step, Names):
        return _MEMBERS, tuple(dict.fromkeys(name.encode() for name in step.names))
    return None
