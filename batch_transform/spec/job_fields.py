"""From a job file's document to a JobSpec: which fields there are is what the values in `job_spec` say.

A field that is not what it must be becomes a problem, and its place in the JobSpec is held by
`rules.UNRESOLVED`, so that rules over several fields do not guess about it.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batch_transform.spec.document import Entry, ListNode, MapNode, Node, Position, Scalar
from batch_transform.spec.job_spec import FrameworkImage, JobSpec
from batch_transform.spec.later_fields import LATER_FIELDS, LATER_LISTS
from batch_transform.spec.problem import Problem
from batch_transform.spec.rules import UNRESOLVED
from batch_transform.spec.unknown_field import meant_field, meant_map, meant_model

_NOT_WRITTEN = frozenset({"job_file"})


@dataclass
class Reading:
    """What was noted while reading: problems, and where each key and value stands."""

    problems: list[Problem] = field(default_factory=list)
    keys: dict[str, Position] = field(default_factory=dict)
    values: dict[str, Position] = field(default_factory=dict)
    # Fields that the writer meant and misspelled.
    held: set[str] = field(default_factory=set)

    def position(self, of: str, *, asked_by: str = "") -> Position:
        """Return where to show a problem with a field: its value, or the nearest thing above that is there.

        Where nothing of it is there, the field that asks for it is the place, if it is told and there.
        """
        if of in self.values:
            return self.values[of]
        while of:
            if of in self.keys:
                return self.keys[of]
            if of.endswith("]") and of in self.values:
                return self.values[of]
            of = of.rpartition("[")[0] if of.endswith("]") else of.rpartition(".")[0]
        return self.values.get(asked_by, Position(1, 1))

    def has_doubt_about(self, of: str) -> bool:
        """Whether the field, or something above it, was misread: what else is said of it may be wrong."""
        doubtful = (self.held - self.values.keys()) | {problem.field for problem in self.problems}
        return any(of == one or of.startswith((f"{one}.", f"{one}[")) for one in doubtful)

    def wrong(self, code: str, of: str, message: str, at: Position) -> str:
        """Note a problem, and return what holds the field's place."""
        self.problems.append(Problem(code, of, message, line=at.line, column=at.column))
        return UNRESOLVED


def read_fields(document: MapNode, reading: Reading) -> JobSpec:
    """Return the job as far as it can be read; it is sound only where `reading` noted no problem."""
    values = _read_structure(document, "", JobSpec, reading)
    return typing.cast("JobSpec", _build(JobSpec, values, "", reading))


@functools.cache
def written_fields(cls: type) -> dict[str, object]:
    """Return the fields of a value that a job file can write, with their types."""
    hints = typing.get_type_hints(cls)
    return {
        f.name: _without_none(hints[f.name]) for f in dataclasses.fields(cls) if f.name not in _NOT_WRITTEN
    }


def _without_none(hint: object) -> object:
    """Return `int` for `int | None`; a field that is left out is never written as a value."""
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        kept = [part for part in typing.get_args(hint) if part is not types.NoneType]
        return kept[0] if len(kept) == 1 else typing.Union[tuple(kept)]  # noqa: UP007 - made at run time
    return hint


def all_fields(cls: type = JobSpec, path: str = "") -> list[str]:
    """Return every field that a job file can write, structures too, in the order of the values' fields."""
    found = []
    for name, hint in written_fields(cls).items():
        found.append(f"{path}{name}")
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            found += all_fields(hint, f"{path}{name}.")
    return found


def _build(cls: type, values: Mapping[str, Any], path: str, reading: Reading) -> object:
    """Make the value, with place holders where a required field is missing or a field is held."""
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
                _build(item, values_of, f"{of}[{at}].", reading) if isinstance(values_of, dict) else values_of
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
            reading.wrong("missing-field", of, "is required, and is not there; add it", at)
            arguments[name] = _place_holder(hint)
    return cls(**arguments)


def _is_required(of: dataclasses.Field[Any]) -> bool:
    return of.default is dataclasses.MISSING and of.default_factory is dataclasses.MISSING


def _structure_in(hint: object) -> type | None:
    if hint == FrameworkImage | str:
        return FrameworkImage
    return hint if dataclasses.is_dataclass(hint) and isinstance(hint, type) else None


def _item_structure(hint: object) -> type | None:
    """Return the structure that a list holds, and None where it is no list, or one of texts."""
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
        if of in LATER_FIELDS:
            message = f"is not supported yet; {LATER_FIELDS[of]}"
            reading.wrong("not-supported-yet", of, message, entry.key_position)
        elif entry.key not in fields:
            _unknown(entry, path, tuple(fields), reading)
        elif isinstance(entry.value, Scalar) and entry.value.value is None:
            _left_out(of, entry.key_position, reading)
        else:
            reading.values[of] = entry.value.position
            values[entry.key] = _read(entry.value, of, fields[entry.key], reading)
    return values


def _left_out(of: str, at: Position, reading: Reading) -> None:
    """A field without a value is left out; where that leaves out more than a value, it is told."""
    if of == "triggers.schedule":
        message = "says nothing, so that there is no schedule; write cron or rate under it, or leave it out"
        reading.problems.append(
            Problem("schedule-empty", of, message, "warning", line=at.line, column=at.column)
        )


