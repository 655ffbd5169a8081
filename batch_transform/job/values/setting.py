"""How a field of a job file is declared: all that is known of it stands beside its type and its default.

The JSON Schema, the reader of job files, the request, the limits, what a run may override, the table in
docs/reference/job-file.md and the comments that `new` and `adopt` write are all made of these declarations.

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

    `text` is what it becomes or means. `limits` hold for its value, or for each item of a list; in an editor
    `editor_limits` hold instead, where a rule of its own says more than limits can (numbers: those allowed).
    `items` are the least and the greatest number of items in a list. With `one_or_more` a job file takes a single value
    as well as a list.

    `member` is its place in CreateTransformJob, with dots; the API requires a `required` one, and a default or the
    stack gives it. `run_may_change` says whether a single run may override it (from the console, a schedule or the
    command line): what belongs to the deployed stack, such as where output goes, may not change.

    `default_reason` says why the default is what it is, where we chose it. `comment` is what `new` and `adopt` write
    beside the field: one text, or one for each value, with None for any other value.
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
    """The base of what a job says: a member of an enum is held as the API's string."""

    def __post_init__(self) -> None:
        """Replace each member of an enum by its value: it goes into templates, whose library has enums of its own."""
        for name, value in vars(self).items():
            if isinstance(value, Enum):
                object.__setattr__(self, name, value.value)
