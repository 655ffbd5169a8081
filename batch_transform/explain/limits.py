"""The limits of a job, and who sets each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batch_transform.job.model.framework_containers import ServerLimit, framework_container, whole_environment
from batch_transform.job.model.source_folder import has_default_script
from batch_transform.job.rules.run_limits import RunLimits
from batch_transform.job.values.job_spec import JobSpec, TransformSpec
from batch_transform.job.values.model_source import containers
from batch_transform.job.values.wording import counted

ORIGINS = {
    "job_file": "set in the job file",
    "job_file_default": "the default of job files",
    "aws_default": "AWS's default",
    "container_default": "the container's default",
    "container": "AWS's default, unless the container's /execution-parameters says otherwise",
}
"""Who sets a limit, with the text to show."""


@dataclass(frozen=True)
class Limit:
    """`name` is the API's member, or the job file's field if the API has none; `origin` is a key of ORIGINS."""

    name: str
    value: int | str
    words: str
    origin: str


def limits(spec: JobSpec) -> list[Limit]:
    """Return the effective limits of a job.

    Precedence is request, GET /execution-parameters of the container, AWS's default (Developer Guide,
    "How Containers Serve Batch Transform Requests"); MaxConcurrentTransforms 0 counts as unset.
    """
    transform = spec.transform
    requests = transform.max_concurrent_transforms or None
    timeout, retries = transform.invocations_timeout_in_seconds, transform.invocations_max_retries
    return [
        _payload(transform),
        _strategy(spec),
        Limit(
            "MaxConcurrentTransforms",
            requests or 1,
            f"{counted(requests or 1, 'request')} at a time per instance",
            _origin(requests, "container"),
        ),
        Limit(
            "InvocationsTimeoutInSeconds",
            _or(timeout, 600),
            f"A request fails if it is not answered within {counted(_or(timeout, 600), 'second')}",
            _origin(timeout, "aws_default"),
        ),
        *_of_the_container(spec),
        Limit(
            "InvocationsMaxRetries",
            _or(retries, 3),
            f"A failed request is retried up to {counted(_or(retries, 3), 'time')}",
            _origin(retries, "aws_default"),
        ),
        _instances(transform),
        _runtime(transform),
        *_of_runs(spec),
    ]


def _of_runs(spec: JobSpec) -> Iterator[Limit]:
    """Yield what a run may use at most."""
    limits, given = RunLimits.of(spec), spec.limits
    types = ", ".join(limits.instance_types)
    yield Limit(
        "limits.instance_types",
        types,
        f"A run may use {types}",
        "job_file" if given.instance_types else "job_file_default",
    )
    count = limits.instance_count
    yield Limit(
        "limits.instance_count",
        count,
        f"A run may use at most {counted(count, 'instance')}",
        _origin(given.instance_count, "job_file_default"),
    )
    if (seconds := given.max_runtime_in_seconds) is not None:
        words = f"max_runtime_in_seconds may be at most {seconds}; a run can't change it"
        yield Limit("limits.max_runtime_in_seconds", seconds, words, "job_file")


def _of_the_container(spec: JobSpec) -> Iterator[Limit]:
    """Yield the limits of the containers' own servers, if their images are known: the lowest one in a pipeline."""
    found = [
        (known, known.response_timeout(env), known.body_limit(env))
        for container in containers(spec.model)
        if (known := framework_container(container.image)) is not None
        for env in [whole_environment(spec, container, has_script=has_default_script(container.source))]
    ]
    if found:
        known, timeout, _ = min(found, key=lambda one: one[1].value)
        after = counted(timeout.value, "second")
        words = f"The {known.title} container's own server gives up on a request after {after}"
        yield _of_server(timeout, words)
    limited = [(known, body) for known, _, body in found if body is not None]
    if limited:
        known, body = min(limited, key=lambda one: one[1].value)
        words = f"The {known.title} container's own server rejects a request body of more than {body.value:,} bytes"
        yield _of_server(body, words)


def _of_server(limit: ServerLimit, words: str) -> Limit:
    return Limit(limit.variable, limit.value, words, "job_file" if limit.is_given else "container_default")


def _or(given: int | None, default: int) -> int:
    return default if given is None else given


def _origin(given: object, otherwise: str) -> str:
    return otherwise if given is None else "job_file"


def _payload(transform: TransformSpec) -> Limit:
    given = transform.max_payload
    if given == 0:
        words = "No limit: each object is streamed to the model as it is read"
    else:
        words = f"A request body has at most {_or(given, 6)} MB"
    return Limit("MaxPayloadInMB", _or(given, 6), words, _origin(given, "container"))


def _strategy(spec: JobSpec) -> Limit:
    value = spec.transform.strategy or "MultiRecord"
    if spec.input.split_type == "None":
        words = "Each object is one record and one request, because objects are not split"
    elif value == "MultiRecord":
        words = "A request has as many whole records as fit"
    else:
        words = "A request has one record"
    return Limit("BatchStrategy", value, words, _origin(spec.transform.strategy, "container"))


def _instances(transform: TransformSpec) -> Limit:
    count = transform.instance_count
    shared = (
        ""
        if count == 1
        else "; one instance scores a whole object, so with fewer objects some instances are idle"
    )
    first, *others = transform.instance_type
    fallbacks = f"; without capacity or quota for it, {', then '.join(others)}" if others else ""
    words = f"{counted(count, 'instance')} of type {first}{fallbacks}{shared}"
    return Limit("InstanceCount", count, words, _origin_of_default(count, TransformSpec.instance_count))


def _runtime(transform: TransformSpec) -> Limit:
    seconds = transform.max_runtime_in_seconds
    words = f"The workflow stops the transform job after {seconds / 3600:,.4g} hours; AWS documents no limit"
    origin = _origin_of_default(seconds, TransformSpec.max_runtime_in_seconds)
    return Limit("max_runtime_in_seconds", seconds, words, origin)


def _origin_of_default(value: int, default: int) -> str:
    return "job_file_default" if value == default else "job_file"
