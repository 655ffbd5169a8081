"""What differs in the definition of two runs: their requests, filters and models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.runs.run_facts import RunFacts

_OF_EACH_RUN = {"TransformJobName", "Tags", "ExperimentConfig"}
_OUTPUT = "TransformOutput.S3OutputPath"
_PLACE = re.compile(r"^(?:s3://[^/]+|\d{12}\.dkr\.ecr\.[^/]+|arn:[^:]*:[^:]*:[^:]*:\d{12})")
"""What names an account or a region: the bucket of an S3 URI, the registry of an image, the start of an ARN."""


@dataclass(frozen=True)
class Difference:
    """A member whose value differs, with its path. None is a member that isn't there, or isn't known."""

    name: str
    first: Any
    second: Any


def differences(first: RunFacts, second: RunFacts) -> list[Difference]:
    """Return what differs in the requests and models, in the order of their members.

    Names that are new for each run don't count, nor does the run's own part of the output path. Runs that write to
    different buckets ran in different environments, one of them maybe on this machine: there, buckets, registries and
    accounts don't count either, so that what is left is what somebody changed.
    """
    one, other = dict(_definition(first)), dict(_definition(second))
    in_one_place = _bucket(one) == _bucket(other)
    return [
        Difference(name, first_value, second_value)
        for name in dict.fromkeys([*one, *other])
        for first_value, second_value in [(one.get(name), other.get(name))]
        if first_value != second_value
        and (in_one_place or _without_place(first_value) != _without_place(second_value))
    ]


def _bucket(definition: Mapping[str, Any]) -> str:
    return str(definition.get(_OUTPUT)).removeprefix("s3://").partition("/")[0]


def _without_place(value: Any) -> Any:  # noqa: ANN401  # any value of JSON
    if isinstance(value, str):
        return _PLACE.sub("", value)
    if isinstance(value, list):
        return [_without_place(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _without_place(each) for name, each in value.items()}
    return value


def _definition(run: RunFacts) -> Iterator[tuple[str, Any]]:
    yield "Job", run.job
    for name, value in _flat("", run.request):
        if name.partition(".")[0] in _OF_EACH_RUN:
            continue
        if name == _OUTPUT:
            value = str(value).rstrip("/").removesuffix(f"/{run.run}")  # noqa: PLW2901  # the run's own part goes
        yield name, value
    for name, value in _flat("Model.", run.model or {}):
        if name != "Model.ModelName":  # the request has it too
            yield name, value


def _flat(path: str, members: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values in nested members with their paths; a list is one value."""
    for name, value in members.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{path}{name}.", value)
        else:
            yield f"{path}{name}", value
