"""Rules for single fields and members: whether each is present, has the right type and is within its limits."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from batch_transform.job.aws.enums import Reconcile
from batch_transform.job.aws.instance_types import FAMILIES, near_instance_types
from batch_transform.job.aws.limits import Amount, Choice, Flag, Limits, TagList, Text, TextMap, Whole
from batch_transform.job.errors import Problem
from batch_transform.job.rules.request_values import INSTANCE_TYPE, field_of, member
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.fields import (
    FIELDS,
    LIMITS_OF_MEMBER,
    REQUIRED,
    REQUIRED_TOGETHER,
    Field,
    item_field,
    structure_of,
    written_fields,
)
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.wording import shown


def member_problems(request: Mapping[str, Any]) -> Iterator[Problem]:
    """Check every member of a request against its limits."""
    for path in REQUIRED:
        if member(request, path) is None:
            yield _missing(field_of(path))
    for path in REQUIRED_TOGETHER:
        if member(request, path[:-1]) is not None and member(request, path) is None:
            yield _missing(field_of(path))
    for path, limits in LIMITS_OF_MEMBER.items():
        value = member(request, path)
        if value is not None:
            yield from value_problems(field_of(path), value, limits)


def setting_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check each field that isn't a member of the request against its limits; the request is checked separately."""
    yield from _settings(spec, "", "")


def _settings(value: object, declared: str, given: str) -> Iterator[Problem]:
    """Check the fields of a structure.

    `declared` is the prefix of their names in FIELDS, `given` the prefix in the job.
    """
    kind: type = type(value)
    for name in written_fields(kind):
        field = FIELDS[f"{declared}{name}"]
        for at, item in _items(field, f"{given}{name}", getattr(value, name)):
            structure = structure_of(field.hint)
            if structure is None:
                if field.limits is not None and not field.setting.member:
                    yield from value_problems(at, item, field.limits)
            elif isinstance(item, structure):
                yield from _settings(item, field.inside, f"{at}.")


