"""Turns the model's answers into results: joins them with their records, and filters them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batch_transform.engine.answers import Answers
from batch_transform.engine.batches import Batch
from batch_transform.engine.data_capture import with_inference_ids
from batch_transform.engine.formats import FORMATS
from batch_transform.engine.input_filter import unparsable_record
from batch_transform.engine.record_by_record import FaultyRecordError
from batch_transform.engine.record_filter import RecordFilter, record_filter
from batch_transform.engine.records import Ending, Records, record_at
from batch_transform.engine.settings import Settings
from batch_transform.job.errors import AnswerError, FilterMissError, TransformError, UnparsableError
from batch_transform.job.filters.json_path import JsonPath


@dataclass(frozen=True)
class Results:
    """JoinSource, OutputFilter, GenerateInferenceId and AssembleWith of a job.

    If the job has none of the first three there is no `filter`: an answer is its own result, byte for byte, and is
    never parsed.
    """

    path: JsonPath
    format_name: str  # empty without a filter
    filter: RecordFilter | None
    join: bool
    split_lines: bool
    assemble_lines: bool
    inference_time: str | None  # of GenerateInferenceId

    @classmethod
    def of(cls, settings: Settings, inference_time: str = "") -> Results:
        """Read the job's filter. Raises InvalidFilterError."""
        path = JsonPath.parse(
            settings.output_filter,
            member="OutputFilter",
            content_type=settings.accept or settings.content_type,
        )
        name = settings.answer_format
        return cls(
            path,
            name or "",
            None if name is None else record_filter(name, path),
            settings.join,
            settings.split_lines,
            settings.assemble_lines,
            inference_time if settings.generate_inference_id else None,
        )

    def of_requests(self, requests: Sequence[Batch], answers: Sequence[bytes]) -> Iterator[bytes]:
        """Yield the results of some requests, in the order of their records and a few at a time.

        Raises RecordError and AnswerError, perhaps after some results.
        """
        one = as_one_request(requests, answers) if self.split_lines and self.filter is not None else None
        if one is not None:
            try:
                return iter([self.of_batch(*one)])
            except TransformError:
                pass  # request by request, the error names the request
        return (
            some
            for batch, answer in zip(requests, answers, strict=True)
            for some in self._in_parts(batch, answer)
        )

    def of_batch(self, batch: Batch, answer: bytes) -> bytes:
        """Return the results of one request. Raises RecordError and AnswerError."""
        return b"".join(self._in_parts(batch, answer))

    def _in_parts(self, batch: Batch, answer: bytes) -> Iterator[bytes]:
        if self.filter is None:
            yield as_lines(answer) if self.assemble_lines else answer
            return
        # A JSON document that answers a single joined record may span several lines.
        is_document = self.join and batch.count == 1 and self.format_name == "JSON"
        answers = Answers(answer, split_lines=self.split_lines and not is_document)
        if not self.join:
            for block in answers.blocks():
                yield self._filtered(self.filter, batch, block)
            return
        if answers.count != batch.count:
            self._check_format(batch, answers)  # an answer that can't be parsed is the likelier cause
            raise _count_mismatch(batch, answers.count)
        for records in batch.originals:
            yield self._joined(self.filter, batch, records, answers)

    def _filtered(self, output_filter: RecordFilter, batch: Batch, answers: Records) -> bytes:
        try:
            return self._with_inference_ids(output_filter.filtered(answers, self._ending))
        except FaultyRecordError as fault:
            if isinstance(fault.cause, FilterMissError):
                where = f"this is in the model's answer to {batch.place}; choose another OutputFilter"
                raise AnswerError(str(fault.cause), where, line=batch.first_line) from fault
            if fault.text == "result":
                raise UnparsableError(*fault.cause.log_lines) from fault
            raise self._unparsable_answer(batch, fault.cause) from fault

    def _joined(self, output_filter: RecordFilter, batch: Batch, records: Records, answers: Answers) -> bytes:
        try:
            return self._with_inference_ids(output_filter.joined(records, answers, self._ending))
        except FaultyRecordError as fault:
            line, record = records.first_line + fault.position, records.items[fault.position]
            if isinstance(fault.cause, FilterMissError):
                advice = "the filter is applied to this record joined with the model's answer"
                where = record_at(line, record, advice)
                raise AnswerError(str(fault.cause), where, line=line) from fault
            if fault.text == "result":
                raise UnparsableError(*fault.cause.log_lines) from fault
            if fault.text == "record":
                raise unparsable_record(self.format_name, record, line, fault.cause) from fault
            raise self._unparsable_answer(batch, fault.cause) from fault

    @property
    def _ending(self) -> Ending:
        if self.inference_time is not None:
            return Ending.BETWEEN
        return Ending.AFTER_EACH if self.assemble_lines else Ending.NOTHING

    def _with_inference_ids(self, text: bytes) -> bytes:
        """Add an inference id to each result, if the job asks for it."""
        if self.inference_time is None:
            return text
        results = text.split(b"\n") if self.split_lines else [text]
        ending = Ending.AFTER_EACH if self.assemble_lines else Ending.NOTHING
        return ending.assemble(with_inference_ids(results, self.format_name, self.inference_time))

    def _check_format(self, batch: Batch, answers: Answers) -> None:
        try:
            for answer in answers.take(answers.count):
                FORMATS[self.format_name].parse(answer)
        except UnparsableError as error:
            raise self._unparsable_answer(batch, error) from error

    def _unparsable_answer(self, batch: Batch, error: UnparsableError) -> AnswerError:
        message = f"Failed to parse output from the algorithm as {self.format_name}: {error}"
        return AnswerError(
            message,
            f"this is the model's answer to {batch.place}; JoinSource and OutputFilter need"
            f" one {self.format_name} record a line for each record that was sent",
            line=batch.first_line,
        )


def as_lines(answer: bytes) -> bytes:
    """Return an answer that isn't parsed as AssembleWith Line writes it: with a newline at its end.

    One that ends with a newline gets no second one (recorded: an output of exactly the answer's length).
    """
    return answer if answer.endswith(b"\n") else answer + b"\n"


def as_one_request(requests: Sequence[Batch], answers: Sequence[bytes]) -> tuple[Batch, bytes] | None:
    """Return requests of one record each, and their answers, as if they had been a single request.

    One pass is faster than many. Returns None if there is only one request, or any has several records, or any
    answer isn't exactly one line.
    """
    if len(requests) < 2 or any(batch.count != 1 for batch in requests):
        return None
    lines = [answer.removesuffix(b"\n") for answer in answers]
    if not all(answers) or any(b"\n" in line for line in lines):
        return None
    first = requests[0].first_line
    texts = [records.text for batch in requests for records in batch.originals]
    originals = (Records.of_text(b"\n".join(texts), first, ended=True),) if texts else ()
    return Batch(b"", originals, len(requests), first), b"\n".join(lines) + b"\n"


def _count_mismatch(batch: Batch, count: int) -> AnswerError:
    """A join needs one answer per record, in order. AWS's text for a different number is not known."""
    return AnswerError(
        f"the model answered {count} records to {batch.count}, so they cannot be joined",
        f"this was the request with {batch.place}; a model answers each record with one line"
        " (a header line in the input is a record too), or use BatchStrategy SingleRecord",
        line=batch.first_line,
    )
