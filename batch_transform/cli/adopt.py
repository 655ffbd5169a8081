"""`batch-transform adopt`: writes a job file for an existing transform job."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path

import click

from batch_transform.adopt.adopted import Adopted
from batch_transform.adopt.job_text import job_text, read_back
from batch_transform.adopt.request_json import adopt_json
from batch_transform.adopt.sdk_call import adopt_sdk_call
from batch_transform.cli.problem_report import report_problems
from batch_transform.job.errors import DataNotFoundError, InputError
from batch_transform.job.files.regular_file import read_file
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.scaffold.new_file import write_new

_STDIN = "-"
_TRANSFORM_JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@click.command()
@click.argument("source", metavar="FILE|-|JOBNAME")
@click.option(
    "--from-sdk",
    is_flag=True,
    help="FILE is a Python script, a notebook, or a Markdown file with Python code that creates a transform job with "
    "the SageMaker SDK, boto3 or Airflow.",
)
@click.option(
    "--call",
    type=click.IntRange(min=1),
    metavar="N",
    help="The call to read, if the code creates several transform jobs: 1 for the first.",
)
@click.option("--name", help="The name of the job. Default: the transform job's name without its timestamp.")
@click.option("--state", help="The state to read, if a state machine creates several transform jobs.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; an existing file is never overwritten. Default: print the job file.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the job file, the request and the problems as JSON."
)
def adopt(
    *,
    source: str,
    from_sdk: bool,
    call: int | None,
    name: str | None,
    state: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write a job file that sends the same request as an existing transform job.

    FILE contains a CreateTransformJob request in JSON, Airflow's {"Transform": ...} around one, a Step Functions state
    or state machine with one, or the output of `aws sagemaker describe-transform-job`; - is standard input. JOBNAME,
    which is not a file, is the name of a transform job in your account; it is described with your credentials, or at
    AWS_ENDPOINT_URL.

    With --from-sdk, the code is read but never run. Anything that cannot be read is reported with its place.

    Exits with 2 if the job file has errors, or lacks something that may affect results, such as a filter whose value
    is known only when the code runs. The job file is still written.
    """
    adopted = _adopted(source, from_sdk=from_sdk, call=call, state=state)
    text = job_text(adopted, name=name or adopted.job_name)
    problems = read_back(text, adopted, shown_path=str(out) if out else "<job file>")
    if out:
        write_new(out, text)
    if as_json:
        report = {
            "job_file": text,
            "request": adopted.request,
            "unknown": {".".join(path): text for path, text in adopted.unknown.items()},
            "left_out": [dataclasses.asdict(one) for one in adopted.left_out],
            "problems": [problem.__dict__ for problem in problems],
        }
        click.echo(json.dumps(report, indent=2))
    elif out:
        click.echo(f"wrote {out}; to see what the job does: batch-transform explain {out}")
    else:
        click.echo(text, nl=False)
    if not as_json:
        _report_left_out(adopted)
        if problems:
            report_problems(problems)
    if any(problem.is_error for problem in problems) or any(one.may_matter for one in adopted.left_out):
        click.get_current_context().exit(InputError.exit_code)


def _report_left_out(adopted: Adopted) -> None:
    for one in adopted.left_out:
        word, colour = ("error", "red") if one.may_matter else ("warning", "yellow")
        click.echo(f"{click.style(f'{word}:', fg=colour, bold=True)} {one}", err=True)


def _adopted(source: str, *, from_sdk: bool, call: int | None, state: str | None) -> Adopted:
    path = Path(source)
    if source != _STDIN and not path.exists() and not from_sdk and _TRANSFORM_JOB_NAME.fullmatch(source):
        import boto3  # noqa: PLC0415 - slow to import, and not needed to read a file

        from batch_transform.adopt.described_job import adopt_described  # noqa: PLC0415 - as above

        with aws_calls():  # the profile may not exist, or its file may be broken
            session = boto3.Session()
        return adopt_described(source, session)
    origin = "standard input" if source == _STDIN else source
    text = _text(source, path)
    if from_sdk:
        return adopt_sdk_call(text, origin=origin, call=call)
    return adopt_json(text, origin=origin, state=state)


def _text(source: str, path: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if source == _STDIN else read_file(path)
        return data.decode("utf-8-sig")
    except OSError as error:
        raise DataNotFoundError(f"{source} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{source} is not UTF-8 text") from error
