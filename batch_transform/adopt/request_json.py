"""Reads a transform job from JSON: a request, a description, a state of a state machine, or an event."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from batch_transform.adopt.adopted import Adopted, adopt_members
from batch_transform.job.errors import InputError
from batch_transform.job.values.fields import Path

# What DescribeTransformJob, and events made from it, return in addition to the request of CreateTransformJob.
_READ_ONLY = frozenset(
    {
        "TransformJobArn",
        "TransformJobStatus",
        "FailureReason",
        "CreationTime",
        "TransformStartTime",
        "TransformEndTime",
        "LabelingJobArn",
        "AutoMLJobArn",
        "ResponseMetadata",
        "SdkHttpMetadata",
        "SdkResponseMetadata",
    }
)
_RESOURCE = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:(aws-sdk:)?sagemaker:createTransformJob(\.sync)?")
_JSONATA = re.compile(r"\s*\{%.*%\}\s*", re.DOTALL)
_SUBSTITUTION = re.compile(r"\$\{[A-Za-z0-9_.:]+\}")
_NAMELESS_STATE = "the state"  # a state given by itself, without the state machine that names it
_REQUIRED = ("ModelName", "TransformInput", "TransformOutput", "TransformResources")

# Tags that Step Functions and AWS add to a job.
_TAGS_OF_AWS = re.compile(r"aws:.*|AWS_STEP_FUNCTIONS_EXECUTION_ARN|MANAGED_BY_AWS", re.IGNORECASE)


def adopt_json(text: str, *, origin: str, state: str | None = None) -> Adopted:
    """Read the JSON of a transform job, in any of its forms.

    `state` selects one state of a state machine that has several. Raises InputError for text that is not JSON, and for
    JSON with no transform job or with several.
    """
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise InputError(f"{origin}: is nested too deeply to be a request") from error
    except ValueError as error:
        raise InputError(
            f"{origin}: is not valid JSON ({error}); give the JSON of a request, or use --from-sdk"
        ) from error
    if isinstance(document, dict) and isinstance(document.get("definition"), str):
        return adopt_json(document["definition"], origin=f"the state machine in {origin}", state=state)
    if not isinstance(document, dict):
        raise InputError(f"{origin}: must be a JSON object, such as a CreateTransformJob request")
    states = dict(_states(document, _NAMELESS_STATE))
    if states or "States" in document or state:
        name, members = _one_of(states, state, origin)
        which = name if name == _NAMELESS_STATE else f"the state {name}"
        return _of_state(members, origin=f"{which} in {origin}")
    for inner in (
        "detail",
        "Transform",
    ):  # an EventBridge event; the config of Airflow's SageMakerTransformOperator
        if isinstance(document.get(inner), dict):
            document = document[inner]
    if "TransformJobStatus" in document:
        return adopt_description(document, origin=f"a description of a transform job in {origin}")
    _require_whole(document, origin)
    return adopt_members(document, origin=f"a CreateTransformJob request in {origin}")


def _require_whole(document: Mapping[str, Any], origin: str) -> None:
    missing = [name for name in _REQUIRED if name not in document and f"{name}.$" not in document]
    if len(missing) == len(_REQUIRED):
        raise InputError(
            f"{origin}: has no transform job: it has none of {', '.join(_REQUIRED)}; give a CreateTransformJob "
            "request, the output of aws sagemaker describe-transform-job, or a state that calls createTransformJob"
        )
    if missing:
        raise InputError(
            f"{origin}: is not a complete CreateTransformJob request: it lacks {' and '.join(missing)}, which AWS "
            "requires; add what is missing"
        )


def adopt_description(description: Mapping[str, Any], *, origin: str, notes: tuple[str, ...] = ()) -> Adopted:
    """Read a response of DescribeTransformJob, with Tags if the caller has added them."""
    members = {name: value for name, value in description.items() if name not in _READ_ONLY}
    tags = members.get("Tags")
    if isinstance(tags, Mapping):
        members["Tags"] = {key: text for key, text in tags.items() if not _TAGS_OF_AWS.fullmatch(key)}
    elif isinstance(tags, list):
        members["Tags"] = [tag for tag in tags if not _is_of_aws(tag)]
    return adopt_members(members, origin=origin, notes=notes)


def _is_of_aws(tag: object) -> bool:
    return isinstance(tag, Mapping) and _TAGS_OF_AWS.fullmatch(str(tag.get("Key"))) is not None


def _states(node: object, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every state that creates a transform job, including those inside Map and Parallel."""
    if isinstance(node, dict):
        if isinstance(node.get("Resource"), str) and _RESOURCE.fullmatch(node["Resource"]):
            arguments = node.get("Arguments", node.get("Parameters"))
            yield name, arguments if isinstance(arguments, dict) else {}
        for below, child in node.items():
            yield from _states(child, below)
    elif isinstance(node, list):
        for child in node:
            yield from _states(child, name)


def _one_of(
    states: Mapping[str, Mapping[str, Any]], wanted: str | None, origin: str
) -> tuple[str, Mapping[str, Any]]:
    names = ", ".join(states) or "none"
    if wanted is not None and wanted not in states:
        raise InputError(
            f"{origin}: has no state {wanted} that creates a transform job; those that do: {names}"
        )
    if wanted is None and len(states) != 1:
        raise InputError(
            f"{origin}: has {len(states)} states that create a transform job ({names}); choose one with --state"
        )
    name = wanted or next(iter(states))
    if not states[name]:
        raise InputError(
            f"{origin}: the state {name} has no Parameters and no Arguments to read a request from"
        )
    return name, states[name]


def _of_state(members: Mapping[str, Any], *, origin: str) -> Adopted:
    later: dict[Path, str] = {}
    known = _without_expressions(members, (), later)
    return adopt_members(known, origin=origin, later=later)


def _without_expressions(node: Mapping[str, Any], above: Path, later: dict[Path, str]) -> dict[str, Any]:
    """Remove the values that are JSONata or that CloudFormation fills in, and note them in `later`."""
    kept: dict[str, Any] = {}
    for name, value in node.items():
        path = (*above, name)
        if isinstance(value, dict):
            kept[name] = _without_expressions(value, path, later)
        elif isinstance(value, str) and (_JSONATA.fullmatch(value) or _SUBSTITUTION.search(value)):
            later[path] = value.strip()
        else:
            kept[name] = value
    return kept
