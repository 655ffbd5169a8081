"""Takes the first records of an input through a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from batch_transform.engine.batches import Batch
from batch_transform.engine.csv_record import parse_row
from batch_transform.engine.data_capture import inference_time
from batch_transform.engine.framed import read_framed
from batch_transform.engine.inexact_numbers import changed_number
from batch_transform.engine.interfaces import ModelInvoker
from batch_transform.engine.records import Records, read_records
from batch_transform.engine.results import Results
from batch_transform.engine.settings import Settings, effective_settings
from batch_transform.engine.transform_object import Failure
from batch_transform.job.errors import RecordError, TransformError, UnparsableError
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.wording import counted
from batch_transform.preview.finding import Findings
from batch_transform.preview.given_answer import GivenAnswer
from batch_transform.preview.refusal import model_message
from batch_transform.preview.rehearsal import Exchange, Rehearsal, rehearse
from batch_transform.preview.shown import Body, Preview, Shown, names_of
from batch_transform.preview.soundness import Soundness, inexact
from batch_transform.preview.source import Source

_LARGEST_WHOLE = (
    100 * 1024 * 1024
)  # bytes: AWS's largest payload, and more than the engine keeps of one record
_REFUSED = "; the preflight refuses a run whose objects are all empty"
_NO_GZIP = "Not a gzipped file"  # from the message of Python's gzip


def preview(
    spec: JobSpec,
    request: Mapping[str, Any],
    source: Source,
    *,
    count: int,
    check: int | None,
    invoker: ModelInvoker | None,
    execution_parameters: Mapping[str, Any],
) -> Preview:
    """Take the first `count` records through the job, and check the first `check` records (None: all) for problems.

    The records go through the engine as they are in the object, and only the engine decides the outcome. No more of
    the source is read than needed. `invoker` answers as the model, and `execution_parameters` are those of the model;
    without an invoker, there are no answers and no results.
    """
    request = _as_previewed(request)
    settings = effective_settings(request, execution_parameters)
    names = names_of(spec, request, settings)
    made = Preview(source.name, source.size, settings, names, was_asked=invoker is not None)
    findings = Findings()
    if settings.split_type == "None" and not settings.is_gzip and source.size > _LARGEST_WHOLE:
        _note_too_large(made, findings)
        made.findings = findings.all()
        return made

    def rehearsed(records: bytes, answering: ModelInvoker | None = invoker) -> Rehearsal:
        if isinstance(answering, GivenAnswer):
            answering.restart()
        return rehearse(request, records, invoker=answering, execution_parameters=execution_parameters)

    soundness = Soundness(settings, spec.input.columns, findings)
    read = _read(made, source, soundness, count=count, check=check)
    if made.shown:
        _run(made, read, rehearsed, soundness)
        if source.size == 0:
            findings.note("empty", 0, f"the object is empty{_REFUSED}", is_error=False)
    elif made.is_complete:
        # the engine checks a join only if there is a model
        answering = invoker or GivenAnswer(b"", split_lines=True)
        _note_empty(made, rehearsed(b"", answering), findings)
    made.findings = findings.all()
    return made


def _note_empty(made: Preview, ran: Rehearsal, findings: Findings) -> None:
    """Add a finding if the object has no records; the engine decides whether the job fails."""
    made.requests = tuple(exchange.body for exchange in ran.exchanges)
    made.result = ran.result if made.was_asked else None
    if ran.failure is None or ran.exchanges:
        findings.note("empty", 0, f"the object has no records{'' if made.size else _REFUSED}", is_error=False)
    else:
        findings.note("empty", 0, _sentence(ran.failure.log_lines), is_error=True)
    if ran.failure is not None:
        made.failure = ran.failure.log_lines
    if ran.failure is not None and ran.exchanges:  # a streamed object is sent even if it is empty
        _note_failure(made, ran.failure, ran.exchanges, findings)


def _note_too_large(made: Preview, findings: Findings) -> None:
    size = f"{made.size:,} bytes"
    if made.settings.is_streamed and not made.settings.looks_into_records:
        message = f"the object is streamed to the model as one body of {size}, which is too large to preview"
        findings.note("object-too-large", 0, message, is_error=False)
        return
    message = f"the object is not split, so it is one record of {size}; write split_type: Line"
    findings.note("object-too-large", 0, message, is_error=True)


def _as_previewed(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Remove data capture that only lists objects: it changes no record, and the engine may not support it."""
    if request.get("DataCaptureConfig", {}).get("GenerateInferenceId"):
        return request
    return {name: value for name, value in request.items() if name != "DataCaptureConfig"}


class _Read(NamedTuple):
    """What was read. `ended` says whether the last record ends with a newline; `fault` is why reading failed, or ""."""

    ended: bool
    fault: str


