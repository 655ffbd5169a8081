"""Shows a preview as text or as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_transform.engine.csv_record import parse_row
from batch_transform.engine.settings import MIB
from batch_transform.job.errors import UnparsableError
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.wording import counted
from batch_transform.preview.finding import Finding
from batch_transform.preview.shown import Preview, Shown

_LONGEST = 300
_FIRST_CELLS = 4
_LAST_CELLS = 2
_MOST_COLUMNS = 10
_LABEL = 12
_COLOUR = {"error": "red", "warning": "yellow"}


def show(spec: JobSpec, preview: Preview, console: Console) -> None:
    """Print the records one by one, the results in a table, the request bodies and the problems."""
    console.print(Text.assemble((spec.name, "bold"), f"  {preview.source}"), soft_wrap=True)
    for shown in preview.shown:
        console.print()
        where = f"{_unit(preview)} {shown.line}" if shown.line else "the whole object"
        console.print(Text(where, style="bold cyan"))
        for label, text in _parts(preview, shown):
            _show_part(label, text, console)
    _show_table(preview, console)
    console.print()
    if preview.shown and not preview.was_asked:
        console.print(Text("no answers: pass one with --answer, or use the job's model with --model"))
    for sentence in _body_words(preview):
        console.print(Text(sentence), soft_wrap=not console.is_terminal)
    _show_findings(preview, console)


def _show_part(label: str, text: str, console: Console) -> None:
    """Print one line under a record. On a terminal, a long text is wrapped and indented."""
    start = f"  {label:<{_LABEL}}"
    if not console.is_terminal:
        console.print(Text.assemble((start, "cyan"), text), soft_wrap=True)
        return
    grid = Table.grid()
    grid.add_column(width=len(start))
    grid.add_column(overflow="fold")
    grid.add_row(Text(start, style="cyan"), Text(text))
    console.print(grid)


def as_json(spec: JobSpec, preview: Preview) -> dict[str, Any]:
    """Return the preview as JSON values. Bytes become text, with U+FFFD for bytes that are not UTF-8."""
    return {
        "job": spec.name,
        "source": preview.source,
        "size": preview.size,
        "names": dataclasses.asdict(preview.names),
        "records": [
            {
                "line": shown.line,
                "record": _text(shown.record),
                "sent": _text(shown.sent),
                "answer": _text(shown.answer),
                "result": _text(shown.result),
            }
            for shown in preview.shown
        ],
        "bodies": [dataclasses.asdict(body) for body in preview.bodies],
        "max_payload_bytes": preview.settings.max_payload,
        "checked_records": preview.checked,
        "is_complete": preview.is_complete,
        "findings": [dataclasses.asdict(finding) for finding in preview.findings],
    }


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


def _unit(preview: Preview) -> str:
    return "line" if preview.settings.split_lines else "record"


def _parts(preview: Preview, shown: Shown) -> Iterator[tuple[str, str]]:
    names = preview.names
    yield "record", _named(shown.record, names.record) or "(blank)"
    if shown.sent is None:
        yield "model gets", "nothing: the object has no result (see below)"
        return
    is_same = shown.sent == shown.record
    yield "model gets", "the record unchanged" if is_same else _named(shown.sent, names.sent)
    if shown.answer is None:
        if preview.was_asked:
            yield "answers", _elsewhere(preview, shown)
        return
    several = f"  (to {counted(shown.answered, 'record')})" if shown.answered > 1 else ""
    yield "answers", (_named(shown.answer, names.answer) or "nothing") + several
    if shown.result is None:
        yield "kept", "nothing: the object has no result (see below)"
    else:
        yield (
            "kept",
            "the answer unchanged" if shown.result == shown.answer else _named(shown.result, names.result),
        )


def _elsewhere(preview: Preview, shown: Shown) -> str:
    """Say where to find the answer to a record that has no answer line of its own."""
    for other in preview.shown:
        if other.line < shown.line < other.line + other.answered:
            return f"in the answer to {_unit(preview)} {other.line}"
    return "nothing (see below)"


def _named(data: bytes, names: Sequence[str]) -> str:
    """Return the cells with their names; if there are many, only the first and last ones."""
    cells = _cells(data) if names else []
    if len(cells) != len(names) or not names:
        text = _printable(data[: 4 * _LONGEST].decode("utf-8", "replace"))
        more = "" if len(text) <= _LONGEST else f"… ({len(data):,} bytes)"
        return f"{text[:_LONGEST]}{more}"
    pairs = [f"{_printable(name)}: {_printable(cell)}" for name, cell in zip(names, cells, strict=True)]
    if len(pairs) > _FIRST_CELLS + _LAST_CELLS + 1:
        pairs = [*pairs[:_FIRST_CELLS], "…", *pairs[-_LAST_CELLS:]]
        return f"{', '.join(pairs)}  ({counted(len(cells), 'column')})"
    return ", ".join(pairs)


def _cells(data: bytes) -> list[str]:
    try:
        return [cell.decode("utf-8", "replace") for cell in parse_row(data)]
    except UnparsableError:
        return []


def _printable(text: str) -> str:
    """Return the text with control characters written out, such as \\r."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def _show_table(preview: Preview, console: Console) -> None:
    names = preview.names.result
    rows = [_cells(shown.result) for shown in preview.shown if shown.result is not None]
    if not names or len(names) > _MOST_COLUMNS or not rows or any(len(row) != len(names) for row in rows):
        return
    table = Table(header_style="bold cyan")
    for name in names:
        table.add_column(Text(_printable(name)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_printable(cell)) for cell in row))
    console.print()
    console.print(Text("result", style="bold"))
    console.print(table)


