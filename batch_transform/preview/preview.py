"""The first records of an input on their way through a job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from batch_transform.engine.csv_record import parse_row
from batch_transform.engine.framed import read_framed
from batch_transform.engine.records import read_records
from batch_transform.engine.seams import ModelInvoker
from batch_transform.engine.settings import Settings, effective_settings
from batch_transform.preview.finding import Finding, Findings
from batch_transform.preview.given_answer import GivenAnswer
from batch_transform.preview.names import Names, names_of
from batch_transform.preview.rehearsal import Rehearsal, rehearse
from batch_transform.preview.soundness import Soundness, columns
from batch_transform.preview.source import Source
from batch_transform.spec.errors import RecordError, UnparsableError
from batch_transform.spec.job_spec import JobSpec

_LARGEST_WHOLE = (
    100 * 1024 * 1024
)  # bytes; AWS's largest payload, and more than the engine holds of one record
_NO_GZIP = "Not a gzipped file"  # as Python's gzip says it
_LINE = re.compile(r"\b(?:lines?|records?) (\d+)")


@dataclass
class Shown:
    """One record and what becomes of it; None is what is not known.

    `line` counts from 1, also records that are no lines; it is 0 for an object that is not split.
    """

    line: int
    record: bytes
    sent: bytes | None = None
    answer: bytes | None = None
    result: bytes | None = None


@dataclass(frozen=True)
class Body:
    """A request body: its size in bytes, and the number of its records."""

    size: int
    records: int


@dataclass
class Preview:
    """What was seen. `checked` is the number of records that were looked at for what is unsound.

    `is_complete` says that the input has no more records than that, `was_asked` that a model was there to ask.
    """

    source: str
    size: int
    settings: Settings
    names: Names
    was_asked: bool = False
    shown: list[Shown] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    checked: int = 0
    is_complete: bool = False

    @property
    def has_errors(self) -> bool:
        """Whether the job would fail on this input, or score what is no record."""
        return any(finding.is_error for finding in self.findings)


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
    """Take the first `count` records through the job, and look at the first `check` (None: all) of them.

    Reads no more of the source than that takes. `invoker` answers as the model, and has said
    `execution_parameters` of itself; without one there are no answers and no results.
    """
    request = _as_previewed(request)
    settings = effective_settings(request, execution_parameters)
    names = names_of(spec, request, settings)
    made = Preview(source.name, source.size, settings, names, was_asked=invoker is not None)
    findings = Findings()
    is_whole = settings.split_type == "None"
    if is_whole and not settings.is_gzip and source.size > _LARGEST_WHOLE:
        message = f"the object is one record of {source.size:,} bytes, since nothing splits it; write split_type: Line"
        findings.note("object-too-large", 0, message, is_error=True)
    else:
        soundness = Soundness(settings, spec.input.columns, findings)
        head = _read(made, source, soundness, count=count, check=check)
        if head:
            ran = rehearse(request, head, invoker=invoker, execution_parameters=execution_parameters)
            _fill_in(made, ran, findings)
        elif made.is_complete and not made.checked:
            _note_empty(request, findings)
    made.findings = findings.all()
    return made


def _note_empty(request: Mapping[str, Any], findings: Findings) -> None:
    """Note that there is no record; whether that fails is for the engine to say, which asks no model then."""
    no_model = GivenAnswer(b"", split_lines=True)
    said = rehearse(request, b"", invoker=no_model, execution_parameters={}).log
    findings.note("empty", 0, _sentence(said) or "the object holds no record", is_error=bool(said))


def _as_previewed(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out the capture of data where it only lists objects: it changes no record, and the engine may lack it."""
    if request.get("DataCaptureConfig", {}).get("GenerateInferenceId"):
        return request
    return {name: value for name, value in request.items() if name != "DataCaptureConfig"}


def _read(made: Preview, source: Source, soundness: Soundness, *, count: int, check: int | None) -> bytes:
    """Read and look at records; return the bytes of those to show that come before the first unsound one."""
    settings = made.settings
    shown: list[Shown] = []
    ended = settings.split_lines
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
        at = 0 if settings.split_type == "None" else soundness.records + 1
        message = _sentence(error.log_lines)
        if settings.is_gzip and _NO_GZIP in message:
            message += "; write input.compression_type: None, or pack the object"
        soundness.findings.note("unreadable", at, message, is_error=True)
    soundness.finish()
    made.checked, made.shown = soundness.records, shown
    failing = soundness.first_failing
    sound = [one.record for one in shown if failing is None or one.line < failing]
    if settings.is_framed:
        return b"".join(sound)
    return b"\n".join(sound) + (b"\n" if sound and (ended or len(sound) < len(shown)) else b"")


class _Block(NamedTuple):
    """Consecutive records; `ended` says that the last one has its newline too."""

    items: list[bytes]
    first_line: int
    ended: bool


def _blocks(source: Source, settings: Settings) -> Iterator[_Block]:
    """Yield records as the engine cuts them; binary ones one by one, each in its frame."""
    if settings.is_framed:
        for number, record in enumerate(read_framed(source.stream, settings), 1):
            yield _Block([record.frame], number, ended=False)
        return
    for records in read_records(source.stream, settings):
        yield _Block(records.items, records.first_line, records.ended)


def _fill_in(made: Preview, ran: Rehearsal, findings: Findings) -> None:
    """Give each shown record its part of the bodies, the answers and the result."""
    is_split = made.settings.split_lines
    at = 0
    for exchange in ran.exchanges:
        sent = _sent(made, exchange.body, at)
        made.bodies.append(Body(len(exchange.body), len(sent)))
        batch = made.shown[at : at + len(sent)]
        _spread(sent, exchange.body, batch, "sent")
        if exchange.answer is not None:
            answers = _lines(exchange.answer) if is_split else [exchange.answer]
            _spread(answers, exchange.answer, batch, "answer")
            if is_split and len(answers) == len(batch):
                _count_columns(made.names.answer, batch, findings)
        at += len(sent)
    if made.was_asked and ran.result is not None:
        results = _lines(ran.result) if is_split else [ran.result]
        _spread(results, ran.result, made.shown[:at], "result")
    if ran.log:
        message = _sentence(ran.log)
        named = _LINE.search(message)
        line = int(named[1]) if named else min(1, made.shown[0].line)
        findings.note("record-fails", line, message, is_error=True)


def _count_columns(names: Sequence[str], shown: Sequence[Shown], findings: Findings) -> None:
    """Hold the answers' columns against the names that the job file gives them; () where it gives none."""
    for one in shown if names else ():
        try:
            cells = parse_row(one.answer or b"")
        except UnparsableError:
            continue  # the engine tells it where it parses answers
        if len(cells) != len(names):
            message = f"the answer has {columns(len(cells))}, and output.columns names {len(names)}"
            findings.note("answer-columns", one.line, message, is_error=True)


def _sent(made: Preview, body: bytes, at: int) -> list[bytes]:
    """Cut a body into what was sent of each record, the first of which is the record shown at `at`."""
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
    """Give each record its part; where the parts are not one for each, the first record shows all of it."""
    each = parts if len(parts) == len(shown) else [whole]
    for one, part in zip(shown, each, strict=False):
        setattr(one, name, part)


def _sentence(lines: Sequence[str]) -> str:
    return "; ".join(line.rstrip(";") for line in lines if line)
