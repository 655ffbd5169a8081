"""The plan of a run with bad records: each object without a result, as consecutive sections of its lines.

A section is scored as an object of its own. The plan is a JSON document in S3, one for each round: what a retry of the
function reads is what the first try read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from batch_transform.job.values.s3_uri import S3Uri

IN, OUT, PLAN, KEPT = "in", "out", "plan", "kept"
"""The folders of a run's scratch prefix: what a round scores, its results, plans, and lines that no job is given."""


class State(StrEnum):
    """What is known of a section."""

    OPEN = "open"
    """It is scored in the round that the plan is for."""
    SCORED = "scored"
    BAD = "bad"
    """It is one line, and a bad record."""


@dataclass
class Section:
    """Consecutive lines of an object.

    `line` is the number of the first, from 1, and `lines` how many they are. `offset` and `length` are in bytes of the
    object, unpacked, with the newlines. `name` is that of its copy, which is scored in `round`. `found` is the round in
    which it was found to be a bad record: 0 is the job's own data. `copied` says where the copy is: among what a round
    scores, or KEPT, or nowhere.
    """

    line: int
    lines: int
    offset: int
    length: int
    name: str
    round: int
    state: State = State.OPEN
    reason: str = ""
    found: int = 0
    copied: str = IN

    @property
    def is_open(self) -> bool:
        """Whether it isn't known yet."""
        return self.state is State.OPEN


@dataclass
class FailedObject:
    """An input object without a result, where its result belongs, and its sections in the order of its lines."""

    source: S3Uri
    output: S3Uri
    sections: list[Section] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """How many records it has."""
        return sum(section.lines for section in self.sections)

    @property
    def certain(self) -> int:
        """How many of its records are certainly bad: an open section that failed would add at least one."""
        return sum(section.state is State.BAD for section in self.sections)


@dataclass
class Plan:
    """The objects without a result. `objects` counts all input objects, with those that have a result.

    `other_records` are the records of the objects with a result, once they had to be counted. `has_control` says that
    the round also scores a section that has a result already: if that one fails now, it is the model.
    """

    round: int
    objects: int
    failed: list[FailedObject]
    other_records: int | None = None
    has_control: bool = False

    def sections(self, *states: State) -> Iterator[tuple[FailedObject, Section]]:
        """Yield the sections in one of these states, with their objects, in order."""
        for one in self.failed:
            yield from ((one, section) for section in one.sections if section.state in states)

    @property
    def records(self) -> int:
        """How many records the failed objects have."""
        return sum(one.lines for one in self.failed)

    def to_json(self) -> bytes:
        """Return the plan as a JSON document."""
        failed = [
            {
                "Source": str(one.source),
                "Output": str(one.output),
                "Sections": [list(vars(section).values()) for section in one.sections],
            }
            for one in self.failed
        ]
        document = {
            "Round": self.round,
            "Objects": self.objects,
            "OtherRecords": self.other_records,
            "HasControl": self.has_control,
            "Failed": failed,
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def of_json(cls, text: bytes) -> Plan:
        """Read what `to_json` returned."""
        document: dict[str, Any] = json.loads(text)
        return cls(
            document["Round"],
            document["Objects"],
            [
                FailedObject(
                    S3Uri.parse(one["Source"]),
                    S3Uri.parse(one["Output"]),
                    [_section(*values) for values in one["Sections"]],
                )
                for one in document["Failed"]
            ],
            document["OtherRecords"],
            document["HasControl"],
        )


def _section(*values: Any) -> Section:
    section = Section(*values)
    section.state = State(section.state)
    return section
