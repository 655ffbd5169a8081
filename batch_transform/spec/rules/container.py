"""Whether a framework's container starts with its environment, and whether its own server can do what the job asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from batch_transform.spec.cdk_token import is_token
from batch_transform.spec.framework_containers import (
    DEFAULT_ACCEPT,
    MODEL_FOLDER,
    PROGRAM,
    SUBMIT_DIRECTORY,
    FrameworkContainer,
    framework_container,
    is_whole_number,
    start_variables,
)
from batch_transform.spec.job_spec import ContainerSpec, JobSpec, ModelSpec
from batch_transform.spec.media_type import media_type
from batch_transform.spec.problem import Problem
from batch_transform.spec.rules.shape import shown

ASKED_BY = {"content-type-missing": "model.image"}
"""Codes of problems with what is not there, and the field that asks for it."""

_MB = 1024**2
_LABEL_SIZE = re.compile(r";\s*label_size\s*=\s*\"?([^;\"\s]*)", re.IGNORECASE)

# data_utils.py and serve_utils.py of aws/sagemaker-xgboost-container, which reads no other without a script.
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


def container_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check each container of a job's model whose image is known. Of other images nothing can be said."""
    model = spec.model
    if model.containers:
        for at, container in enumerate(model.containers):
            yield from _container(spec, f"model.containers[{at}]", container, at=at)
    else:
        yield from _container(spec, "model", model, at=0)


def whole_environment(
    spec: JobSpec, container: ModelSpec | ContainerSpec, *, has_script: bool
) -> dict[str, str]:
    """Return what the container gets of the job: what the template adds, its own variables, and the job's.

    Values that were misread are left out.
    """
    given = {
        name: value
        for env in (container.env, spec.transform.env)
        if isinstance(env, Mapping)
        for name, value in env.items()
    }
    if container.image is None:
        return given
    start = start_variables(
        container.image, given, from_source=container.source is not None, has_script=has_script
    )
    return {**start, **given}


def server_problems(
    spec: JobSpec, container: FrameworkContainer, env: Mapping[str, str], *, at: int
) -> Iterator[Problem]:
    """Check what the job asks of the container's own server.

    `env` is the container's whole environment, and `at` its place in the pipeline; 0 for a model of one container.
    """
    yield from _payload(spec, container, env)
    yield from _timeout(spec, container, env)
    if container.is_algorithm_mode(env):
        yield from _xgboost_type(spec) if at == 0 else _type_before(spec, at)
    if container.reads_accept(env) and at + 1 >= len(spec.model.containers):
        yield from _xgboost_accept(spec)


def is_known_without_folder(container: FrameworkContainer, source: ModelSpec | ContainerSpec) -> bool:
    """Whether the container's environment is known without a look into its source, whose script XGBoost may have."""
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
    """Return the field that gives a variable; the job's own go before the model's."""
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
                f"{shown(value)} is no whole number, and the {container.title} container does not start with it; write "
                "one, or leave it out",
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
            f"{shown(program)} cannot be imported; name a script in the code folder, without folders, such as "
            "inference.py",
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
                f"the {known.title} container loads the folder code of the model archive, and ignores {shown(place)}; "
                "put the code into the archive, as the SageMaker SDK does for this framework",
                severity="warning",
            )
        return
    if known.is_algorithm_mode(env) and container.source is None:
        yield Problem(
            "submit-directory-without-program",
            field,
            f"the XGBoost container loads no code while {PROGRAM} is not set; name the script with {PROGRAM}, or leave "
            f"{SUBMIT_DIRECTORY} out",
            severity="warning",
        )
    elif in_s3:
        yield from _code_in_s3(spec, path, field, place, known)
    elif place.rstrip("/") != MODEL_FOLDER and not place.startswith(f"{MODEL_FOLDER}/"):
        yield Problem(
            "submit-directory-unknown",
            field,
            f"{shown(place)} is not in the {known.title} container; write {MODEL_FOLDER}/code, the folder code of the "
            "model archive, or the S3 address of a sourcedir.tar.gz",
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
            "it has no network, so it fails and never answers a ping; put the code into the folder code of the model "
            f"archive, and write {MODEL_FOLDER}/code",
        )
    elif field.startswith("transform.env.") and spec.model.role is None:
        yield Problem(
            "submit-directory-of-job",
            field,
            f"the stack's execution role may read the code that {path}.env names, and not this; write it there",
        )


def _object_in_s3(field: str, place: str) -> Iterator[Problem]:
    """Check an address of code in S3, which the execution role may read: it names one object."""
    bucket, _, key = place.removeprefix("s3://").partition("/")
    if place.startswith("s3://") and not is_token(place) and (not bucket or not key or key.endswith("/")):
        yield Problem(
            "submit-directory-malformed",
            field,
            f"{shown(place)} names no object; write the address of a sourcedir.tar.gz, such as "
            "s3://BUCKET/sourcedir.tar.gz",
        )