def _read(made: Preview, source: Source, soundness: Soundness, *, count: int, check: int | None) -> _Read:
    """Read the records, check them, and keep those to show."""
    settings = made.settings
    shown: list[Shown] = []
    ended, fault = settings.split_lines, ""
    try:
        blocks = _blocks(source, settings)
        is_cut = False
        for block in blocks:
            items = block.items if check is None else block.items[: check - soundness.records]
            is_cut = len(items) < len(block.items)
            taken = items[: count - len(shown)]
            if taken:
                shown += [Shown(line, record) for line, record in enumerate(taken, block.first_line)]
                ended = block.ended or len(taken) < len(block.items)
            soundness.look_at(items, block.first_line)
            if soundness.records == check:
                break
        made.is_complete = not is_cut and next(blocks, None) is None
    except RecordError as error:
        at = soundness.records + 1 if error.line is None else error.line
        if settings.split_type == "None":
            at = 0
        fault = _sentence(error.log_lines)
        if settings.is_gzip and _NO_GZIP in fault:
            fault += "; write input.compression_type: None, or compress the object with gzip"
        soundness.findings.note("unreadable", at, fault, is_error=True)
    soundness.finish()
    made.checked, made.shown = soundness.records, shown
    return _Read(ended, fault)


class _Block(NamedTuple):
    """Consecutive records. `ended` says whether the last one ends with a newline."""

    items: list[bytes]
    first_line: int
    ended: bool


def _blocks(source: Source, settings: Settings) -> Iterator[_Block]:
    """Yield records as the engine splits them; binary records one by one, each in its frame."""
    if settings.is_framed:
        for number, record in enumerate(read_framed(source.stream, settings), 1):
            yield _Block([record.frame], number, ended=False)
        return
    for records in read_records(source.stream, settings):
        yield _Block(records.items, records.first_line, records.ended)


def _run(made: Preview, read: _Read, rehearsed: Callable[[bytes], Rehearsal], soundness: Soundness) -> None:
    """Run the job on the records to show, and assign to each its part of the exchanges."""
    findings = soundness.findings
    ran = rehearsed(_joined(made.settings, made.shown, ended=read.ended))
    made.requests = tuple(exchange.body for exchange in ran.exchanges)
    made.result = ran.result if made.was_asked and not read.fault else None
    if read.fault:
        made.failure = (read.fault,)
    _fill_in(made, ran.exchanges, findings, ended=read.ended or ran.failure is not None)
    if ran.failure is None:
        _note_separation(made, findings)
        return
    made.failure = ran.failure.log_lines
    line = ran.failure.line
    before = [one for one in made.shown if line and one.line < line]
    is_refused = bool(ran.exchanges) and ran.exchanges[-1].refusal is not None
    if before and before[0].result is None and not is_refused:
        # the object has no result, but the preview still shows what would happen to the records before the failure
        bodies = list(made.bodies)
        _fill_in(made, rehearsed(_joined(made.settings, before, ended=True)).exchanges, Findings())
        made.bodies = bodies or made.bodies
    is_explained = line is not None and line == soundness.first_failing  # a finding explains it
    if not is_explained:
        _note_failure(made, ran.failure, ran.exchanges, findings)


def _joined(settings: Settings, shown: Sequence[Shown], *, ended: bool) -> bytes:
    """Return the records as they are in their object."""
    records = [one.record for one in shown]
    if not settings.split_lines:
        return b"".join(records)
    return b"\n".join(records) + (b"\n" if ended else b"")


def _fill_in(made: Preview, exchanges: Sequence[Exchange], findings: Findings, *, ended: bool = True) -> None:
    """Assign to each shown record its part of the bodies, the answers and the results."""
    made.bodies.clear()
    at = 0
    settings = made.settings
    if settings.split_lines:
        settings = replace(settings, assemble_lines=True)  # to separate the results of the records
    results = Results.of(settings, inference_time(datetime.now(UTC)))
    for exchange in exchanges:
        sent = _sent(made, exchange.body, at)
        left = len(made.shown) - at - len(sent)
        if not ended and exchange is exchanges[-1] and left == 1 and made.settings.split_lines:
            sent.append(b"")  # the last record: the filter selected nothing from it, and it has no newline
        made.bodies.append(Body(len(exchange.body), len(sent)))
        batch = made.shown[at : at + len(sent)]
        at += len(sent)
        _spread(sent, exchange.body, batch, "sent")
        if exchange.answer is None or not batch or not made.was_asked:
            continue
        _spread(_answers(made.settings, exchange.answer, batch), exchange.answer, batch, "answer")
        _look_at_answer(made, exchange.answer, batch, findings)
        try:
            result = results.of_batch(_batch(made, exchange, batch), exchange.answer)
        except TransformError:
            continue  # the engine has reported why there is no result
        if made.settings.split_lines:
            result = result.removesuffix(b"\n")  # the line end is not part of the result
        _spread(_answers(made.settings, result, batch), result, batch, "result")
        if made.settings.answer_format == "JSON":
            for one in batch:
                inexact(findings, one.line, changed_number(one.answer or b"", one.result or b""))


