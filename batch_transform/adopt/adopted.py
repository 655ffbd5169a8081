"""An existing transform job, as read from any source."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batch_transform.job.errors import InputError
from batch_transform.job.request.request import NEUTRAL, Request, place
from batch_transform.job.rules.request_values import member
from batch_transform.job.values.fields import FIELD_OF, LIMITS_OF_MEMBER, Path
from batch_transform.job.values.job_name import near_job_name

_NAMELESS = "adopted-job"
_JOB_NAME: Path = ("TransformJobName",)
_ENVIRONMENT: Path = ("Environment",)

# The suffixes that make a name unique: from name_from_base of the SageMaker SDK (long and short), and from our own
# state machine.
_TIME_AT_END = re.compile(
    r"-(\d{4}(-\d{2}){5}-\d{3}|\d{6}-\d{4}|\d{8}T\d{6}-[0-9a-f]{8}-\d+)$",
)


# DescribeTransformJob returns members of these with their defaults for jobs that were created without them.
_ALWAYS_DESCRIBED = frozenset({"TransformInput", "TransformOutput", "DataProcessing"})


@dataclass(frozen=True)
class LeftOut:
    """Something that was left out, and its place. `may_matter` says that results may differ without it."""

    place: str
    text: str
    may_matter: bool

    def __str__(self) -> str:
        """The place and the text."""
        return f"{self.place}: {self.text}" if self.place else self.text


@dataclass(frozen=True)
class Adopted:
    """A transform job, as far as its source shows it.

    `request` has the members with known values, as in CreateTransformJob, but without TransformJobName. `unknown` maps
    each member whose value is known only at run time to the text in its place, such as `$.data`. `origin` describes
    the source, `notes` are remarks about it, and `left_out` lists what the request does not contain.
    """

    request: Request
    origin: str
    transform_job_name: str | None = None
    unknown: Mapping[Path, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    left_out: Sequence[LeftOut] = ()

    @property
    def job_name(self) -> str:
        """A legal name for the job: the transform job's name without its unique suffix."""
        name = _TIME_AT_END.sub("", self.transform_job_name or "")
        return near_job_name(name) or _NAMELESS


def adopt_members(
    members: Mapping[str, Any],
    *,
    origin: str,
    later: Mapping[Path, str] | None = None,
    notes: Sequence[str] = (),
    left_out: Sequence[LeftOut] = (),
) -> Adopted:
    """Sort the members of a request into known and unknown ones.

    The value of a name that ends in `.$` is known only when the state machine runs; so are the values of the members in
    `later`. Raises InputError for a member that CreateTransformJob does not have, or that a job file can't express.
    """
    known: Request = {}
    unknown = dict(later or {})
    for path, value in _leaves(members, ()):
        _refuse_homeless(_resolved(path), origin)
        if path[-1].endswith(".$"):
            unknown[_resolved(path)] = str(value)
        elif not _is_nothing(path, value):
            place(known, path, _checked(path, value, unknown, origin))
    name = known.pop("TransformJobName", None)
    if not isinstance(name, str | None):
        raise InputError(f"{origin}: TransformJobName must be a string, as in CreateTransformJob; got {name}")
    for path in unknown:
        _refuse_homeless(path, origin)
    return Adopted(
        known,
        origin,
        name,
        {path: text for path, text in unknown.items() if path != _JOB_NAME},
        notes,
        left_out,
    )


def in_full(request: Mapping[str, Any]) -> Request:
    """Return the request with each member that is missing and has a neutral value set to it."""
    full: Request = copy.deepcopy(dict(request))
    for path, value in NEUTRAL.items():
        if member(full, path) is None:
            place(full, path, value)
    return full


def is_default(path: Path, value: object) -> bool:
    """Whether leaving the member out of a job file means this value, by AWS's default or our own."""
    if path == ("TransformInput", "DataSource", "S3DataSource", "S3DataType"):
        return value == "S3Prefix"
    return path[0] in _ALWAYS_DESCRIBED and NEUTRAL.get(path) == value


def _resolved(path: Path) -> Path:
    """Return the member that a name such as `S3Uri.$` sets."""
    return (*path[:-1], path[-1].removesuffix(".$"))


def _leaves(members: Mapping[str, Any], above: Path) -> Iterator[tuple[Path, object]]:
    for name, value in members.items():
        path = (*above, name)
        is_structure = any(known[: len(path)] == path and known != path for known in LIMITS_OF_MEMBER)
        if is_structure and isinstance(value, Mapping):
            yield from _leaves(value, path)
        else:
            yield path, value


def _is_nothing(path: Path, value: object) -> bool:
    """Whether a member is empty: DescribeTransformJob returns an empty string for a KMS key that isn't set."""
    return value is None or value in ({}, []) or (path[-1].endswith("KmsKeyId") and value == "")


def _checked(path: Path, value: object, unknown: dict[Path, str], origin: str) -> object:
    """Return a member's value in the form that CreateTransformJob accepts. Raises InputError for another form.

    The rules check the value itself once it is in a job file.
    """
    if path == ("Tags",):
        return _tag_list(value, origin)
    if path == _ENVIRONMENT and isinstance(value, Mapping):
        names = [name for name in value if name.endswith(".$")]
        unknown |= {_resolved((*path, name)): str(value[name]) for name in names}
        texts = {name: text for name, text in value.items() if name not in names}
        if all(isinstance(text, str) for text in texts.values()):
            return texts
    elif path in LIMITS_OF_MEMBER and path != _ENVIRONMENT and isinstance(value, (str, int, float)):
        return value
    dotted, kind = ".".join(path), type(value).__name__
    wanted = (
        "an object of strings"
        if path == _ENVIRONMENT
        else "one value"
        if path in LIMITS_OF_MEMBER
        else "an object"
    )
    raise InputError(
        f"{origin}: {dotted} must be {wanted}, as in CreateTransformJob; got a value of the type {kind}"
    )


def _tag_list(value: object, origin: str) -> list[dict[str, str]]:
    """Return tags as CreateTransformJob accepts them; Step Functions and events give them as a mapping."""
    pairs = (
        [{"Key": key, "Value": text} for key, text in value.items()] if isinstance(value, Mapping) else value
    )
    if not isinstance(pairs, list) or not all(
        isinstance(pair, Mapping)
        and pair.keys() == {"Key", "Value"}
        and all(isinstance(text, str) for text in pair.values())
        for pair in pairs
    ):
        raise InputError(
            f'{origin}: Tags must be a list of {{"Key": "...", "Value": "..."}}, as in CreateTransformJob'
        )
    keys = [pair["Key"] for pair in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise InputError(
            f"{origin}: two tags have the key {twice}; AWS accepts each key only once; remove one"
        )
    return [dict(pair) for pair in pairs]


def _refuse_homeless(path: Path, origin: str) -> None:
    dotted = ".".join(path)
    if path in FIELD_OF or path in (("ModelName",), _JOB_NAME) or path[:-1] == _ENVIRONMENT:
        return
    if any(known[: len(path)] == path for known in FIELD_OF):
        return  # a whole structure whose value is not known yet
    if any(known[: len(path)] == path for known in LIMITS_OF_MEMBER):
        raise InputError(
            f"{origin}: {dotted} has no equivalent in a job file; remove it from the request to adopt the rest"
        )
    raise InputError(f"{origin}: {dotted} is not a member of CreateTransformJob; check its spelling")
