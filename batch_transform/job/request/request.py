"""The CreateTransformJob request of a job: built here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from batch_transform.job.filters.named_filters import with_paths
from batch_transform.job.rules.request_values import member
from batch_transform.job.values.derived import with_derived
from batch_transform.job.values.fields import MEMBERS, Path
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import FILTERABLE, media_type

Request = dict[str, Any]

NEUTRAL: dict[Path, Any] = {
    ("TransformInput", "CompressionType"): "None",
    ("TransformInput", "SplitType"): "None",
    ("TransformOutput", "AssembleWith"): "None",
    ("MaxConcurrentTransforms",): 0,
    ("Environment",): {},
    ("ModelClientConfig", "InvocationsTimeoutInSeconds"): 600,
    ("ModelClientConfig", "InvocationsMaxRetries"): 3,
    ("DataProcessing", "InputFilter"): "$",
    ("DataProcessing", "OutputFilter"): "$",
    ("DataProcessing", "JoinSource"): "None",
}
"""Optional members with a value that means the same as leaving the member out (API reference, CreateTransformJob)."""

_MODEL_CLIENT_DEFAULTS = {path[1]: value for path, value in NEUTRAL.items() if path[0] == "ModelClientConfig"}

_STRUCTURES = frozenset(known.path[:depth] for known in MEMBERS for depth in range(1, len(known.path)))


def transform_job_request(spec: JobSpec, *, model_name: str, data: str, output_path: str) -> Request:
    """Return the request, without TransformJobName, which each attempt of a run adds.

    `model_name`, `data` and `output_path` are what the stack resolved; they may be CDK tokens. Of the instance types
    it holds the first. A value that the job leaves out and that can be only one thing is filled in (`derived`), and
    filters by name are compiled. A member that the job leaves out gets its neutral value, so that a run can set another
    one. One without a neutral value is left out: AWS's own default applies, and no run can set it. Both members of
    ModelClientConfig are always sent together: with only one of them, the other is known to get a default that differs
    from the documented 600 seconds and 3 retries.

    Raises FilterNamesError for names that make no filter.
    """
    spec = with_paths(with_derived(spec))
    request: Request = {"ModelName": model_name}
    first_instance_type = next(iter(spec.transform.instance_type), None)
    resolved: dict[str, Any] = {
        "input.data": data,
        "output.path": output_path,
        "transform.instance_type": first_instance_type,
    }
    neutral = _neutral_values(spec)
    for field, path in ((known.field, known.path) for known in MEMBERS):
        value = resolved[field] if field in resolved else attrgetter(field)(spec)
        if value is None or value == NEUTRAL.get(path, {}):
            value = neutral.get(path)
        if value is not None:
            place(request, path, _tag_list(value) if field == "tags" else value)
    return request


def _neutral_values(spec: JobSpec) -> Mapping[Path, Any]:
    """Return the neutral values that are sent: without those of DataProcessing if a content type has no filters.

    AWS refuses "data processing" for such types (recorded for an output filter without Accept), and it isn't
    documented whether `$` counts.
    """
    if all(media_type(text) in FILTERABLE for text in (spec.input.content_type, spec.output.accept)):
        return NEUTRAL
    return {path: value for path, value in NEUTRAL.items() if path[0] != "DataProcessing"}


def restore_neutral_values(request: Request, declared: Mapping[str, Any]) -> None:
    """Set the members that `declared` has and `request` lacks to their neutral values, if they have one."""
    for path, value in NEUTRAL.items():
        if member(request, path) is None and member(declared, path) is not None:
            place(request, path, value)


def complete_model_client_config(request: Request) -> None:
    """Fill a ModelClientConfig that has one of its two members (see `transform_job_request`)."""
    if "ModelClientConfig" in request:
        restore_neutral_values(request, {"ModelClientConfig": _MODEL_CLIENT_DEFAULTS})


def members_of(request: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    """Yield the path of each member that is not a structure, in order. Environment and Tags are one member each."""
    for name, value in request.items():
        path = (*above, name)
        if path in _STRUCTURES and isinstance(value, Mapping):
            yield from members_of(value, path)
        else:
            yield path


def place(request: Request, path: tuple[str, ...], value: object) -> None:
    """Set the member at `path`, and create the structures around it."""
    *parents, last = path
    node = request
    for name in parents:
        node = node.setdefault(name, {})
    node[last] = dict(value) if isinstance(value, Mapping) else value


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
