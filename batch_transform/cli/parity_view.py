"""What `parity` prints: prices, definitions, cases and findings."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from batch_transform.parity.outcome import Result, summary
from batch_transform.parity.probes import Finding
from batch_transform.parity.steps import INSTANCE_TYPE, S3_PRICES, Step
from batch_transform.runs.prices import FoundPrice

if TYPE_CHECKING:
    from batch_transform.parity.definitions import MachineResult

_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit


def show_prices(steps: Sequence[Step], found: FoundPrice | None) -> None:
    """Print what each step costs, to standard error. `found` is None if all of them are free."""
    price = found.price if found else None
    console = _console(stderr=True)
    table = Table("step", "question", "instance hours", "S3 requests", "price")
    for step in steps:
        cost = step.cost(price)
        table.add_row(
            step.id,
            _literal(step.question),
            f"{step.effort.instance_hours:.2f}" if step.effort.instance_hours else "0",
            f"{step.effort.writes + step.effort.reads:,}",
            "0" if step.is_free else str(cost) if cost else "not known",
        )
    console.print(table)
    if found is None:
        return
    if price is not None:
        console.print(_literal(f"the prices are estimates from {price}, and {S3_PRICES}"), soft_wrap=True)
    if found.remark:
        console.print(_literal(found.remark), soft_wrap=True)
    console.print(
        f"Each job runs on one {INSTANCE_TYPE}: check your quota for it (--at-once), and your own prices.",
        soft_wrap=True,
    )


def progress(what: str) -> Callable[[int, int], None]:
    """Return a function that shows how much is done, on a terminal."""
    of = progress_of("0")
    return lambda done, total: of(what, done, total)


def progress_of(step: str) -> Callable[[str, int, int], None]:
    """Return a function that shows what is done in a step, on a terminal."""

    def show(what: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\033[Kstep {step}: {done:,} of {total:,} {what}", err=True, nl=False)

    return show


def end_progress() -> None:
    """Clear the line of the progress."""
    if sys.stderr.isatty():
        click.echo("\r\033[K", err=True, nl=False)


def print_definitions(results: Sequence[MachineResult]) -> None:
    """Print a row for each definition, every diagnostic and every difference, and the counts."""
    console = _console()
    table = Table(
        "job", "validator", "states", "requests", "same", "different", "expressions", show_lines=True
    )
    for result in results:
        cases = result.cases
        count = len(cases.cases) if cases else 0
        evaluated = cases.expressions - len(cases.not_evaluated) if cases else 0
        colour = "green" if result.is_same else "red"
        table.add_row(
            result.machine.name,
            "; ".join(_literal(str(each)) for each in result.diagnostics) or "OK",
            str(cases.states) if cases else "not tested",
            str(count),
            f"[{colour}]{count - result.differing if cases else 0}[/]",
            f"[{colour}]{result.differing}[/]",
            f"{evaluated} of {cases.expressions}" if cases else "0",
        )
    console.print(table)
    for result in results:
        for difference in result.differences:
            console.print(_literal(f"{result.machine.name}: {difference}"), soft_wrap=True)
        for missed in (*result.cases.not_reached, *result.cases.not_evaluated) if result.cases else ():
            console.print(_literal(f"{result.machine.name}: no request tests {missed}"), soft_wrap=True)
    requests = sum(len(result.cases.cases) for result in results if result.cases)
    differing = sum(result.differing for result in results if result.cases)
    refused = sum(result.cases is None for result in results)
    console.print(
        f"{len(results)} definitions, {refused} refused: {requests} requests, {requests - differing} same, "
        f"{differing} different",
        soft_wrap=True,
    )


def print_definition_json(result: MachineResult) -> None:
    """Print one definition as a JSON object."""
    cases = result.cases
    line = {
        "job": result.machine.name,
        "state_machine": result.machine.arn,
        "diagnostics": [asdict(each) for each in result.diagnostics],
        "states": cases.states if cases else 0,
        "requests": len(cases.cases) if cases else 0,
        "different": result.differing,
        "differences": [asdict(each) for each in result.differences],
        "expressions": cases.expressions if cases else 0,
        "not_evaluated": cases.not_evaluated if cases else (),
        "not_reached": cases.not_reached if cases else (),
    }
    click.echo(json.dumps(line))


def print_finding(step: Step, finding: Finding, *, as_json: bool) -> None:
    """Print what a probe found."""
    if as_json:
        click.echo(json.dumps({"probe": finding.probe, "size": step.size, "found": finding.figures}))
        return
    click.echo(f"{finding.probe} (size {step.size:,}): {step.question}")
    for sentence in finding.sentences:
        click.echo(f"  {sentence}")


def print_cases_json(results: Sequence[Result]) -> None:
    """Print one JSON object for each case."""
    for result in results:
        case, outcome = result.case, result.outcome
        line = {
            "id": case.id,
            "evidence": case.evidence,
            "source": case.source,
            "completeness": case.completeness,
            "register": case.register,
            "differences": result.differences,
            "got": {
                **asdict(outcome),
                "outputs": {
                    key: body.decode("utf-8", "backslashreplace") for key, body in outcome.outputs.items()
                },
                "described": None,
            },
        }
        click.echo(json.dumps(line))


def print_cases(results: Sequence[Result]) -> None:
    """Print a row for each case, and the counts."""
    console = _console()
    table = Table("case", "evidence", "expected", "got", show_lines=True)
    for result in results:
        case = result.case
        got = "\n".join(result.differences) or ("same" if not case.is_unknown else summary(result.outcome))
        known = summary(case.expected) if not case.is_unknown else f"not documented ({case.register})"
        colour = "red" if result.differences else "yellow" if case.is_unknown else "green"
        table.add_row(
            f"{case.id}\n{case.title}", case.evidence, _literal(known), f"[{colour}]{_literal(got)}[/]"
        )
    console.print(table)
    differing = sum(bool(result.differences) for result in results)
    unknown = sum(result.case.is_unknown for result in results)
    console.print(
        f"{len(results)} cases: {len(results) - unknown - differing} same, {differing} different, "
        f"{unknown} not documented"
    )


def _literal(text: str) -> str:
    """Return the text with its brackets escaped, so that they are not read as markup."""
    return text.replace("[", r"\[")


def _console(*, stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    return console
