"""The fields of a job file, read from the declarations in `JobSpec`; everything derived from them starts here."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass

from batch_transform.job.aws.limits import MODEL_NAME, TRANSFORM_JOB_NAME, Flag, Limits
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.setting import Setting

Path = tuple[str, ...]
"""A member's place in the request."""

_NOT_WRITTEN = frozenset({"job_file", "environment", "project"})

# In the order in which a request has them; the API requires the first three.
_REQUEST = (
    "TransformInput",
    "TransformOutput",
    "TransformResources",
    "BatchStrategy",
    "MaxPayloadInMB",
    "MaxConcurrentTransforms",
    "Environment",
    "ModelClientConfig",
    "DataProcessing",
    "DataCaptureConfig",
    "ExperimentConfig",
    "Tags",
)
_REQUIRED_STRUCTURES = frozenset(_REQUEST[:3])


@dataclass(frozen=True)
class Field:
    """A field as declared. `path` is the job file's, such as `transform.max_payload`; an item's is `field[]`."""

    path: str
    hint: object
    setting: Setting

    @property
    def limits(self) -> Limits | None:
        """The limits of each of its values; a bool has to be one."""
        return Flag() if self.hint is bool else self.setting.limits

    @property
    def is_list(self) -> bool:
        """Whether it holds a list, which in Python is a tuple."""
        return typing.get_origin(self.hint) is tuple

    @property
    def inside(self) -> str:
        """The prefix of the paths of the fields in its structure."""
        return f"{self.path}[]." if self.is_list and not self.setting.one_or_more else f"{self.path}."


@dataclass(frozen=True)
class Member:
    """A member of CreateTransformJob that a field becomes. `overridable` says whether a single run may change it."""

    field: str
    path: Path
    overridable: bool = True


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


def structure_of(hint: object) -> type | None:
    """Return the structure of a value of this type, or of the items of a list; None if it isn't a structure."""
    item = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
    return item if isinstance(item, type) and dataclasses.is_dataclass(item) else None


def all_fields(cls: type = JobSpec, path: str = "") -> list[str]:
    """Return every field that a file can write, structures too, without the fields of a list's items."""
    found = []
    for name, hint in written_fields(cls).items():
        found.append(f"{path}{name}")
        structure = structure_of(hint)
        if structure is not None and (typing.get_origin(hint) is not tuple or f"{path}{name}" in ONE_OR_MORE):
            found += all_fields(structure, f"{path}{name}.")
    return found


def _declared(cls: type, above: str) -> Iterator[Field]:
    settings = typing.get_type_hints(cls, include_extras=True)
    for name, hint in written_fields(cls).items():
        setting = next(one for one in settings[name].__metadata__ if isinstance(one, Setting))
        field = Field(f"{above}{name}", hint, setting)
        yield field
        if (structure := structure_of(hint)) is not None:
            yield from _declared(structure, field.inside)


FIELDS: dict[str, Field] = {field.path: field for field in _declared(JobSpec, "")}
"""Every field that a job file can write, structures too, in the order of their declarations."""

ONE_OR_MORE = frozenset(path for path, field in FIELDS.items() if field.setting.one_or_more)
"""A job file gives one value, or a list of them; in Python they are always a tuple."""

MEMBERS: tuple[Member, ...] = tuple(
    sorted(
        (
            Member(path, tuple(field.setting.member.split(".")), field.setting.run_may_change)
            for path, field in FIELDS.items()
            if field.setting.member
        ),
        key=lambda member: _REQUEST.index(member.path[0]),
    )
)
"""Which field becomes which member of CreateTransformJob, in the order of the request."""

WITHOUT_FIELD: dict[Path, str] = {
    ("TransformJobName",): "the state machine makes it from the job's name, new for each attempt of each run",
    ("ModelName",): "follows from `model`: the stack defines the model, or the preflight finds it",
}
"""Members of the request that no field sets, each with its reason."""

FIELD_OF: dict[Path, str] = {member.path: member.field for member in MEMBERS}

LIMITS_OF_MEMBER: dict[Path, Limits] = {
    ("TransformJobName",): TRANSFORM_JOB_NAME,
    ("ModelName",): MODEL_NAME,
    **{member.path: limits for member in MEMBERS if (limits := FIELDS[member.field].limits) is not None},
}

# A request is built without its name, which each attempt adds; these are all others that the API requires.
REQUIRED: tuple[Path, ...] = (
    ("ModelName",),
    *(
        member.path
        for member in MEMBERS
        if FIELDS[member.field].setting.required and member.path[0] in _REQUIRED_STRUCTURES
    ),
)
REQUIRED_TOGETHER: tuple[Path, ...] = tuple(
    member.path
    for member in MEMBERS
    if FIELDS[member.field].setting.required and member.path[0] not in _REQUIRED_STRUCTURES
)
"""Required as soon as the structure that they are in is given."""

NAME_FIELDS = tuple(
    path for path, field in FIELDS.items() if field.setting.run_may_change and not field.setting.member
)
"""What a run may give as a list of names."""

OVERRIDABLE = (*(member.field for member in MEMBERS if member.overridable), *NAME_FIELDS)
"""The fields that a single run may change."""


def item_field(field: str, at: int, count: int) -> str:
    """Return what an item of a list is called, the `at`th (from 0) of `count`.

    A single item has the name of the field itself, so a file with one schedule has `triggers.schedule.cron`. If there
    are several, each has its index, such as `triggers.schedule[1].cron`.
    """
    return f"{field}[{at}]" if count > 1 or field not in ONE_OR_MORE else field


def comment_on(field: str, value: object) -> str:
    """Return the comment beside a field with this value; empty if the line needs none."""
    comment = FIELDS[field].setting.comment
    return comment if isinstance(comment, str) else comment.get(value, comment.get(None, ""))
