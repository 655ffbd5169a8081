"""A transform of one object, written to be obvious: one record at a time, one character at a time.

It shares no code with the engine. `None` stands for a failed object.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal
from typing import Any


class Refused(Exception):  # noqa: N818  # not an error of the project: the reference's own "no"
    """The object fails."""


@dataclass(frozen=True)
class Filter:
    """A filter: its text, and the same in Python. For CSV `choose` gets the cells, for JSON the value."""

    text: str
    choose: Callable[[Any], Any]


EVERYTHING = Filter("$", lambda value: value)


def indexes(*wanted: int) -> Filter:
    def choose(cells: list[Any]) -> list[Any]:
        chosen = []
        for index in wanted:
            position = len(cells) + index if index < 0 else index
            if position < 0 or position >= len(cells):
                raise Refused
            chosen.append(cells[position])
        return chosen

    return Filter(f"$[{','.join(map(str, wanted))}]", choose)


def between(start: int | None, end: int | None) -> Filter:
    def choose(cells: list[Any]) -> list[Any]:
        first = 0 if start is None else len(cells) + start if start < 0 else start
        last = len(cells) - 1 if end is None else end
        if not (0 <= first <= last < len(cells)):
            raise Refused
        return [cell for position, cell in enumerate(cells) if first <= position <= last]

    return Filter(f"$[{'' if start is None else start}:{'' if end is None else end}]", choose)


def member(name: str) -> Filter:
    def choose(value: Any) -> Any:
        if not isinstance(value, dict) or name not in value:
            raise Refused
        return value[name]

    return Filter(f"$.{name}", choose)


def members(*names: str) -> Filter:
    quoted = ",".join(f"'{name}'" for name in names)
    return Filter(f"$[{quoted}]", lambda value: {name: member(name).choose(value) for name in names})


def split_after_newlines(data: bytes) -> list[bytes]:
    records, record = [], b""
    for at in range(len(data)):
        record += data[at : at + 1]
        if record.endswith(b"\n"):
            records.append(record)
            record = b""
    return [*records, record] if record else records


def parse_csv(record: bytes) -> list[bytes]:  # noqa: C901  # one automaton, easier read whole
    text = record.removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")
    cells, cell, state = [], "", "start"
    for character in text:
        if state in {"start", "plain"} and character == ",":
            cells.append(cell)
            cell, state = "", "start"
        elif state == "start" and character == '"':
            state = "quoted"
        elif state in {"start", "plain"}:
            if character == '"':
                raise Refused
            cell, state = cell + character, "plain"
        elif state == "quoted" and character == '"':
            state = "quote in quotes"
        elif state == "quoted":
            cell += character
        elif character == '"':
            cell, state = cell + character, "quoted"
        elif character == ",":
            cells.append(cell)
            cell, state = "", "start"
        else:
            raise Refused
    if state == "quoted":
        raise Refused
    return [each.encode("latin-1") for each in [*cells, cell]]


def write_csv(cells: list[bytes]) -> bytes:
    def quoted(cell: bytes) -> bytes:
        special = any(character in cell for character in (b",", b'"', b"\r", b"\n"))
        return b'"' + cell.replace(b'"', b'""') + b'"' if special else cell

    return b",".join(quoted(cell) for cell in cells)


def parse_json(record: bytes) -> Any:
    def no_constant(_: str) -> Any:
        raise Refused

    try:
        return json.loads(record.decode(), parse_constant=no_constant)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused from error


def write_json(value: Any) -> bytes:
    if isinstance(value, dict):
        pairs = sorted((name.encode(), element) for name, element in value.items())
        return (
            b"{"
            + b",".join(write_json(name.decode()) + b":" + write_json(each) for name, each in pairs)
            + b"}"
        )
    if isinstance(value, list):
        return b"[" + b",".join(write_json(element) for element in value) + b"]"
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        for character in "<>&\u2028\u2029":
            text = text.replace(character, f"\\u{ord(character):04x}")
        return text.encode()
    if value is None or isinstance(value, bool):
        return json.dumps(value).encode()
    return go_number(float(value)).encode()


def go_number(value: float) -> str:
    """The shortest digits that identify the number, laid out by hand."""
    sign = "-" if str(value).startswith("-") else ""
    value = abs(value)
    if value == 0:
        return sign + "0"
    exact = Decimal(value)
    for length in range(1, 18):
        near = [Context(length, rounding).plus(exact) for rounding in (ROUND_DOWN, ROUND_UP)]
        same = [candidate for candidate in near if float(candidate) == value]
        if same:
            shortest = min(same, key=lambda each: (abs(each - exact), each.as_tuple().digits[-1] % 2))
            break
    digits = "".join(map(str, shortest.as_tuple().digits)).rstrip("0")
    exponent = shortest.adjusted()
    if value < 1e-6 or value >= 1e21:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent)}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    digits = digits.ljust(exponent + 1, "0")
    whole, fraction = digits[: exponent + 1], digits[exponent + 1 :]
    return sign + whole + ("." + fraction if fraction else "")


@dataclass(frozen=True)
class Job:
    """The settings of a transform; `limit` is the largest body in bytes."""

    format: str = "csv"
    split: bool = True
    single: bool = False
    limit: int = 6 * 1024 * 1024
    input_filter: Filter = EVERYTHING
    join: bool = False
    output_filter: Filter = EVERYTHING
    lines: bool = True


def transform(data: bytes, job: Job, model: Callable[[bytes], bytes]) -> tuple[bytes | None, list[bytes]]:
    """Return the output, or None for a failed object, and the bodies that were sent."""
    bodies: list[bytes] = []
    try:
        return _transform(data, job, model, bodies), bodies
    except Refused:
        return None, bodies


def _transform(data: bytes, job: Job, model: Callable[[bytes], bytes], bodies: list[bytes]) -> bytes:
    parse, write = (parse_csv, write_csv) if job.format == "csv" else (parse_json, write_json)
    records = split_after_newlines(data) if job.split else [data]
    if not records and job.join and job.format == "json":
        raise Refused
    sent = []
    for record in records:
        if job.input_filter is EVERYTHING:
            sent.append(record)
        else:
            end = b"\n" if job.split and record.endswith(b"\n") else b""
            sent.append(write(job.input_filter.choose(parse(record))) + end)
    batches: list[list[int]] = []
    for at, body in enumerate(sent):
        if len(body) > job.limit:
            raise Refused
        size = sum(len(sent[index]) for index in batches[-1]) if batches else 0
        if batches and not job.single and size + len(body) <= job.limit:
            batches[-1].append(at)
        else:
            batches.append([at])
    output = b""
    for batch in batches:
        body = b"".join(sent[at] for at in batch)
        bodies.append(body)
        answer = model(body)
        for chunk in _results(job, [records[at] for at in batch], answer, parse, write):
            output += chunk
            if job.lines and not chunk.endswith(b"\n"):
                output += b"\n"
    return output


def _results(job: Job, records: list[bytes], answer: bytes, parse: Any, write: Any) -> list[bytes]:
    if not job.join and job.output_filter is EVERYTHING:
        return [answer]
    if not job.split or (job.join and job.format == "json" and len(records) == 1):
        answers = [answer]
    else:
        answers = split_after_newlines(answer)
    values = [parse(text) for text in answers]
    if job.join:
        if len(values) != len(records):
            raise Refused
        values = [_joined(job, parse(record), value) for record, value in zip(records, values, strict=True)]
    return [write(job.output_filter.choose(value)) for value in values]


def _joined(job: Job, record: Any, answer: Any) -> Any:
    if job.format == "csv":
        return record + answer
    if not isinstance(record, dict):
        record = {"SageMakerInput": record}
    return {**record, "SageMakerOutput": answer}