def _unknown(entry: Entry, path: str, allowed: tuple[str, ...], reading: Reading) -> None:
    meant, hint = meant_field(entry.key, path, allowed, all_fields())
    reading.held |= {meant} - {""}
    where = f"under {path[:-1]}" if path else "at the top"
    message = f"there is no such field; {hint}allowed {where} are {', '.join(allowed)}"
    reading.wrong("unknown-field", f"{path}{entry.key}", message, entry.key_position)


def _read(node: Node, of: str, hint: object, reading: Reading) -> object:
    if isinstance(node, Scalar) and node.value == UNRESOLVED:
        return _place_holder(hint)  # what it should be is not known, and has been told
    structure = _structure_in(hint)
    if structure is not None and (isinstance(node, MapNode) or structure is hint):
        if isinstance(node, MapNode):
            return _read_structure(node, f"{of}.", structure, reading)
        names = ", ".join(written_fields(structure))
        mend = ""
        if of == "model" and isinstance(node, Scalar) and isinstance(node.value, str):
            mend = f"; write model: {{{meant_model(node.text)}}}"
        message = f"must be a mapping with {names}; got {_got(node)}{mend}"
        reading.wrong("wrong-type", of, message, node.position)
        return _place_holder(hint)
    item = _item_structure(hint)
    if item is not None:
        return _read_structures(node, of, item, reading)
    reader = _READERS.get(typing.get_origin(hint) or hint, _read_text)
    return reader(node, of, reading)


def _read_structures(node: Node, of: str, cls: type, reading: Reading) -> list[object]:
    if not isinstance(node, ListNode):
        names = ", ".join(written_fields(cls))
        reading.wrong(
            "wrong-type", of, f"must be a list of mappings with {names}; got {_got(node)}", node.position
        )
        return [_place_holder(cls)]
    for at, item in enumerate(node.items):
        reading.values[f"{of}[{at}]"] = item.position
    return [_read(item, f"{of}[{at}]", cls, reading) for at, item in enumerate(node.items)]


def _read_path(node: Node, of: str, reading: Reading) -> Path | str:
    text = _read_text(node, of, reading)
    return text if text == UNRESOLVED else Path(text)


def _read_text(node: Node, of: str, reading: Reading) -> str:
    if isinstance(node, ListNode) and of in LATER_LISTS:
        return reading.wrong("not-supported-yet", of, LATER_LISTS[of], node.position)
    if isinstance(node, Scalar) and isinstance(node.value, str) and not node.kind:
        return node.value
    mend = f': write it in quotes, "{node.text}"' if isinstance(node, Scalar) else ""
    return reading.wrong("wrong-type", of, f"must be a text; got {_got(node)}{mend}", node.position)


def _read_number(node: Node, of: str, reading: Reading) -> object:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isdigit():
        mend = ": leave out the quotes"
    elif isinstance(value, float) and value.is_integer():
        mend = f": write {int(value)}"
    else:
        mend = ""
    return reading.wrong("wrong-type", of, f"must be a whole number; got {_got(node)}{mend}", node.position)


def _read_flag(node: Node, of: str, reading: Reading) -> object:
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    return reading.wrong("wrong-type", of, f"must be true or false; got {_got(node)}", node.position)


def _read_list(node: Node, of: str, reading: Reading) -> tuple[str, ...]:
    if not isinstance(node, ListNode):
        reading.wrong("wrong-type", of, f"must be a list, such as [id, age]; got {_got(node)}", node.position)
        return (UNRESOLVED,)
    if not node.items and of.endswith(".columns"):
        message = "names nothing; write at least one name, or leave the field out"
        reading.wrong("columns-empty", of, message, node.position)
        return (UNRESOLVED,)
    for at, item in enumerate(node.items):
        reading.values[f"{of}[{at}]"] = item.position
    return tuple(_read_text(item, f"{of}[{at}]", reading) for at, item in enumerate(node.items))


def _read_map(node: Node, of: str, reading: Reading) -> dict[str, str]:
    """Read names and texts. A number is taken as it is written, as the environment of a process has it."""
    if not isinstance(node, MapNode):
        meant = meant_map(node)
        mend = f"; write {of.rpartition('.')[2]}: {meant}" if meant else ""
        message = f"must be a mapping of names to texts; got {_got(node)}{mend}"
        reading.wrong("wrong-type", of, message, node.position)
        return {}
    texts = {}
    for entry in node.entries:
        at = f"{of}.{entry.key}"
        reading.keys[at], reading.values[at] = entry.key_position, entry.value.position
        value = entry.value
        is_number = isinstance(value, Scalar) and isinstance(value.value, int | float)
        if isinstance(value, Scalar) and is_number and not isinstance(value.value, bool):
            texts[entry.key] = value.text
        else:
            texts[entry.key] = _read_text(value, at, reading)
    return texts


_READERS: dict[object, Callable[[Node, str, Reading], object]] = {
    str: _read_text,
    Path: _read_path,
    int: _read_number,
    bool: _read_flag,
    tuple: _read_list,
    Mapping: _read_map,
}


def _got(node: Node) -> str:
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node, MapNode):
        return "a mapping"
    if node.value is None:
        return "nothing"
    if node.kind:
        return f"the {node.kind} {node.text}"
    if isinstance(node.value, bool):
        return f"{node.text}, which YAML reads as {'true' if node.value else 'false'}"
    return f"'{node.text}'" if isinstance(node.value, str) else f"the number {node.text}"
