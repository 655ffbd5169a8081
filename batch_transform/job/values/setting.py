"""How a field of a job file is declared: everything about it is next to its type and its default.

The JSON Schema, the reader of job files, the request, the limits, what a run may override, the table in
docs/reference/job-file.md and the comments that `new` and `adopt` write are all derived from these declarations.

Usage
-----
    max_payload: Annotated[
        int | None,
        Setting(
            "MaxPayloadInMB; 0 streams whole objects; AWS's default is 6",
            Whole(documented_most=100),
            member="MaxPayloadInMB",
            run_may_change=True,
            comment={0: "each object is streamed to the model", None: "MB per request, at most"},
        ),
    ] = None
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from batch_transform.job.aws.limits import Limits


@dataclass(frozen=True)
class Setting:
    """A field's declaration.

    `text` says what it becomes or means. `limits` apply to its value, or to each item of a list. In an editor,
    `editor_limits` apply instead, for a field whose own rule checks more than limits can (numbers are the allowed
    ones). `items` are the minimum and maximum number of items in a list. With `one_or_more`, a job file may give a
    single value instead of a list.

    `member` is its place in CreateTransformJob, with dots. The API requires a `required` member; a default or the stack
    provides it. `run_may_change` says whether a single run may override it (from the console, a schedule or the command
    line): settings of the deployed stack, such as where output goes, can't be overridden.

    `default_reason` says why we chose the default. `comment` is the text that `new` and `adopt` write beside the field:
    one text, or one for each value, with None for any other value.
    """

    text: str
    limits: Limits | None = None
    _: dataclasses.KW_ONLY
    editor_limits: Limits | tuple[int, ...] | None = None
    items: tuple[int | None, int | None] = (None, None)
    one_or_more: bool = False
    member: str = ""
    required: bool = False
    run_may_change: bool = False
    default_reason: str = ""
    comment: str | Mapping[object, str] = ""


class Values:
    """The base of a job's values: a member of an enum is stored as the API's string."""

    def __post_init__(self) -> None:
        """Replace each member of an enum by its value: values go into templates, and the CDK has its own enums."""
        for name, value in vars(self).items():
            if isinstance(value, Enum):
                object.__setattr__(self, name, value.value)
