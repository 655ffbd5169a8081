"""The model's answer to a batch, made into results: joined with its records, and filtered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from batch_transform.engine.answers import Answers
from batch_transform.engine.assemble import assemble
from batch_transform.engine.batches import Batch
from batch_transform.engine.compiled import TextLines, text_lines
from batch_transform.engine.data_capture import with_inference_ids
from batch_transform.engine.formats import FORMATS, NEEDS_A_CLOSER_LOOK, RecordFormat
from batch_transform.engine.input_filter import unparsable_record
from batch_transform.engine.records import Records
from batch_transform.engine.settings import Settings
from batch_transform.engine.whereabouts import record_at
from batch_transform.job.errors import AnswerError, FilterMissError, UnparsableError
from batch_transform.job.filters.json_path import JsonPath


@dataclass(frozen=True)
class Results:
    """JoinSource and OutputFilter of a job.

    Without either, an answer is the result as it is, byte for byte, and is never parsed.
    """

    join: bool
    split_lines: bool
    path: JsonPath
    format: RecordFormat[Any] | None
    with_lines: bool  # of AssembleWith
    inference_time: str | None  # of GenerateInferenceId

    @classmethod
    def of(cls, settings: Settings, inference_time: str = "") -> Results:
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
            settings.assemble_lines,
            inference_time if settings.generate_inference_id else None,
        )

    def of_batch(self, batch: Batch, answer: bytes) -> bytes:
        """Return the results of a batch, put together. Raises RecordError and AnswerError."""
        return b"".join(self.in_parts(batch, answer))

    def in_parts(self, batch: Batch, answer: bytes) -> Iterator[bytes]:
        """Yield the results of a batch in the order of its records, some at a time, put together.

        Raises RecordError and AnswerError, as late as after some results.
        """
        if self.format is None:
            yield assemble([answer], with_lines=self.with_lines)
            return
        answers = self._answers(self.format, batch, answer)
        compiled = None
        if answers.is_split and self.inference_time is None:
            compiled = text_lines(self.format.name, self.path)
        if not self.join:
            yield from self._of_answers(self.format, batch, answers, compiled)
            return
        if answers.count != batch.count:
            for text in answers.take(answers.count):
                self._parsed_answer(self.format, batch, text)  # what is in no format is said first
            raise _other_count(batch, answers.count)
        for records in batch.originals:
            joined = None if compiled is None else self._joined_at_once(compiled, records, answers)
            yield (
                self._assembled(self._joined(self.format, batch, records, answers))
                if joined is None
                else joined
            )

    def _of_answers(
        self, answer_format: RecordFormat[Any], batch: Batch, answers: Answers, compiled: TextLines | None
    ) -> Iterator[bytes]:
        while compiled is not None:
            text, count = answers.take_text()
            if not count:
                return
            try:
                results = compiled.filtered(text)
            except NEEDS_A_CLOSER_LOOK:
                yield self._assembled(self._filtered_answers(answer_format, batch, text.split(b"\n")))
            else:
                yield results + b"\n" if self.with_lines else results.replace(b"\n", b"")
        while texts := answers.take(_AT_A_TIME):
            yield self._assembled(self._filtered_answers(answer_format, batch, texts))

    def _joined_at_once(self, compiled: TextLines, records: Records, answers: Answers) -> bytes | None:
        """The results of some records; None where one of them needs a closer look."""
        try:
            text, at = compiled.joined(
                records.text, answers.body, answers.at, plain=answers.are_plain, with_lines=self.with_lines
            )
        except NEEDS_A_CLOSER_LOOK:
            return None
        answers.taken(records.count, at)
        return text

    def _assembled(self, results: list[bytes]) -> bytes:
        if self.inference_time is not None and self.format is not None:
            results = with_inference_ids(results, self.format.name, self.inference_time)
        return assemble(results, with_lines=self.with_lines)

    def _answers(self, answer_format: RecordFormat[Any], batch: Batch, answer: bytes) -> Answers:
        """One text for each record's answer: the lines, or with SplitType None the whole.

        A JSON document that answers a single joined record may span several lines.
        """
        alone = self.join and batch.count == 1 and answer_format.name == "JSON"
        return Answers(answer, split_lines=self.split_lines and not alone)

    def _filtered_answers(
        self, answer_format: RecordFormat[Any], batch: Batch, texts: list[bytes]
    ) -> list[bytes]:
        if self.split_lines:
            try:
                return answer_format.lines(self.path).filtered(b"\n".join(texts))
            except NEEDS_A_CLOSER_LOOK:
                pass  # an answer is unusual or faulty: the way below takes it, or says what is wrong
        return [
            self._filtered(answer_format, batch, self._parsed_answer(answer_format, batch, text), None)
            for text in texts
        ]

    def _joined(
        self, record_format: RecordFormat[Any], batch: Batch, records: Records, answers: Answers
    ) -> list[bytes]:
        texts = answers.take(records.count)
        if self.split_lines:
            try:
                return record_format.lines(self.path).joined(records.text, texts, plain=answers.are_plain)
            except NEEDS_A_CLOSER_LOOK:
                pass  # a record or an answer is unusual or faulty: the way below takes it, or says which
        values = [self._parsed_answer(record_format, batch, text) for text in texts]
        parsed = [
            self._parsed_record(record_format, record, line)
            for line, record in enumerate(records.items, records.first_line)
        ]
        return [
            self._filtered(record_format, batch, record_format.join(value, answer), (line, record))
            for line, (record, value, answer) in enumerate(
                zip(records.items, parsed, values, strict=True), records.first_line
            )
        ]

    def _parsed_answer(self, answer_format: RecordFormat[Any], batch: Batch, text: bytes) -> Any:  # noqa: ANN401 - a value of that format
        try:
            return answer_format.parse(text)
        except UnparsableError as error:
            said = f"Failed to parse output from the algorithm as {answer_format.name}: {error}"
            raise AnswerError(
                said,
                f"this is the model's answer to {batch.place}; JoinSource and OutputFilter need"
                f" one {answer_format.name} record a line for each record that was sent",
                line=batch.first_line,
            ) from error

    def _parsed_record(self, record_format: RecordFormat[Any], record: bytes, line: int) -> Any:  # noqa: ANN401 - a value of that format
        try:
            return record_format.parse(record)
        except UnparsableError as error:
            raise unparsable_record(record_format, record, line, error) from error

    def _filtered(
        self,
        value_format: RecordFormat[Any],
        batch: Batch,
        value: Any,  # noqa: ANN401 - a value of that format
        joined: tuple[int, bytes] | None,
    ) -> bytes:
        try:
            return value_format.serialise(value_format.select(self.path, value))
        except FilterMissError as error:
            if joined is None:
                where = f"this is in the model's answer to {batch.place}; choose another OutputFilter"
            else:
                advice = "the filter is applied to this record joined with the model's answer"
                where = record_at(*joined, advice)
            line = batch.first_line if joined is None else joined[0]
            raise AnswerError(str(error), where, line=line) from error


def _other_count(batch: Batch, count: int) -> AnswerError:
    """A join needs one answer a record, in order. AWS's text for another number is not known."""
    return AnswerError(
        f"the model answered {count} records to {batch.count}, so they cannot be joined",
        f"this was the request with {batch.place}; a model answers each record with one line"
        " (a header line in the input is a record too), or use BatchStrategy SingleRecord",
        line=batch.first_line,
    )


_AT_A_TIME = 4096  # answers: enough to go fast, few enough to hold
