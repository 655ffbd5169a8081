"""The model's answer to a batch, made into results: joined with its records, and filtered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batch_transform.engine.batches import Batch
from batch_transform.engine.csv_rows import RowFilter, is_plain, row_filter
from batch_transform.engine.formats import FORMATS, RecordFormat
from batch_transform.engine.input_filter import unparsable_record
from batch_transform.engine.settings import Settings
from batch_transform.engine.whereabouts import record_at
from batch_transform.spec.errors import AnswerError, FilterMissError, UnparsableError
from batch_transform.spec.json_path import JsonPath


@dataclass(frozen=True)
class Results:
    """JoinSource and OutputFilter of a job.

    Without either, an answer is the result as it is, byte for byte, and is never parsed.
    """

    join: bool
    split_lines: bool
    path: JsonPath
    format: RecordFormat[Any] | None
    filter_row: RowFilter | None  # the quick way for plain CSV rows, where the path has one

    @classmethod
    def of(cls, settings: Settings) -> Results:
        """Read the job's filter. Raises InvalidFilterError."""
        path = JsonPath.parse(
            settings.output_filter,
            member="OutputFilter",
            content_type=settings.accept or settings.content_type,
        )
        return cls(
            settings.join,
            settings.split_lines,
            path,
            FORMATS[settings.answer_format] if settings.answer_format else None,
            row_filter(path) if settings.answer_format == "CSV" and settings.split_lines else None,
        )

    def of_batch(self, batch: Batch, answer: bytes) -> list[bytes]:
        """Return the results of a batch in the order of its records. Raises RecordError and AnswerError."""
        if self.format is None:
            return [answer]
        answers = self._split(self.format, batch, answer)
        if self.filter_row is not None and is_plain(answer) and is_plain(batch.originals):
            rows = self._joined_rows(batch, answers) if self.join else answers
            try:
                return [self.filter_row(row) for row in rows]
            except IndexError:
                pass  # a row lacks a cell: the way below finds it and says which
        values = [self._parsed_answer(self.format, batch, text) for text in answers]
        records = self._joined(self.format, batch, values) if self.join else values
        return [
            self._filtered(self.format, batch, value, at if self.join else None)
            for at, value in enumerate(records)
        ]

    def _split(self, answer_format: RecordFormat[Any], batch: Batch, answer: bytes) -> list[bytes]:
        """One text for each record's answer: the lines, or with SplitType None the whole.

        A JSON document that answers a single joined record may span several lines.
        """
        alone = self.join and batch.count == 1 and answer_format.name == "JSON"
        if alone or not self.split_lines:
            return [answer]
        lines = answer.split(b"\n")
        return lines if lines[-1] else lines[:-1]

    def _joined_rows(self, batch: Batch, answers: list[bytes]) -> list[bytes]:
        records = batch.original_records()
        _refuse_other_count(batch, answers)
        return [b"%b,%b" % pair for pair in zip(records, answers, strict=True)]

    def _parsed_answer(self, answer_format: RecordFormat[Any], batch: Batch, text: bytes) -> Any:  # noqa: ANN401 - a value of that format
        try:
            return answer_format.parse(text)
        except UnparsableError as error:
            said = f"Failed to parse output from the algorithm as {answer_format.name}: {error}"
            raise AnswerError(
                said,
                f"this is the model's answer to {batch.place}; JoinSource and OutputFilter need"
                f" one {answer_format.name} record a line for each record that was sent",
            ) from error

    def _joined(self, record_format: RecordFormat[Any], batch: Batch, answers: list[Any]) -> list[Any]:
        _refuse_other_count(batch, answers)
        lines = range(batch.first_line, batch.first_line + batch.count)
        records = [
            self._parsed_record(record_format, record, line)
            for record, line in zip(batch.original_records(), lines, strict=True)
        ]
        return [record_format.join(record, answer) for record, answer in zip(records, answers, strict=True)]

    def _parsed_record(self, record_format: RecordFormat[Any], record: bytes, line: int) -> Any:  # noqa: ANN401 - a value of that format
        try:
            return record_format.parse(record)
        except UnparsableError as error:
            raise unparsable_record(record_format, record, line, error) from error

    def _filtered(self, value_format: RecordFormat[Any], batch: Batch, value: Any, at: int | None) -> bytes:  # noqa: ANN401 - a value of that format
        try:
            return value_format.serialise(value_format.select(self.path, value))
        except FilterMissError as error:
            if at is None:
                where = f"this is in the model's answer to {batch.place}; choose another OutputFilter"
            else:
                where = record_at(
                    batch.first_line + at,
                    batch.original_records()[at],
                    "the filter is applied to this record joined with the model's answer",
                )
            raise AnswerError(str(error), where) from error


def _refuse_other_count(batch: Batch, answers: list[Any]) -> None:
    """A join needs one answer a record, in order. AWS's text for another number is not known."""
    if len(answers) != batch.count:
        raise AnswerError(
            f"the model answered {len(answers)} records to {batch.count}, so they cannot be joined",
            f"this was the request with {batch.place}; a model answers each record with one line"
            " (a header line in the input is a record too), or use BatchStrategy SingleRecord",
        )
