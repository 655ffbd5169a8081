"""What differs in the definition of two runs: their requests, filters and models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.runs.run_facts import RunFacts

_OF_EACH_RUN = {"TransformJobName", "Tags", "ExperimentConfig"}


@dataclass(frozen=True)
class Difference:
    """A member whose value differs, with its path. None is a member that isn't there, or isn't known."""

    name: str
    first: Any
    second: Any


def differences(first: RunFacts, second: RunFacts) -> list[Difference]:
    """Return what differs in the requests and models, in the order of their members.

    Names that are new for each run don't count, nor does the run's own part of the output path.
    """
    one, other = dict(_definition(first)), dict(_definition(second))
    return [
        Difference(name, one.get(name), other.get(name))
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    ]


def _definition(run: RunFacts) -> Iterator[tuple[str, Any]]:
    yield "Job", run.job
    for name, value in _flat("", run.request):
        if name.partition(".")[0] in _OF_EACH_RUN:
            continue
        if name == "TransformOutput.S3OutputPath":
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
