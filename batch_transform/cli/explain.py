"""`batch-transform explain`: explains in words what a job does to the data."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from batch_transform.cli.cost_estimate import estimate, price_option
from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.job_argument import find_job
from batch_transform.cli.options import jobs_option
from batch_transform.explain.explanation import Explanation
from batch_transform.explain.explanation import explain as explanation_of
from batch_transform.explain.limits import ORIGINS
from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.price.price import Price
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.runs.deployed_request import deployed_request
from batch_transform.runs.estimate import Estimate
from batch_transform.runs.prices import PriceCache, given_price

_PIPE_WIDTH = 110  # for text in a file or a log; addresses and commands are never wrapped


@click.command()
@click.argument("job")
@click.option(
    "--records",
    type=click.IntRange(min=0),
    metavar="N",
    help="Number of records to score, for the cost estimate.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="RECORDS_PER_SECOND",
    help="Records that one instance scores per second.",
)
@price_option
@click.option(
    "--deployed",
    "is_deployed",
    is_flag=True,
    help="Ask AWS for the price, and for the size and the last good runs of the deployed job.",
)
@environment_option
@stack_option
@jobs_option
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain(
    *,
    job: str,
    records: int | None,
    rate: float | None,
    price: float | None,
    is_deployed: bool,
    environment_name: str,
    stack: str | None,
    jobs: Path,
    as_json: bool,
) -> None:
    """Explain in words what JOB does: to each record, with which files, under which limits, and at what cost.

    JOB is the name of a job, or a job file. Nothing is built, and no service is called, except with --deployed.

    The price of an instance is --price, or the one that an earlier command has learned from AWS's Price List for the
    region of the environment, of AWS_REGION or of AWS_DEFAULT_REGION.

    The CreateTransformJob request is shown as JSON and as an AWS CLI command.
    """
    spec = find_job(job, jobs, needs_source=False)
    expected = _estimate(spec, environment_name, stack, price) if is_deployed else None
    found = expected.found.price if expected else _price_here(spec, environment_name, price)
    explanation = explanation_of(spec, records=records, rate=rate, price=found)
    if as_json:
        shown = explanation.as_json()
        if expected:
            shown["cost"]["estimate"] = expected.as_json()
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    _show(explanation, console, _sentences_of(expected) if expected else [])


def _sentences_of(expected: Estimate) -> list[str]:
    starts = {"price": "The price is "}
    return [f"{starts.get(label, 'The cost is ')}{text}" for label, text in expected.lines()]


def _estimate(spec: JobSpec, environment_name: str, stack: str | None, price: float | None) -> Estimate:
    """Return what a run of the deployed job will cost, without overrides."""
    deployed = Deployed.in_environment(environment_name, stack)
    [found] = deployed.jobs(spec.name)
    declared = deployed_request(found.state_machine_arn, deployed.clients.stepfunctions)
    return estimate(found, declared, declared.checked({}), deployed, price)


def _price_here(spec: JobSpec, environment_name: str, price: float | None) -> Price | None:
    """Return the price that is known without asking: the given one, or the kept one of the region, if there is one."""
    region = load_environments().named(environment_name).region
    region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    instance_type = spec.transform.instance_type[0]
    if price is not None:
        return given_price(price, instance_type, region or "the region of the job")
    return PriceCache().get(instance_type, region) if region else None


_INDENT = "  "


def _show(explanation: Explanation, console: Console, estimated: Sequence[str] = ()) -> None:
    """Print the sentences first, then the request. `estimated` is what AWS said about the cost."""
    title = Text.assemble(
        (explanation.job, "bold"), f"  {explanation.job_file}" if explanation.job_file else ""
    )
    console.print(title)
    for sentence in (*explanation.start, *explanation.runs):
        _paragraph(console, Text(""), Text(sentence))
    _heading(console, "What happens to a record")
    _rows(
        console,
        [
            (step.name, _remark(step.words, step.filter and f"filter {step.filter}"))
            for step in explanation.record
        ],
    )
    _sentences(console, [f"Filled in: {one}" for one in explanation.derived])
    _heading(console, "Which files")
    _sentences(console, explanation.places.words)
    console.print()
    pattern = [explanation.places.pattern] if explanation.places.pattern else []
    for source, result in [*pattern, *explanation.places.examples]:
        console.print(Text(f"{_INDENT}{source}"), soft_wrap=True)
        console.print(Text(f"{_INDENT}  -> {result}"), soft_wrap=True)
    _heading(console, "Limits")
    _rows(
        console,
        [(limit.name, _remark(f"{limit.words}.", ORIGINS[limit.origin])) for limit in explanation.limits],
    )
    _heading(console, "Cost")
    words = explanation.cost.words(asked_aws=bool(estimated))
    _sentences(console, [*(f"{one}." for one in estimated), *words])
    _heading(console, "The request")
    _sentences(console, [explanation.call])
    console.print()
    for word, meaning in explanation.shown.placeholders.items():
        console.print(Text(f"{_INDENT}{word}: {meaning}"), soft_wrap=True)
    console.print()
    # unwrapped, so that it can be copied
    console.out(json.dumps(explanation.shown.request, indent=2, ensure_ascii=False), highlight=False)
    _heading(console, "The same with the AWS CLI")
    console.out(explanation.aws_cli, highlight=False)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold cyan"))


def _remark(words: str, remark: str) -> Text:
    return Text.assemble(words, (f"  ({remark})", "dim") if remark else "")


def _rows(console: Console, rows: Sequence[tuple[str, Text]]) -> None:
    width = len(_INDENT) + max(len(label) for label, _ in rows) + 2
    for label, text in rows:
        _paragraph(console, Text(f"{_INDENT}{label}".ljust(width), style="cyan"), text)


def _sentences(console: Console, sentences: Sequence[str]) -> None:
    for sentence in sentences:
        _paragraph(console, Text(_INDENT), Text(sentence))


def _paragraph(console: Console, label: Text, text: Text) -> None:
    """Print text beside its label, wrapped, without trailing blanks."""
    lines = text.wrap(console, max(console.width - len(label), 20))
    for at, line in enumerate(lines):
        line.rstrip()
        console.print(Text.assemble(label if at == 0 else " " * len(label), line), soft_wrap=True)