def _items(field: Field, at: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield a field's value, or each item of a list, with its name; another rule rejects a value that is not a list."""
    if not field.is_list:
        yield from () if value is None else ((at, value),)
    elif isinstance(value, tuple | list):
        yield from ((item_field(at, number, len(value)), item) for number, item in enumerate(value))


def value_problems(field: str, value: object, limits: Limits) -> Iterator[Problem]:
    """Check one value. A token is never wrong."""
    if is_token(value):
        return
    if isinstance(limits, Text):
        yield from _text_problems(field, value, limits)
    elif isinstance(limits, Choice):
        yield from _choice_problems(field, value, limits)
    elif isinstance(limits, Whole):
        yield from _whole_problems(field, value, limits)
    elif isinstance(limits, Amount):
        yield from _amount_problems(field, value, limits)
    elif isinstance(limits, Flag):
        if not isinstance(value, bool):
            yield Problem("wrong-type", field, f"must be true or false; got {shown(value)}")
    elif isinstance(limits, TextMap):
        yield from _map_problems(field, value, limits)
    else:
        yield from _tag_problems(field, value, limits)


def slug(field: str) -> str:
    """Return the part of a problem's code that names the field: `max-payload` for `transform.max_payload`."""
    last = field.rpartition(".")[2].partition("[")[0]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", last).replace("_", "-").lower()


def _missing(field: str) -> Problem:
    return Problem("missing-field", field, "is required but missing; add it")


def _text_problems(field: str, value: object, limits: Text, *, name: str = "") -> Iterator[Problem]:
    name = name or slug(field)
    if not isinstance(value, str):
        yield Problem("wrong-type", field, f"must be text; got {shown(value)}: write it in quotes")
    elif limits.longest is not None and len(value) > limits.longest:
        yield Problem(
            f"{name}-too-long",
            field,
            f"{shown(value)} is longer than {limits.longest} characters; shorten it",
        )
    elif len(value) < limits.shortest and not value:
        yield Problem(f"{name}-too-short", field, "is empty; write a value, or leave the field out")
    elif limits.pattern is not None and re.fullmatch(limits.pattern, value) is None:
        yield Problem(f"{name}-malformed", field, f"{shown(value)} is not allowed; write {limits.in_words}")


def _choice_problems(field: str, value: object, limits: Choice) -> Iterator[Problem]:
    allowed = ", ".join(map(_as_written, limits.values))
    if not isinstance(value, str):
        yield Problem("wrong-type", field, f"must be text; got {shown(value)}")
    elif value in limits.unfit:
        yield Problem(
            f"{slug(field)}-unfit",
            field,
            f"{value} is not compatible with batch transform; write {' or '.join(limits.values)}",
        )
    elif value not in limits.values:
        if field.startswith((INSTANCE_TYPE, "limits.instance_types")):
            yield Problem("instance-type-unknown", field, _instance_type_message(value))
            return
        near = _near_choice(value, limits.values)
        hint = f"did you mean {near}? allowed are {allowed}" if near else f"write one of {allowed}"
        yield Problem(f"{slug(field)}-unknown", field, f"{shown(value)} is not allowed; {hint}")


def _as_written(value: str) -> str:
    """Return a text as a job file has it: YAML reads `off` without quotes as false."""
    return f'"{value}"' if value == Reconcile.OFF else value


def _near_choice(value: str, choices: tuple[str, ...]) -> str | None:
    """Return the intended value: `MultiRecord` for `MULTI_RECORD`, as containers and older pages write it."""
    plain = {re.sub(r"[^a-z0-9]", "", choice.lower()): choice for choice in choices}
    near = get_close_matches(re.sub(r"[^a-z0-9]", "", value.lower()), plain, n=1)
    return plain[near[0]] if near else None


def _instance_type_message(value: str) -> str:
    near = near_instance_types(value)
    hint = (
        f"did you mean {' or '.join(near)}?"
        if near
        else f"write one such as ml.m5.large; there are {FAMILIES}"
    )
    return f"{shown(value)} is not an instance type for batch transform; {hint}"


def _whole_problems(field: str, value: object, limits: Whole) -> Iterator[Problem]:
    most = limits.most if limits.most is not None else limits.documented_most
    allowed = f"a number from {limits.least} to {most}" if most is not None else f"{limits.least} or more"
    if isinstance(value, bool) or not isinstance(value, int):
        quotes = isinstance(value, str) and value.strip().lstrip("-").isdigit()
        fix = "leave out the quotes" if quotes else f"write {allowed}"
        yield Problem("wrong-type", field, f"must be a whole number; got {shown(value)}: {fix}")
    elif value < limits.least:
        yield Problem(f"{slug(field)}-too-small", field, f"{value} is too small; write {allowed}")
    elif most is not None and value > most:
        yield Problem(f"{slug(field)}-too-large", field, f"{value} is too large; write {allowed}")


def _amount_problems(field: str, value: object, limits: Amount) -> Iterator[Problem]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        yield Problem("wrong-type", field, f"must be a number; got {shown(value)}: write one such as 2.5")
    elif value <= 0:
        yield Problem(f"{slug(field)}-too-small", field, f"{value} is too small; write a number above 0")
    elif limits.most is not None and value > limits.most:
        yield Problem(
            f"{slug(field)}-too-large",
            field,
            f"{value} is too large; write a number above 0, at most {limits.most:g}",
        )


def _map_problems(field: str, value: object, limits: TextMap) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem("wrong-type", field, f"must be a mapping of names to text; got {shown(value)}")
        return
    if len(value) > limits.most:
        yield Problem(
            f"{slug(field)}-too-many",
            field,
            f"{len(value)} variables are given; AWS accepts at most {limits.most}",
        )
    for key, text in value.items():
        yield from _text_problems(f"{field}.{key}", key, limits.key, name=f"{slug(field)}-name")
        if not is_token(text):
            yield from _text_problems(f"{field}.{key}", text, limits.value, name=f"{slug(field)}-value")


def _tag_problems(field: str, value: object, limits: TagList) -> Iterator[Problem]:
    if not isinstance(value, list) or not all(isinstance(tag, Mapping) for tag in value):
        yield Problem("wrong-type", field, f"must be a mapping of names to text; got {shown(value)}")
        return
    if len(value) > limits.most:
        yield Problem(
            f"{slug(field)}-too-many",
            field,
            f"{len(value)} tags are given; AWS accepts at most {limits.most}",
        )
    for tag in value:
        key, text = tag.get("Key"), tag.get("Value")
        at = f"{field}.{key}"
        if is_token(key) or is_token(text):
            continue
        yield from _text_problems(at, key, limits.key, name="tag-name")
        yield from _text_problems(at, text, limits.value, name="tag-value")
        for part in (key, text):
            if isinstance(part, str) and not all(_fits_a_tag(character) for character in part):
                yield Problem(
                    "tag-malformed",
                    at,
                    f"{shown(part)} is not allowed; write letters, digits, spaces and _ . : / = + - @",
                )
        if isinstance(key, str) and key.lower().startswith("aws:"):
            yield Problem(
                "tag-name-reserved",
                at,
                "names that begin with aws: are reserved for AWS; choose another name",
            )


def _fits_a_tag(character: str) -> bool:
    return character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN"
