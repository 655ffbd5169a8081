"""Turns the document of a job file into a JobSpec, following the declarations in `batch_transform.job.values`.

A malformed field becomes a problem, and `rules.UNRESOLVED` takes its place in the JobSpec: rules over several fields
then skip it instead of guessing.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from batch_transform.job.errors import Problem
from batch_transform.job.files.document import Entry, ListNode, MapNode, Node, Position, Reading, Scalar
from batch_transform.job.files.value_readers import (
    READERS,
    got,
    meant_field,
    meant_model,
    notify_empty,
    read_text,
)
from batch_transform.job.rules import UNRESOLVED
from batch_transform.job.values.fields import ONE_OR_MORE, all_fields, item_field, written_fields
from batch_transform.job.values.job_spec import (
    FrameworkImage,
    JobSpec,
    NotifySpec,
    UploadSpec,
)

_Value = typing.TypeVar("_Value")


def read_fields(document: MapNode, reading: Reading) -> JobSpec:
    """Return the job as far as it can be read; it is complete only if `reading` noted no problem."""
    return read_value(document, JobSpec, reading)


def read_value(node: MapNode, cls: type[_Value], reading: Reading, *, path: str = "") -> _Value:
    """Return the value that a mapping describes, as far as it can be read.

    `path` is the prefix of its fields' names.
    """
    values = _read_structure(node, path, cls, reading)
    return typing.cast("_Value", _build(cls, values, path, reading))


def _build(cls: type, values: Mapping[str, Any], path: str, reading: Reading) -> object:
    """Make the value, with placeholders for required fields that are missing and for misread fields."""
    arguments: dict[str, Any] = {}
    required = {f.name for f in dataclasses.fields(cls) if _is_required(f)}
    for name, hint in written_fields(cls).items():
        of = f"{path}{name}"
        given = values.get(name)
        structure = _structure_in(hint)
        item = _item_structure(hint)
        if structure is not None and isinstance(given, dict):
            arguments[name] = _build(structure, given, f"{of}.", reading)
        elif item is not None and isinstance(given, list):
            arguments[name] = tuple(
                _build(item, values_of, f"{item_field(of, at, len(given))}.", reading)
                if isinstance(values_of, dict)
                else values_of
                for at, values_of in enumerate(given)
            )
        elif name in values:
            arguments[name] = given
        elif of in reading.held:
            arguments[name] = _place_holder(hint)
        elif structure is not None and any(held.startswith(f"{of}.") for held in reading.held):
            arguments[name] = _build(structure, {}, f"{of}.", reading)
        elif name in required:
            at = reading.position(path.rstrip("."))
            reading.wrong("missing-field", of, "is required but missing; add it", at)
            arguments[name] = _place_holder(hint)
    return cls(**arguments)


def _is_required(of: dataclasses.Field[Any]) -> bool:
    return of.default is dataclasses.MISSING and of.default_factory is dataclasses.MISSING


def _structure_in(hint: object) -> type | None:
    if hint == FrameworkImage | str:
        return FrameworkImage
    return hint if dataclasses.is_dataclass(hint) and isinstance(hint, type) else None


def _item_structure(hint: object) -> type | None:
    """Return the structure of a list's items; None if it isn't a list, or is a list of strings."""
    return _structure_in(typing.get_args(hint)[0]) if typing.get_origin(hint) is tuple else None


def _place_holder(hint: object) -> object:
    if hint == FrameworkImage | str:
        return UNRESOLVED
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return hint(**{name: _place_holder(part) for name, part in written_fields(hint).items()})
    origin = typing.get_origin(hint)
    if origin is tuple:
        return (_place_holder(typing.get_args(hint)[0]),)
    return {} if origin is Mapping else UNRESOLVED


def _read_structure(node: MapNode, path: str, cls: type, reading: Reading) -> dict[str, Any]:
    fields = written_fields(cls)
    values: dict[str, Any] = {}
    for entry in node.entries:
        of = f"{path}{entry.key}"
        reading.keys[of] = entry.key_position
        if entry.key not in fields:
            _unknown(entry, path, tuple(fields), reading)
        elif isinstance(entry.value, Scalar) and entry.value.value is None:
            _left_out(of, entry.key_position, reading)
        else:
            reading.values[of] = entry.value.position
            values[entry.key] = _read(entry.value, of, fields[entry.key], reading)
    if cls is NotifySpec and not reading.keys.keys() & {f"{path}email", f"{path}topic", f"{path}details"}:
        notify_empty("notify", node.position, reading)
    return values


def _left_out(of: str, at: Position, reading: Reading) -> None:
    """Treat a field without a value as left out, and note a problem where the author must have meant something."""
    if of == "triggers.schedule":
        message = "is empty, so there is no schedule; write cron or rate under it, or leave it out"
        reading.problems.append(
            Problem("schedule-empty", of, message, "warning", line=at.line, column=at.column)
        )
    elif of == "notify":
        notify_empty(of, at, reading)


def _unknown(entry: Entry, path: str, allowed: tuple[str, ...], reading: Reading) -> None:
    meant, hint = meant_field(entry.key, path, allowed, all_fields(reading.root))
    reading.held |= {meant} - {""}
    where = f"under {path[:-1]}" if path else reading.outermost
    message = f"there is no such field; {hint}allowed {where} are {', '.join(allowed)}"
    reading.wrong("unknown-field", f"{path}{entry.key}", message, entry.key_position)


def _read(node: Node, of: str, hint: object, reading: Reading) -> object:
    if isinstance(node, Scalar) and node.value == UNRESOLVED:
        return _place_holder(hint)  # already reported
    structure = _structure_in(hint)
    if structure is not None and (isinstance(node, MapNode) or structure is hint):
        if isinstance(node, MapNode):
            return _read_structure(node, f"{of}.", structure, reading)
        if structure is UploadSpec and isinstance(node, Scalar) and isinstance(node.value, bool):
            return {} if node.value else None
        names = ", ".join(written_fields(structure))
        fix = ""
        if of == "model" and isinstance(node, Scalar) and isinstance(node.value, str):
            fix = f"; write model: {{{meant_model(node.text)}}}"
        either = "true, false or " if structure is UploadSpec else ""
        message = f"must be {either}a mapping with {names}; got {got(node)}{fix}"
        reading.wrong("wrong-type", of, message, node.position)
        return _place_holder(hint)
    item = _item_structure(hint)
    if item is not None:
        return _read_structures(node, of, item, reading)
    reader = READERS.get(hint) or READERS.get(typing.get_origin(hint), read_text)
    return reader(node, of, reading)


def _read_structures(node: Node, of: str, cls: type, reading: Reading) -> list[object]:
    if isinstance(node, MapNode) and of in ONE_OR_MORE:
        return [_read(node, of, cls, reading)]
    if not isinstance(node, ListNode):
        names = ", ".join(written_fields(cls))
        either = f"a mapping with {names}, or a list of them" if of in ONE_OR_MORE else ""
        message = f"must be {either or f'a list of mappings with {names}'}; got {got(node)}"
        reading.wrong("wrong-type", of, message, node.position)
        return [_place_holder(cls)]
    if not node.items:
        _left_out(of, node.position, reading)
    fields = [item_field(of, at, len(node.items)) for at in range(len(node.items))]
    for field_of_item, item in zip(fields, node.items, strict=True):
        reading.values[field_of_item] = item.position
    return [
        _read(item, field_of_item, cls, reading)
        for field_of_item, item in zip(fields, node.items, strict=True)
    ]
