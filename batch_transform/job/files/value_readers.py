"""Converts the values of a document to Python values: texts, numbers, lists and maps, noting their problems."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from batch_transform.job.errors import Problem
from batch_transform.job.files.document import ListNode, MapNode, Node, Position, Reading, Scalar
from batch_transform.job.rules import UNRESOLVED
from batch_transform.job.values.fields import MEMBERS, ONE_OR_MORE, item_field

_FIELD_BY_API_NAME = {member.path[-1].lower(): member.field for member in MEMBERS}
_SECTION_BY_API_NAME = {
    structure: member.field.rpartition(".")[0] for member in MEMBERS for structure in member.path[:-1]
}


def meant_field(key: str, path: str, allowed: Sequence[str], everywhere: Sequence[str]) -> tuple[str, str]:
    """Return the field that `key` under `path` stands for, and a hint for the message; both are empty if there is none.

    `allowed` are the names that are valid there, `everywhere` all fields of a job file.
    """
    section = _SECTION_BY_API_NAME.get(key)
    if section:
        return section, f"the API's {key} is {section} in a job file; "
    name = key.lower().replace("-", "_")
    near = _near(name, path, allowed)
    # The SDK's output_path is called output.path here.
    elsewhere = [field for field in everywhere if name in {field.rpartition(".")[2], field.replace(".", "_")}]
    if elsewhere and elsewhere[0] != f"{path}{near}":
        return elsewhere[0], f"did you mean {elsewhere[0]}? "
    if near:
        return f"{path}{near}", f"did you mean {near}? "
    api_name = _FIELD_BY_API_NAME.get(key.lower())
    return (api_name, f"the API's {key} is {api_name} in a job file; ") if api_name else ("", "")


def _near(name: str, path: str, allowed: Sequence[str]) -> str | None:
    """Return the nearest name: `path` for output_path under output, `vpc_config` for vpc."""
    short = name.removeprefix(path.rstrip(".").rpartition(".")[2] + "_")
    if short in allowed:
        return short
    begun = [one for one in allowed if one.startswith(f"{name}_")]
    return next(iter([*begun, *get_close_matches(name, allowed, n=1)]), None)


def meant_model(text: str) -> str:
    """Return the field for a model that is given as plain text, such as `existing: churn-v7`."""
    if text.startswith("s3://"):
        return f"artifact: {text}"
    return f"source: {text}" if "/" in text else f"existing: {text}"


def meant_map(node: Node) -> str:
    """Return the mapping that AWS's list of Key and Value stands for, as `{team: data}`; "" for any other value."""
    pairs = []
    for item in node.items if isinstance(node, ListNode) else ():
        given = {entry.key: entry.value for entry in item.entries} if isinstance(item, MapNode) else {}
        key, value = given.get("Key"), given.get("Value")
        if not isinstance(key, Scalar) or not isinstance(value, Scalar):
            return ""
        pairs.append(f"{key.text}: {value.text}")
    return f"{{{', '.join(pairs)}}}" if pairs else ""


def notify_empty(of: str, at: Position, reading: Reading) -> None:
    """Note an empty `notify` as a mistake: its author wants somebody to be notified."""
    message = "notifies nobody; write email or topic under it, or leave it out"
    reading.problems.append(Problem("notify-empty", of, message, line=at.line, column=at.column))


def read_path(node: Node, of: str, reading: Reading) -> Path | str:
    """Read a path as it is written."""
    text = read_text(node, of, reading)
    return text if text == UNRESOLVED else Path(text)