def _batch(made: Preview, exchange: Exchange, batch: Sequence[Shown]) -> Batch:
    records = Records([one.record for one in batch], batch[0].line, ended=True)
    unit = "record" if made.settings.is_framed else "line"
    return Batch(exchange.body, (records,), len(batch), batch[0].line, unit)


def _answers(settings: Settings, answer: bytes, batch: Sequence[Shown]) -> list[bytes]:
    """Split an answer, or the results made from it, into one part per record if it has that many lines."""
    if settings.split_type == "None" or len(batch) == 1:
        return [answer.removesuffix(b"\n") if settings.split_lines else answer]
    return _lines(answer)


def _look_at_answer(made: Preview, answer: bytes, batch: Sequence[Shown], findings: Findings) -> None:
    """Note problems with an answer that the engine accepts."""
    settings, line = made.settings, batch[0].line
    if not answer or answer.isspace():
        message = f"the model's answer to {_request(batch)} is empty"
        findings.note("empty-answer", line, message, is_error=False)
        return
    if not settings.answers_by_line:
        return
    lines = len(_lines(answer))
    if lines != len(batch):
        if not settings.join:  # the engine fails a join
            message = (
                f"the model answered {counted(lines, 'line')} to {counted(len(batch), 'record')}, so results no "
                "longer line up with records; answer one line for each record"
                + (
                    ""
                    if len(batch) == 1
                    else ", or send each by itself with transform.strategy: SingleRecord"
                )
            )
            findings.note("answer-count", line, message, is_error=False)
        return
    for one in batch:
        if not (one.answer or b"").strip():
            findings.note(
                "empty-answer", one.line, "the model's answer to the record is empty", is_error=False
            )
    _count_columns(made.names.answer, batch, findings)


def _request(batch: Sequence[Shown]) -> str:
    if len(batch) > 1:
        return f"the request with {len(batch)} records"
    return "the record" if batch[0].line else "the object"


def _count_columns(names: Sequence[str], shown: Sequence[Shown], findings: Findings) -> None:
    """Compare the number of columns in the answers with `names`, the job file's names for them; () if it has none."""
    for one in shown if names else ():
        try:
            cells = parse_row(one.answer or b"")
        except UnparsableError:
            continue  # if the engine parses answers, it reports this itself
        if len(cells) != len(names):
            message = f"the answer has {counted(len(cells), 'column')}, and output.columns names {len(names)}"
            findings.note("answer-columns", one.line, message, is_error=True)


def _note_separation(made: Preview, findings: Findings) -> None:
    """Warn about results that AssembleWith None concatenates without a newline between them."""
    settings = made.settings
    if settings.assemble_lines or not settings.answers_by_line or len(made.shown) < 2:
        return
    fix = "write output.assemble_with: Line"
    if made.result is None:
        if settings.answer_format or settings.single_record:
            unless = "" if settings.answer_format else ", unless the model ends each answer with a newline"
            message = f"the results are concatenated without a separator{unless}; {fix}"
            findings.note("results-not-separated", 0, message, is_error=False)
        return
    lines = len(_lines(made.result))
    in_lines = sum(len(_lines(one.result)) for one in made.shown if one.result is not None)
    if lines < in_lines:
        message = (
            f"the results of {counted(len(made.shown), 'record')} are on {counted(lines, 'line')}, concatenated "
            f"without a separator; {fix}"
        )
        findings.note("results-not-separated", 0, message, is_error=False)


def _note_failure(made: Preview, failure: Failure, exchanges: Sequence[Exchange], findings: Findings) -> None:
    first = made.shown[0].line if made.shown else 0
    line = first if failure.line is None else failure.line
    refusal = exchanges[-1].refusal if exchanges else None
    if refusal is None:
        findings.note("record-fails", line, _sentence(failure.log_lines), is_error=True)
        return
    answer = model_message(refusal)
    message = f"the model answered {refusal.status}: {answer.headline}; {failure.log_lines[-1]}"
    findings.note("record-fails", line, message, is_error=True, details=answer.details)


def _sent(made: Preview, body: bytes, at: int) -> list[bytes]:
    """Split a body into the parts sent for each record. The first part belongs to the record shown at index `at`."""
    settings = made.settings
    if settings.split_lines:
        return _lines(body)
    if not settings.is_framed or settings.single_record:
        return [body]
    frames: list[bytes] = []
    for shown in made.shown[at:]:
        if sum(map(len, frames)) >= len(body):
            break
        frames.append(shown.record)
    return frames


def _lines(data: bytes) -> list[bytes]:
    return data.removesuffix(b"\n").split(b"\n")


def _spread(parts: Sequence[bytes], whole: bytes, shown: Sequence[Shown], name: str) -> None:
    """Assign one part to each record; if the numbers differ, assign the whole to the first record."""
    is_each = len(parts) == len(shown)
    for one, part in zip(shown, parts if is_each else [whole], strict=False):
        setattr(one, name, part)
    if shown and not is_each:
        shown[0].answered = len(shown)


def _sentence(lines: Sequence[str]) -> str:
    return "; ".join(line.rstrip(";") for line in lines if line)
