"""The CreateTransformJob request of a job: built here, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from batch_transform.job.filters.named_filters import with_paths
from batch_transform.job.values.derived import with_derived
from batch_transform.job.values.fields import MEMBERS
from batch_transform.job.values.job_spec import JobSpec

Request = dict[str, Any]

_MODEL_CLIENT_DEFAULTS = {"InvocationsTimeoutInSeconds": 600, "InvocationsMaxRetries": 3}


def transform_job_request(spec: JobSpec, *, model_name: str, data: str, output_path: str) -> Request:
    """Return the request, without TransformJobName, which each attempt of a run adds.

    `model_name`, `data` and `output_path` are what the stack resolved; they may be CDK tokens. Of the instance types
    it holds the first. A value that the job leaves out and that can be only one thing is filled in (`derived`), and
    filters by name are compiled. Other members that the job leaves out are left out, so AWS's own defaults apply (API
    reference, CreateTransformJob), with three exceptions:

    - both filters are always sent, since a run may change only what is declared;
    - SplitType and AssembleWith are always sent, as an AWS notebook does for joins;
    - both members of ModelClientConfig are sent together: with only one of them, the other is known to get a default
      that differs from the documented 600 seconds and 3 retries.

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
    for member in MEMBERS:
        value = resolved[member.field] if member.field in resolved else attrgetter(member.field)(spec)
        if value is None or value == {}:
            continue
        place(request, member.path, _tag_list(value) if member.field == "tags" else value)
    complete_model_client_config(request)
    return request


def complete_model_client_config(request: Request) -> None:
    """Fill a ModelClientConfig that is given in part with AWS's documented defaults."""
    if "ModelClientConfig" in request:
        request["ModelClientConfig"] = _MODEL_CLIENT_DEFAULTS | request["ModelClientConfig"]


def place(request: Request, path: tuple[str, ...], value: object) -> None:
    """Set the member at `path`, and create the structures around it."""
    *parents, last = path
    node = request
    for name in parents:
        node = node.setdefault(name, {})
    node[last] = dict(value) if isinstance(value, Mapping) else value


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