def read_text(node: Node, of: str, reading: Reading) -> str:
    """Read text; a value that YAML reads as a date is accepted where a date is expected."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        is_date = node.kind == "timestamp" and of.endswith((".start_date", ".end_date"))
        if is_date or not node.kind:
            return node.text if is_date else node.value
    fix = f': write it in quotes, "{node.text}"' if isinstance(node, Scalar) else ""
    return reading.wrong("wrong-type", of, f"must be text; got {got(node)}{fix}", node.position)


def read_number(node: Node, of: str, reading: Reading) -> object:
    """Read a whole number."""
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isdigit():
        fix = ": leave out the quotes"
    elif isinstance(value, float) and value.is_integer():
        fix = f": write {int(value)}"
    else:
        fix = ""
    return reading.wrong("wrong-type", of, f"must be a whole number; got {got(node)}{fix}", node.position)


def read_amount(node: Node, of: str, reading: Reading) -> object:
    """Read a number with or without decimals."""
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    fix = ": leave out the quotes" if isinstance(value, str) and _is_decimal(value) else ""
    return reading.wrong("wrong-type", of, f"must be a number; got {got(node)}{fix}", node.position)


def _is_decimal(text: str) -> bool:
    return re.fullmatch(r"\s*\d+(\.\d+)?\s*", text) is not None


def read_flag(node: Node, of: str, reading: Reading) -> object:
    """Read true or false."""
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    return reading.wrong("wrong-type", of, f"must be true or false; got {got(node)}", node.position)


def read_list(node: Node, of: str, reading: Reading) -> tuple[str, ...]:
    """Read a list of strings; fields that accept one or more values also accept a single string."""
    if of in ONE_OR_MORE and not isinstance(node, ListNode):
        return (read_text(node, of, reading),)
    if not isinstance(node, ListNode):
        example = "[ml.m5.large]" if of == "limits.instance_types" else "[id, age]"
        reading.wrong("wrong-type", of, f"must be a list, such as {example}; got {got(node)}", node.position)
        return (UNRESOLVED,)
    if not node.items and of.endswith(".columns"):
        message = "is empty; write at least one name, or leave the field out"
        reading.wrong("columns-empty", of, message, node.position)
        return (UNRESOLVED,)
    if not node.items and of == "notify.email":
        notify_empty(of, node.position, reading)
    fields = [item_field(of, at, len(node.items)) for at in range(len(node.items))]
    for field_of_item, item in zip(fields, node.items, strict=True):
        reading.values[field_of_item] = item.position
    return tuple(read_text(item, at, reading) for at, item in zip(fields, node.items, strict=True))


def read_json_object(node: Node, of: str, reading: Reading) -> dict[str, object]:
    """Read the fields that a run overrides."""
    if not isinstance(node, MapNode):
        message = f"must be a mapping of fields to override, such as {{transform: {{max_payload: 6}}}}; got {got(node)}"
        reading.wrong("wrong-type", of, message, node.position)
        return {}
    return typing.cast("dict[str, object]", _read_json(node, of, reading))


def _read_json(node: Node, of: str, reading: Reading) -> object:
    """Read a value that JSON can hold, since the input of an execution is JSON."""
    if isinstance(node, MapNode):
        found = {}
        for entry in node.entries:
            at = f"{of}.{entry.key}"
            reading.keys[at], reading.values[at] = entry.key_position, entry.value.position
            found[entry.key] = _read_json(entry.value, at, reading)
        return found
    if isinstance(node, ListNode):
        return [_read_json(item, of, reading) for item in node.items]
    return read_text(node, of, reading) if node.kind else node.value


def read_map(node: Node, of: str, reading: Reading) -> dict[str, str]:
    """Read a mapping of names to text. A number is passed as written, since environment variables are text."""
    if not isinstance(node, MapNode):
        meant = meant_map(node)
        fix = f"; write {of.rpartition('.')[2]}: {meant}" if meant else ""
        message = f"must be a mapping of names to texts; got {got(node)}{fix}"
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
            texts[entry.key] = read_text(value, at, reading)
    return texts


READERS: dict[object, Callable[[Node, str, Reading], object]] = {
    str: read_text,
    Path: read_path,
    int: read_number,
    float: read_amount,
    bool: read_flag,
    tuple: read_list,
    Mapping[str, str]: read_map,
    Mapping[str, Any]: read_json_object,
}
"""The reader for each type of value; a list is looked up by its origin."""


def got(node: Node) -> str:
    """Return what was written, for messages."""
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
