"""Check that a framework container starts with its environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batch_transform.job.errors import Problem
from batch_transform.job.model.container_environment import whole_environment
from batch_transform.job.model.framework_containers import (
    MODEL_FOLDER,
    PROGRAM,
    SUBMIT_DIRECTORY,
    FrameworkContainer,
    framework_container,
    is_whole_number,
)
from batch_transform.job.rules.container_server import server_problems
from batch_transform.job.rules.locations import bucket_name_problems
from batch_transform.job.rules.shape import shown
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import ContainerSpec, JobSpec, ModelSpec
from batch_transform.job.values.s3_uri import S3Uri


def container_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check each container of a job's model whose image is known; other images are not checked."""
    model = spec.model
    if model.containers:
        for at, container in enumerate(model.containers):
            yield from _container(spec, f"model.containers[{at}]", container, at=at)
    else:
        yield from _container(spec, "model", model, at=0)


def is_known_without_folder(container: FrameworkContainer, source: ModelSpec | ContainerSpec) -> bool:
    """Say whether the container's environment is known without reading its source, which may hold an XGBoost script."""
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
