"""Check that the server of a framework container can do what the job asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from batch_transform.job.errors import Problem
from batch_transform.job.model.container_environment import whole_environment
from batch_transform.job.model.framework_containers import (
    DEFAULT_ACCEPT,
    PROGRAM,
    FrameworkContainer,
    framework_container,
)
from batch_transform.job.rules.shape import shown
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import media_type

ASKED_BY = {"content-type-missing": "model.image"}
"""Codes of problems with a missing field, and the field that makes it necessary."""

_MB = 1024**2
_LABEL_SIZE = re.compile(r";\s*label_size\s*=\s*\"?([^;\"\s]*)", re.IGNORECASE)

# data_utils.py and serve_utils.py of aws/sagemaker-xgboost-container: the only types it reads without a script.
_XGBOOST_TYPES = (
    "text/csv",
    "text/libsvm",
    "text/x-libsvm",
    "application/x-recordio-protobuf",
)
_XGBOOST_SHORT = frozenset({"csv", "libsvm", "recordio-protobuf"})
_XGBOOST_ANSWERS = (
    "text/csv",
    "application/json",
    "application/jsonlines",
    "application/x-recordio-protobuf",
)


def server_problems(
    spec: JobSpec, container: FrameworkContainer, env: Mapping[str, str], *, at: int
) -> Iterator[Problem]:
    """Check that the container's own server can do what the job asks.

    `env` is the container's whole environment. `at` is its place in the pipeline, 0 for a single container.
    """
    yield from _payload(spec, container, env)
    yield from _timeout(spec, container, env)
    if container.is_algorithm_mode(env):
        yield from _xgboost_type(spec) if at == 0 else _type_before(spec, at)
    if container.reads_accept(env) and at + 1 >= len(spec.model.containers):
        yield from _xgboost_accept(spec)


def _payload(spec: JobSpec, container: FrameworkContainer, env: Mapping[str, str]) -> Iterator[Problem]:
    limit, payload = container.body_limit(env), spec.transform.max_payload
    if limit is None or not isinstance(payload, int) or isinstance(payload, bool):
        return
    if payload != 0 and payload * _MB <= limit.value:
        return
    asked = "0 streams whole objects" if payload == 0 else f"{payload} MB is {payload * _MB:,} bytes"
    origin = (
        f"set by {limit.variable}" if limit.is_given else f"the default; {limit.variable} sets another limit"
    )
    if limit.most is not None and not 0 < payload * _MB <= limit.most:
        fix = (
            f"write {limit.most // _MB} or less, since {limit.variable} cannot be higher in this image, or use a newer "
            "image"
        )
    else:
        value = "" if payload == 0 else f": '{payload * _MB}'"
        fix = f"write {max(1, limit.value // _MB)} in max_payload, or {limit.variable}{value} in model.env"
    yield Problem(
        "max-payload-above-container",
        "transform.max_payload",
        f"{asked}, but the {container.title} container responds with 413 to a request of more than {limit.value:,} "
        f"bytes ({origin}); {fix}",
        severity="warning",
    )


def _timeout(spec: JobSpec, container: FrameworkContainer, env: Mapping[str, str]) -> Iterator[Problem]:
    limit, timeout = container.response_timeout(env), spec.transform.invocations_timeout_in_seconds
    if not isinstance(timeout, int) or timeout <= limit.value:
        return
    origin = (
        f"set by {limit.variable}" if limit.is_given else f"the default; {limit.variable} sets another limit"
    )
    yield Problem(
        "invocations-timeout-above-container",
        "transform.invocations_timeout_in_seconds",
        f"is {timeout:,}, but the {container.title} container's own server stops waiting for a response after "
        f"{limit.value:,} seconds ({origin}); write {limit.variable}: '{timeout}' in model.env",
        severity="warning",
    )


def _xgboost_type(spec: JobSpec) -> Iterator[Problem]:
    field, given = "input.content_type", spec.input.content_type
    if given is None:
        yield Problem(
            "content-type-missing",
            field,
            "is left out, so the XGBoost container reads the data as libsvm; write text/csv, or text/libsvm if that is "
            "what the data is",
            severity="warning",
        )
    elif not is_token(given) and media_type(given) not in {*_XGBOOST_TYPES, *_XGBOOST_SHORT}:
        yield Problem(
            "content-type-unfit",
            field,
            f"the XGBoost container cannot read {shown(given)} without a script; write one of "
            f"{', '.join(_XGBOOST_TYPES)}",
        )
    elif not is_token(given) and (found := _LABEL_SIZE.search(given)) and found[1] != "1":
        yield Problem(
            "label-size-unfit",
            field,
            f"{shown(given)} sets label_size to a value other than 1, the only one that the XGBoost container accepts; "
            "leave label_size out",
        )


def _type_before(spec: JobSpec, at: int) -> Iterator[Problem]:
    """Check what XGBoost without a script gets from the container before it (amazon-sagemaker-examples issue 729)."""
    before = spec.model.containers[at - 1]
    known = framework_container(before.image)
    if known is None or (known.framework == "xgboost" and PROGRAM not in before.env):
        return  # the image is unknown, or answers text/csv by default
    accept = whole_environment(spec, before, has_script=True).get(DEFAULT_ACCEPT)
    if accept is not None and (is_token(accept) or media_type(accept) in {*_XGBOOST_TYPES, *_XGBOOST_SHORT}):
        return
    says = f"{DEFAULT_ACCEPT} is {shown(accept)}" if accept else f"{DEFAULT_ACCEPT} is not set"
    yield Problem(
        "answer-unfit-for-next",
        f"model.containers[{at - 1}]",
        f"{says}, and a container in a pipeline gets no Accept header, so the {known.title} container returns "
        f"{accept or 'application/json'} unless its code returns another type; the XGBoost container after it responds "
        f"to that with 415; write {DEFAULT_ACCEPT}: text/csv in this container's env",
        severity="warning",
    )


def _xgboost_accept(spec: JobSpec) -> Iterator[Problem]:
    given = spec.output.accept
    if given is None or is_token(given) or media_type(given) in {*_XGBOOST_ANSWERS, "*/*"}:
        return
    yield Problem(
        "accept-unfit",
        "output.accept",
        f"the XGBoost container cannot return {shown(given)} without a script and responds with 406; write one of "
        f"{', '.join(_XGBOOST_ANSWERS)}",
    )
