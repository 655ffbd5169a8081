"""`batch-transform new`: writes a new job file."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from batch_transform.cli.problem_report import report_problems
from batch_transform.job.errors import InputError, JobFileError, Problem
from batch_transform.scaffold.new_file import write_new
from batch_transform.scaffold.starter import CONTENT_TYPES, CSV, Starter, problems_at, starter_text

_DEFAULT_IMAGE = "sklearn:1.2-1"

# The option that sets each field; the longest matching name wins.
_OPTION_OF_FIELD = {
    "name": "NAME",
    "model": "--model",
    "model.image": "--image",
    "input.content_type": "--content-type",
    "input.columns": "--columns",
    "input.columns_from": "--columns",
    "input.data": "--data",
    "transform.instance_type": "--instance-type",
    "data_processing": "--id",
    "output.accept": "--content-type",
    "output.columns": "--answer",
}


@click.command()
@click.argument("name", required=False)
@click.option(
    "--model", metavar="FOLDER|s3://…|NAME", help="A folder, a model.tar.gz in S3, or a model in SageMaker."
)
@click.option(
    "--image", metavar="FRAMEWORK:VERSION|URI", help=f"The model's container image, such as {_DEFAULT_IMAGE}."
)
@click.option(
    "--content-type",
    metavar="TYPE",
    help=f"Content type of a record: {', '.join(CONTENT_TYPES)}, or another.",
)
@click.option(
    "--columns",
    metavar="FILE|NAMES",
    help="A CSV with a header line, or the column names, separated by commas.",
)
@click.option(
    "--id", "id_name", metavar="NAME", help="The column or field to keep next to the model's answer."
)
@click.option(
    "--answer",
    default="prediction",
    show_default=True,
    metavar="NAMES",
    help="The columns of the model's answer, separated by commas.",
)
@click.option("--data", metavar="s3://…", help="The data to score. Default: the stack's input bucket.")
@click.option(
    "--instance-type", default="ml.m5.large", show_default=True, help="The instance type to score on."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write. Default: jobs/NAME.yaml.",
)
def new(
    *,
    name: str | None,
    model: str | None,
    image: str | None,
    content_type: str | None,
    columns: str | None,
    id_name: str | None,
    answer: str,
    data: str | None,
    instance_type: str,
    out: Path | None,
) -> None:
    """Write a new job file, which is valid as it is. On a terminal, asks for what the options leave out.

    An existing file is never overwritten.
    """
    asks = sys.stdin.isatty()
    name = name or _required("Name of the job", "NAME", asks=asks)
    path = out or Path("jobs") / f"{name}.yaml"
    if path.exists():
        raise InputError(f"{path} already exists and is not overwritten; choose another name")
    if asks and content_type is None:
        content_type = click.prompt("Content type of a record", default=CSV)
    if asks and columns is None and content_type == CSV:
        columns = _optional("A CSV whose header line names the columns, or the names, separated by commas")
    if asks and id_name is None and (columns or content_type != CSV):
        id_name = _optional("Column or field to keep next to the answer")
    model = model or _required(
        "Model: a folder, a model.tar.gz in S3, or the name of a model in SageMaker", "--model", asks=asks
    )
    if image is None and (model.startswith("s3://") or Path(model).is_dir()) and asks:
        image = click.prompt("The model's container image", default=_DEFAULT_IMAGE)
    starter = Starter(
        name=name,
        model=model,
        image=image,
        content_type=content_type or CSV,
        columns=columns,
        id_name=id_name,
        answer=tuple(part.strip() for part in answer.split(",")),
        data=data,
        instance_type=instance_type,
    )
    text = starter_text(starter, path=path)
    problems = problems_at(path, text)
    if any(problem.is_error for problem in problems):
        raise JobFileError(_in_options(problems))
    write_new(path, text)
    if problems:
        report_problems(problems)
    click.echo(f"wrote {path}; to see what the job does: batch-transform explain {path}")


def _in_options(problems: Sequence[Problem]) -> list[Problem]:
    """Attribute each problem to the option that caused it: there is no file yet with lines to point to."""
    found: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        field = problem.field
        fitting = [
            one for one in _OPTION_OF_FIELD if field == one or field.startswith((f"{one}.", f"{one}["))
        ]
        option = _OPTION_OF_FIELD[max(fitting, key=len)] if fitting else field
        in_option = dataclasses.replace(problem, field=option, path="", line=0, column=0)
        found.setdefault((problem.code, option), in_option)
    return list(found.values())


def _required(question: str, option: str, *, asks: bool) -> str:
    if not asks:
        raise click.UsageError(f"{option} is required, because there is no terminal to ask for it on")
    answer: str = click.prompt(question)
    return answer


def _optional(question: str) -> str | None:
    answer: str = click.prompt(f"{question} (optional)", default="", show_default=False)
    return answer.strip() or None
