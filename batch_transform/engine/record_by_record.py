"""The filter that parses and writes each record by itself: slow, but it handles every record and names a faulty one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from batch_transform.engine.answers import Answers
from batch_transform.engine.formats import RecordFormat
from batch_transform.engine.records import Ending, Records
from batch_transform.job.errors import FilterMissError, UnparsableError
from batch_transform.job.filters.json_path import JsonPath


class FaultyRecordError(Exception):
    """When a record has no result. It never leaves the engine: the caller turns it into the lines of the data log.

    `position` counts from 0, in the block of records. `text` is what `cause` is about: the record, its answer, or what
    the filter was applied to.
    """

    def __init__(
        self,
        cause: UnparsableError | FilterMissError,
        position: int,
        text: Literal["record", "answer", "result"],
    ) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.position = position
        self.text = text


@dataclass(frozen=True)
class RecordByRecord:
    """A `RecordFilter` that defines what the others do. Its methods raise FaultyRecordError."""

    format: RecordFormat[Any]
    path: JsonPath

    def result(self, record: bytes, answer: bytes | None) -> bytes:
        """Return the result of one record, joined with its answer if there is one. Raises TransformError."""
        value = self.format.parse(record)
        if answer is not None:
            value = self.format.join(value, self.format.parse(answer))
        return self.format.serialise(self.format.select(self.path, value))

    def filtered(self, records: Records, ending: Ending) -> bytes:
        """See `RecordFilter`."""
        return ending.assemble(
            [self._selected(self._parsed(text, at, "record"), at) for at, text in enumerate(records.items)]
        )

    def joined(self, records: Records, answers: Answers, ending: Ending) -> bytes:
        """See `RecordFilter`. A fault in an answer comes before one in a record, and both before a miss."""
        answered = [self._parsed(text, at, "answer") for at, text in enumerate(answers.take(records.count))]
        parsed = [self._parsed(text, at, "record") for at, text in enumerate(records.items)]
        return ending.assemble(
            [
                self._selected(self.format.join(record, answer), at)
                for at, (record, answer) in enumerate(zip(parsed, answered, strict=True))
            ]
        )

    def _parsed(self, text: bytes, position: int, which: Literal["record", "answer"]) -> Any:  # noqa: ANN401 - a value of the format
        try:
            return self.format.parse(text)
        except UnparsableError as error:
            raise FaultyRecordError(error, position, which) from error

    def _selected(self, value: Any, position: int) -> bytes:  # noqa: ANN401 - a value of the format
        try:
            return self.format.serialise(self.format.select(self.path, value))
        except (FilterMissError, UnparsableError) as error:  # unparsable: nested too deeply to be written
            raise FaultyRecordError(error, position, "result") from error
