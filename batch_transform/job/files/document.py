"""A job file as it was written: values that know their line and column, before they mean anything.

Whatever reads a syntax (`job_file` reads YAML) makes these; `job_fields` turns them into a JobSpec.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """Line and column, from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Scalar:
    """One value. `text` is what stands in the file, `value` what the syntax takes it for."""

    text: str
    value: str | int | float | bool | None
    position: Position
    # What the syntax calls it where it is none of the types above, such as a date.
    kind: str = ""


@dataclass(frozen=True)
class ListNode:
    """A list."""

    items: tuple[Node, ...]
    position: Position


@dataclass(frozen=True)
class Entry:
    """A key as written, with its value."""

    key: str
    key_position: Position
    value: Node


@dataclass(frozen=True)
class MapNode:
    """A mapping; its keys differ from each other."""

    entries: tuple[Entry, ...]
    position: Position


Node = Scalar | ListNode | MapNode