def _body_words(preview: Preview) -> Iterator[str]:
    limit = preview.settings.max_payload
    if not limit:
        yield f"the whole object is streamed as one body; these records are {counted(_size(preview), 'byte')} of it"
        return
    for number, body in enumerate(preview.bodies[:3], 1):
        share = "less than 0.01%" if body.size * 10_000 < limit else f"{body.size / limit:.2%}"
        yield (
            f"request {number}: {counted(body.records, 'record')}, {counted(body.size, 'byte')}, {share} of the "
            f"{limit // MIB} MB limit"
        )
    if len(preview.bodies) > 3:
        yield f"and {len(preview.bodies) - 3} more like these"
    yield from _requests_words(preview)


def _size(preview: Preview) -> int:
    return sum(body.size for body in preview.bodies)


def _requests_words(preview: Preview) -> Iterator[str]:
    """Estimate how many requests the whole input needs, from the size of the records shown."""
    records, size = (sum(getattr(body, name) for body in preview.bodies) for name in ("records", "size"))
    if not preview.settings.split_lines or preview.settings.single_record or not size:
        return
    if preview.is_complete and preview.checked == 1:
        return
    fit = max(1, preview.settings.max_payload * records // size)
    words = f"at this size, about {counted(fit, 'record')} fit into a request"
    if preview.is_complete:
        requests = -(-preview.checked // fit)
        about = "one request" if requests == 1 else f"about {counted(requests, 'request')}"
        yield f"{words}; all {preview.checked:,} take {about}"
    elif preview.settings.is_gzip or not preview.size:  # the size of a pipe is unknown
        yield words
    else:
        stored = sum(len(shown.record) + 1 for shown in preview.shown[:records])
        in_all = preview.size * records // stored
        requests = counted(-(-in_all // fit), "request")
        yield f"{words}; the input has {preview.size:,} bytes, about {in_all:,} records in about {requests}"


def _show_findings(preview: Preview, console: Console) -> None:
    console.print()
    which = "the" if preview.is_complete else "the first"
    looked = f"{which} {counted(preview.checked, 'record')}"
    if not preview.findings:
        console.print(Text(f"no problems in {looked}"), soft_wrap=True)
        return
    console.print(
        Text(f"problems in {looked}:" if preview.checked else "problems:", style="bold"), soft_wrap=True
    )
    for finding in preview.findings:
        where = f"{preview.source}:{finding.line}: " if finding.line else f"{preview.source}: "
        more = _also(finding)
        kind = (f"{finding.severity} {finding.code}", f"bold {_COLOUR[finding.severity]}")
        text = Text.assemble((where, "bold"), kind, f": {_printable(finding.message)}{more}")
        console.print(text, soft_wrap=not console.is_terminal)
        for line in finding.details:
            console.print(Text(f"    {_printable(line)}", style="dim"), soft_wrap=True)


def _also(finding: Finding) -> str:
    if not finding.more:
        return ""
    lines = [f"{line:,}" for line in finding.also]
    rest = finding.more - len(lines)
    return f" (also line{'s' if finding.more > 1 else ''} {', '.join(lines)}{f' and {rest:,} more' if rest else ''})"
