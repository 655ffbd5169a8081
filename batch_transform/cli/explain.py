"""`batch-transform explain`: what a job does to the data, in words."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from batch_transform.cli.explain_view import show
from batch_transform.cli.job_argument import find_job
from batch_transform.explain.explanation import explain as explanation_of

_PIPE_WIDTH = 110  # of words in a file or a log; addresses and commands are never broken


@click.command()
@click.argument("job")
@click.option("--records", type=click.IntRange(min=0), metavar="N", help="How many records a run scores.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="RECORDS_PER_SECOND",
    help="What one instance scores, measured or guessed.",
)
@click.option(
    "--price", type=click.FloatRange(min=0), metavar="USD_PER_HOUR", help="What one instance costs an hour."
)
@click.option(
    "--jobs", default=Path("jobs"), show_default=True, type=click.Path(path_type=Path), help="The job files."
)
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON, for programs.")
def explain(
    *, job: str, records: int | None, rate: float | None, price: float | None, jobs: Path, as_json: bool
) -> None:
    """Say what JOB does: to each record, to which files, under which limits, at what cost.

    JOB is the job's name, or its file. Nothing is built, and no service is asked.

    The request is shown as JSON and as a command of the AWS CLI.
    """
    explanation = explanation_of(
        find_job(job, jobs, needs_source=False), records=records, rate=rate, price=price
    )
    if as_json:
        click.echo(json.dumps(explanation.as_json(), indent=2, ensure_ascii=False))
        return
    show(explanation, Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH))
