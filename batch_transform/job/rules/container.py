"""Check that a framework container starts with its environment, and that its server can do what the job asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from batch_transform.job.errors import Problem
from batch_transform.job.model.framework_containers import (
    DEFAULT_ACCEPT,
    MODEL_FOLDER,
    PROGRAM,
    SUBMIT_DIRECTORY,
    FrameworkContainer,
    framework_container,
    is_whole_number,
    whole_environment,
)
from batch_transform.job.rules.locations import bucket_name_problems
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import ContainerSpec, JobSpec, ModelSpec
from batch_transform.job.values.media_type import media_type
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import shown

ASKED_BY = {"content-type-missing": "model.image"}
"""Codes of problems with a missing field, and the field that requires it."""

_MB = 1024**2
_LABEL_SIZE = re.compile(r";\s*label_size\s*=\s*\"?([^;\"\s]*)", re.IGNORECASE)

# data_utils.py and serve_utils.py of aws/sagemaker-xgboost-container: the only types that it reads without a script.
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
    """Check what XGBoost without a script gets from the preceding container (amazon-sagemaker-examples issue 729)."""
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


def container_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check each container of a job's model whose image is known; other images are not checked."""
    model = spec.model
    if model.containers:
        for at, container in enumerate(model.containers):
            yield from _container(spec, f"model.containers[{at}]", container, at=at)
    else:
        yield from _container(spec, "model", model, at=0)


def is_known_without_folder(container: FrameworkContainer, source: ModelSpec | ContainerSpec) -> bool:
    """Whether the container's environment is known without reading its source, which may contain an XGBoost script."""
    return container.framework != "xgboost" or source.source is None or PROGRAM in source.env


def _container(
    spec: JobSpec, path: str, container: ModelSpec | ContainerSpec, *, at: int
) -> Iterator[Problem]:
    known = framework_container(container.image)
    env = whole_environment(spec, container, has_script=False)
    if known is None:
        yield from _object_in_s3(_variable(spec, path, SUBMIT_DIRECTORY), env.get(SUBMIT_DIRECTORY, ""))
        return
    yield from _numbers(spec, path, known, env)
    yield from _program(spec, path, container, env)
    yield from _submit_directory(spec, path, container, known, env)
    if is_known_without_folder(known, container):
        yield from server_problems(spec, known, env, at=at)


def _variable(spec: JobSpec, path: str, name: str) -> str:
    """Return the field that sets a variable; the job's variables override the model's."""
    of_job = isinstance(spec.transform.env, Mapping) and name in spec.transform.env
    return f"transform.env.{name}" if of_job else f"{path}.env.{name}"


def _numbers(
    spec: JobSpec, path: str, container: FrameworkContainer, env: Mapping[str, str]
) -> Iterator[Problem]:
    for name in container.whole_numbers:
        value = env.get(name)
        if value is not None and not is_token(value) and not is_whole_number(value):
            yield Problem(
                "env-not-number",
                _variable(spec, path, name),
                f"{shown(value)} is not a whole number, so the {container.title} container does not start; write a "
                "whole number, or leave the variable out",
            )


def _program(
    spec: JobSpec, path: str, container: ModelSpec | ContainerSpec, env: Mapping[str, str]
) -> Iterator[Problem]:
    program = env.get(PROGRAM)
    if program is None or is_token(program):
        return
    if not program.strip() or (container.source is None and "/" in program):
        yield Problem(
            "program-not-module",
            _variable(spec, path, PROGRAM),
            f"{shown(program)} cannot be imported; write the file name of a script in the code folder, without a path, "
            "such as inference.py",
        )


def _submit_directory(
    spec: JobSpec,
    path: str,
    container: ModelSpec | ContainerSpec,
    known: FrameworkContainer,
    env: Mapping[str, str],
) -> Iterator[Problem]:
    place = env.get(SUBMIT_DIRECTORY)
    if place is None or is_token(place):
        return
    field = _variable(spec, path, SUBMIT_DIRECTORY)
    in_s3 = place.startswith("s3://")
    if not known.fetches_code:
        if in_s3:
            yield Problem(
                "submit-directory-ignored",
                field,
                f"the {known.title} container ignores {shown(place)} and loads the folder code of the model archive; "
                "put the code into the archive, as the SageMaker SDK does for this framework",
                severity="warning",
            )
        return
    if known.is_algorithm_mode(env) and container.source is None:
        yield Problem(
            "submit-directory-without-program",
            field,
            f"the XGBoost container does not load any code unless {PROGRAM} is set; set {PROGRAM} to the name of the "
            f"script, or leave {SUBMIT_DIRECTORY} out",
            severity="warning",
        )
    elif in_s3:
        yield from _code_in_s3(spec, path, field, place, known)
    elif place.rstrip("/") != MODEL_FOLDER and not place.startswith(f"{MODEL_FOLDER}/"):
        yield Problem(
            "submit-directory-unknown",
            field,
            f"{shown(place)} does not exist in the {known.title} container; write {MODEL_FOLDER}/code (the folder code "
            "of the model archive) or the S3 URI of a sourcedir.tar.gz",
        )


def _code_in_s3(
    spec: JobSpec, path: str, field: str, place: str, known: FrameworkContainer
) -> Iterator[Problem]:
    if found := list(_object_in_s3(field, place)):
        yield from found
    elif spec.model.enable_network_isolation is True:
        yield Problem(
            "submit-directory-with-isolation",
            field,
            f"the {known.title} container downloads {shown(place)} when it starts; with model.enable_network_isolation "
            "it has no network, so it fails and never responds to a ping; put the code into the folder code of the "
            f"model archive, and write {MODEL_FOLDER}/code",
        )
    elif field.startswith("transform.env.") and spec.model.role is None:
        yield Problem(
            "submit-directory-of-job",
            field,
            f"the stack's execution role can read only the code that {path}.env names; set {SUBMIT_DIRECTORY} there",
        )


def _object_in_s3(field: str, place: str) -> Iterator[Problem]:
    """Check that the S3 URI of the code, which the execution role may read, names one object."""
    if not place.startswith("s3://") or is_token(place):
        return
    bucket, _, key = place.removeprefix("s3://").partition("/")
    if not bucket or not key or key.endswith("/"):
        yield Problem(
            "submit-directory-malformed",
            field,
            f"{shown(place)} does not name an object; write the S3 URI of a sourcedir.tar.gz, such as "
            "s3://BUCKET/sourcedir.tar.gz",
        )
    else:
        yield from bucket_name_problems(field, S3Uri(bucket, key))