def _payload(spec: JobSpec, container: FrameworkContainer, env: Mapping[str, str]) -> Iterator[Problem]:
    limit, payload = container.body_limit(env), spec.transform.max_payload
    if limit is None or not isinstance(payload, int) or isinstance(payload, bool):
        return
    if payload != 0 and payload * _MB <= limit.value:
        return
    asked = "0 streams whole objects" if payload == 0 else f"{payload} MB are {payload * _MB:,} bytes"
    origin = f"{limit.variable} says" if limit.is_given else f"unless {limit.variable} says otherwise"
    if limit.most is not None and not 0 < payload * _MB <= limit.most:
        mend = f"write {limit.most // _MB} or less, the most that {limit.variable} can be here, or take a newer image"
    else:
        value = "" if payload == 0 else f": '{payload * _MB}'"
        mend = f"write {max(1, limit.value // _MB)} in max_payload, or {limit.variable}{value} in model.env"
    yield Problem(
        "max-payload-above-container",
        "transform.max_payload",
        f"{asked}, and the {container.title} container answers 413 to a request of more than {limit.value:,} bytes "
        f"({origin}); {mend}",
        severity="warning",
    )


def _timeout(spec: JobSpec, container: FrameworkContainer, env: Mapping[str, str]) -> Iterator[Problem]:
    limit, timeout = container.response_timeout(env), spec.transform.invocations_timeout_in_seconds
    if not isinstance(timeout, int) or timeout <= limit.value:
        return
    origin = f"{limit.variable} says" if limit.is_given else f"unless {limit.variable} says otherwise"
    yield Problem(
        "invocations-timeout-above-container",
        "transform.invocations_timeout_in_seconds",
        f"the {container.title} container's own server gives up on a request after {limit.value:,} seconds ({origin}), "
        f"however long SageMaker waits; write {limit.variable}: '{timeout}' in model.env",
        severity="warning",
    )


def _xgboost_type(spec: JobSpec) -> Iterator[Problem]:
    field, given = "input.content_type", spec.input.content_type
    if given is None:
        yield Problem(
            "content-type-missing",
            field,
            "is left out, and the XGBoost container then reads libsvm; write text/csv, or text/libsvm if it is that",
            severity="warning",
        )
    elif not is_token(given) and media_type(given) not in {*_XGBOOST_TYPES, *_XGBOOST_SHORT}:
        yield Problem(
            "content-type-unfit",
            field,
            f"{shown(given)} is no type that the XGBoost container reads without a script; write one of "
            f"{', '.join(_XGBOOST_TYPES)}",
        )
    elif not is_token(given) and (found := _LABEL_SIZE.search(given)) and found[1] != "1":
        yield Problem(
            "label-size-unfit",
            field,
            f"{shown(given)} has a label_size, of which the XGBoost container takes 1 alone; leave it out",
        )


def _type_before(spec: JobSpec, at: int) -> Iterator[Problem]:
    """Check what an XGBoost without a script gets of the container before it (amazon-sagemaker-examples issue 729)."""
    before = spec.model.containers[at - 1]
    known = framework_container(before.image)
    if known is None or (known.framework == "xgboost" and PROGRAM not in before.env):
        return  # nothing is known of it, or it answers text/csv by itself
    accept = whole_environment(spec, before, has_script=True).get(DEFAULT_ACCEPT)
    if accept is not None and (is_token(accept) or media_type(accept) in {*_XGBOOST_TYPES, *_XGBOOST_SHORT}):
        return
    says = f"{DEFAULT_ACCEPT} is {shown(accept)}" if accept else f"{DEFAULT_ACCEPT} is not set"
    yield Problem(
        "answer-unfit-for-next",
        f"model.containers[{at - 1}]",
        f"{says}, and so the {known.title} container, which gets no Accept in a pipeline, answers "
        f"{accept or 'application/json'} unless its code says otherwise; the XGBoost container after it answers 415 to "
        f"that; write {DEFAULT_ACCEPT}: text/csv in this container's env",
        severity="warning",
    )


def _xgboost_accept(spec: JobSpec) -> Iterator[Problem]:
    given = spec.output.accept
    if given is None or is_token(given) or media_type(given) in {*_XGBOOST_ANSWERS, "*/*"}:
        return
    yield Problem(
        "accept-unfit",
        "output.accept",
        f"{shown(given)} is no type that the XGBoost container answers with without a script: it answers 406; write "
        f"one of {', '.join(_XGBOOST_ANSWERS)}",
    )
