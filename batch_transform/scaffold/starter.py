"""Writes a new job file from the few values that only its author knows."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from batch_transform.job.errors import InputError, Problem
from batch_transform.job.files.job_file import read_job_files
from batch_transform.job.files.regular_file import kind_of
from batch_transform.job.model.framework_images import frameworks, versions
from batch_transform.job.values.fields import comment_on
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.scaffold.yaml_scalar import yaml_scalar

CSV = "text/csv"
JSON_LINES = "application/jsonlines"
JSON = "application/json"
CONTENT_TYPES = (CSV, JSON_LINES, JSON)
"""The content types that filters and joins work on; data of any other type is passed on unchanged."""

ANSWER_FIELD = "SageMakerOutput"
SCHEMA = "job.schema.json"
_TABLES = {".csv", ".tsv", ".txt"}


@dataclass(frozen=True)
class Starter:
    """The answers that a new job file is made from.

    `model` is a folder, the S3 URI of a `model.tar.gz`, or the name of a model in SageMaker. `image` is
    `FRAMEWORK:VERSION` or an image URI, and is not needed for a model in SageMaker. `columns` is a local CSV with a
    header line, or names separated by commas. `id_name` is the column or field to keep next to the answer. `answer`
    names the answer's columns.
    """

    name: str
    model: str
    image: str | None = None
    content_type: str = CSV
    columns: str | None = None
    id_name: str | None = None
    answer: tuple[str, ...] = ("prediction",)
    data: str | None = None
    instance_type: str = "ml.m5.large"


def starter_text(starter: Starter, *, path: Path) -> str:
    """Return the text of a job file for `path`. Raises InputError for values that no job file can have.

    The rules check the job itself once the text is read.
    """
    sections = [_model(starter, path), _input(starter, path), _transform(starter)]
    if starter.id_name:
        sections.append(_data_processing(starter, starter.id_name))
    sections.append(_output(starter))
    schema = f"# yaml-language-server: $schema={SCHEMA}\n" if (path.parent / SCHEMA).is_file() else ""
    head = f"{schema}# To see what the job does: batch-transform explain {path}\nname: {yaml_scalar(starter.name)}\n"
    return "\n".join([head, *("".join(f"{line}\n" for line in section) for section in sections)])


def _model(starter: Starter, path: Path) -> Iterator[str]:
    yield "model:"
    model = starter.model
    if model.startswith("s3://"):
        S3Uri.parse(model)
        yield f"  artifact: {yaml_scalar(model)}"
        yield f"  image: {_image(starter.image)}"
    elif Path(model).is_dir():
        folder = yaml_scalar(_relative(Path(model), path))
        yield f"  source: {folder}  # packed into model.tar.gz and deployed with the stack"
        yield f"  image: {_image(starter.image)}"
    elif "/" in model or model.startswith("."):
        raise InputError(
            f"there is no folder {model}; create it, with code/inference.py in it, or pass the S3 address of a "
            "model.tar.gz or the name of a model in SageMaker"
        )
    else:
        yield f"  existing: {yaml_scalar(model)}  # a model that already exists in SageMaker"


def _image(image: str | None) -> str:
    if image is None:
        raise InputError(
            "a model in a folder or in S3 needs a container image; pass --image sklearn:1.2-1, or an image URI"
        )
    framework, colon, version = image.partition(":")
    if framework in frameworks() and not version:
        raise InputError(
            f"{framework} has several versions; choose one: --image {framework}:{versions(framework)[-1]}"
        )
    if colon and framework in frameworks():
        return f"{{framework: {framework}, version: {yaml_scalar(version)}}}"
    return yaml_scalar(image)


def _input(starter: Starter, path: Path) -> Iterator[str]:
    yield "input:"
    if starter.data is None:
        yield f"  # no data: the job reads {starter.name}/ in the stack's input bucket"
    else:
        yield f"  data: {yaml_scalar(starter.data)}  # {comment_on('input.data', starter.data)}"
    yield f"  content_type: {yaml_scalar(starter.content_type)}"
    if starter.content_type in {CSV, JSON_LINES}:
        comment = "each line is one record"
        if starter.content_type == CSV:
            comment = comment_on("input.split_type", "Line")
        yield f"  split_type: Line  # {comment}"
    if starter.columns and Path(starter.columns).is_file():
        sample = yaml_scalar(_relative(Path(starter.columns), path))
        yield f"  columns_from: {sample}  # its first line names the columns"
    elif starter.columns:
        _require_names(starter.columns)
        names = [name.strip() for name in starter.columns.split(",")]
        yield f"  columns: [{', '.join(map(yaml_scalar, names))}]"
    elif starter.id_name and starter.content_type == CSV:
        raise InputError(
            f"to keep the column {starter.id_name}, the names of all columns are needed, in order; pass --columns "
            "with a CSV that has a header line, or with the names"
        )


def _require_names(columns: str) -> None:
    """Reject a path that is not a file: otherwise it would become the name of a column."""
    if kind := kind_of(Path(columns)):
        raise InputError(f"--columns {columns} is {kind}, not a regular file")
    is_one = "," not in columns
    if is_one and ("/" in columns or Path(columns).suffix.lower() in _TABLES):
        raise InputError(
            f"found no file {columns}; pass the path of a CSV with a header line, or the names of all columns, "
            "separated by commas"
        )


def _transform(starter: Starter) -> Iterator[str]:
    yield "transform:"
    yield f"  instance_type: {yaml_scalar(starter.instance_type)}"
    yield "  instance_count: 1"
    if starter.content_type in {CSV, JSON_LINES}:
        yield f"  strategy: MultiRecord  # {comment_on('transform.strategy', 'MultiRecord')}"
        yield "  max_payload: 6  # MB"


def _data_processing(starter: Starter, id_name: str) -> Iterator[str]:
    if starter.content_type not in CONTENT_TYPES:
        raise InputError(
            f"an id can be kept with {', '.join(CONTENT_TYPES)}, but the content type is {starter.content_type}; "
            "remove --id"
        )
    yield "data_processing:"
    if starter.content_type == CSV:
        yield f"  send_except: [{yaml_scalar(id_name)}]  # the model gets all other columns"
        yield "  join_source: Input  # each record, followed by the model's answer"
        yield f"  keep: [{', '.join(map(yaml_scalar, [id_name, *starter.answer]))}]"
        return
    yield f"  join_source: Input  # each record, with the model's answer in its field {ANSWER_FIELD}"
    yield f"  keep: [{yaml_scalar(id_name)}, {ANSWER_FIELD}]"


def _output(starter: Starter) -> Iterator[str]:
    yield "output:"
    yield f"  # no path: each run writes to {starter.name}/RUN_ID/ in the stack's output bucket"
    if starter.content_type in CONTENT_TYPES:
        yield f"  accept: {starter.content_type}"
    if starter.content_type in {CSV, JSON_LINES}:
        yield "  assemble_with: Line"
    if starter.content_type == CSV:
        yield f"  columns: [{', '.join(map(yaml_scalar, starter.answer))}]  # the model's answer"


def _relative(target: Path, job_file: Path) -> str:
    """Return a path relative to the job file."""
    return Path(os.path.relpath(target.resolve(), job_file.parent.resolve())).as_posix()


def problems_at(path: Path, text: str) -> list[Problem]:
    """Return the problems that a job file with this text would have at `path`, next to the other jobs there.

    The folder is created if it does not exist. Problems have no line, because the file does not exist yet. Raises
    InputError if nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=".", suffix=".new", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            others = [other for other in sorted(path.parent.glob("*.yaml")) if other != path]
            files = read_job_files([*others, file.name])
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    return [
        dataclasses.replace(problem, path=str(path))
        for problem in files.problems
        if problem.path == file.name
    ]
