"""`batch-transform preview`: shows what a job does with the first records of an input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from batch_transform.cli.job_argument import find_job
from batch_transform.cli.options import (
    images_option,
    jobs_option,
    models_option,
    offline_option,
    overridden,
    overrides_option,
    parse_overrides,
)
from batch_transform.cli.preview_view import as_json, show
from batch_transform.engine.interfaces import ModelInvoker
from batch_transform.job.errors import InputError, TransformJobError
from batch_transform.job.files.stand_in import with_stand_in
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.preview.given_answer import GivenAnswer, read_answer
from batch_transform.preview.preview import preview as preview_of
from batch_transform.preview.source import first_in_manifest, open_source
from batch_transform.runs.aws_calls import aws_calls

_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit


@click.command()
@click.argument("job")
@click.option(
    "--input",
    "place",
    metavar="FILE|s3://BUCKET/KEY",
    help="The data to read. Default: the job's input.data.",
)
@click.option(
    "-n",
    "--records",
    "count",
    default=5,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Number of records to show.",
)
@overrides_option
@click.option(
    "--answer",
    metavar="FILE|TEXT",
    help="The model's answers: one line for each record, or one line for all.",
)
@click.option(
    "--model", "use_model", is_flag=True, help="Get the answers from the job's model, served on this machine."
)
@images_option
@models_option
@offline_option
@click.option(
    "--check",
    default=10_000,
    show_default=True,
    type=click.IntRange(min=0),
    metavar="N",
    help="Look for problems in the first N records; 0 means all.",
)
@jobs_option
@click.option("--json", "print_json", is_flag=True, help="Print the preview as JSON.")
def preview(
    *,
    job: str,
    place: str | None,
    count: int,
    overrides: tuple[str, ...],
    answer: str | None,
    use_model: bool,
    images: Path | None,
    models: Path | None,
    offline: bool,
    check: int,
    jobs: Path,
    print_json: bool,
) -> None:
    """Show what JOB does with the first records of an input, and the problems found in them.

    JOB is the name of a job, or a job file. For each record, shows the record itself, what the model gets, what it
    answers (the text in --answer, or the real answer with --model) and what the result keeps, with column names. The
    records go through the same engine as in a run. Only the start of a large input is read.

    Exits with 2 if the input has errors: the job would fail, or score something that isn't a record.
    """
    if answer is not None and use_model:
        raise click.UsageError("--answer and --model cannot be combined; keep one of them")
    spec = find_job(job, jobs)
    run_input = parse_overrides(overrides)
    request = overridden(spec, run_input)
    place = place or _own_input(request, has_data=spec.input.data is not None or "input.data" in run_input)
    with (
        _answering(
            _with_stand_in(spec, models) if use_model else spec,
            request,
            use_model=use_model,
            images=images,
            offline=offline,
        ) as (
            served,
            parameters,
        ),
        open_source(place, _s3) as source,
    ):
        is_split = request["TransformInput"].get("SplitType") == "Line"
        given = None if answer is None else _given(answer, count, split_lines=is_split)
        made = preview_of(
            spec,
            request,
            source,
            count=count,
            check=max(check, count) if check else None,
            invoker=given or served,
            execution_parameters=parameters,
        )
    if print_json:
        click.echo(json.dumps(as_json(spec, made), indent=2, ensure_ascii=False))
    else:
        show(spec, made, Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH))
    if made.has_errors:
        click.get_current_context().exit(InputError.exit_code)


def _own_input(request: Mapping[str, Any], *, has_data: bool) -> str:
    if not has_data:
        raise InputError("there is nothing to read; name a file or an object with --input")
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    is_manifest = source["S3DataType"] == "ManifestFile"
    return first_in_manifest(source["S3Uri"], _s3) if is_manifest else str(source["S3Uri"])


def _with_stand_in(spec: JobSpec, models: Path | None) -> JobSpec:
    try:
        return with_stand_in(spec, models)
    except InputError as error:
        if models is not None:
            raise
        raise InputError(f"{error}; or pass the answer with --answer") from error


def _given(answer: str, count: int, *, split_lines: bool) -> GivenAnswer:
    return GivenAnswer(read_answer(answer, lines=count if split_lines else None), split_lines=split_lines)


@contextmanager
def _answering(
    spec: JobSpec, request: Mapping[str, Any], *, use_model: bool, images: Path | None, offline: bool
) -> Iterator[tuple[ModelInvoker | None, Mapping[str, Any]]]:
    if not use_model:
        yield None, {}
        return
    from batch_transform.preview.local_model import local_model  # noqa: PLC0415 - model servers are slow to import

    try:
        with aws_calls(), local_model(spec, request, _s3, images, offline=offline, say=_say) as served:
            yield served.invoker, served.execution_parameters
    except TransformJobError as error:
        output = ["the last lines of its output:", *(f"    {line}" for line in error.log_lines)]
        lines = [f"the model did not start: {error}", *(output if error.log_lines else [])]
        raise TransformJobError("\n".join(lines)) from error


def _say(line: str) -> None:
    click.echo(line, err=True)


def _s3() -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    import boto3  # noqa: PLC0415 - slow to import, and not needed for a local file

    return boto3.client("s3")
