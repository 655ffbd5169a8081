"""`batch-transform compare`: compares two runs."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from batch_transform.cli.compare_options import Options, compare_options
from batch_transform.cli.compare_view import show_comparison
from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.runs import moment_text
from batch_transform.cli.transfer_view import TransferView, console_of
from batch_transform.compare.comparison import Comparison, Side, compare_sides
from batch_transform.compare.outcome import QUANTILES, Column
from batch_transform.compare.rows import OUT
from batch_transform.job.errors import DataNotFoundError, ResultsError
from batch_transform.job.record.names import OBJECTS_FILE, RUN_FILE
from batch_transform.job.request.overrides import Columns
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.deployed_request import deployed_request
from batch_transform.runs.downloads import Download, Downloader, Downloads, planned
from batch_transform.runs.past_runs import find_run
from batch_transform.runs.run_facts import facts_of_record, facts_of_run
from batch_transform.runs.run_place import output_place
from batch_transform.runs.run_record import local_record


@click.command()
@click.argument("first", metavar="RUN|FOLDER")
@click.argument("second", metavar="RUN|FOLDER")
@compare_options
@environment_option
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def compare(
    *,
    first: str,
    second: str,
    key: str | None,
    predictions: tuple[str, ...],
    tolerance: float,
    max_changed: float | None,
    environment_name: str,
    stack: str | None,
    as_json: bool,
) -> None:
    """Compare two runs: definition, model, inputs, counts, time and cost, and their predictions, row by row.

    RUN is named as in `show`. FOLDER has results that `fetch` or `run` has copied. The rows are joined by a column of
    the input that the job keeps.

    Exits with 0; with 1 if more changed than --max-changed allows, or if the runs have no key in common; and with 2 if
    a run, a folder or a column doesn't exist.
    """
    options = Options(key, predictions, tolerance, max_changed)
    with tempfile.TemporaryDirectory(prefix="batch-transform-compare-") as folder:
        sides = sides_of([first, second], Path(folder), environment_name, stack, as_json=as_json)
        show(sides[0], sides[1], options, as_json=as_json)


def show(first: Side, second: Side, options: Options, *, as_json: bool) -> None:
    """Compare two runs, and print how they differ. Raises CompareError if more changed than is allowed."""
    comparison = compare_sides(
        first, second, key=options.key, predictions=options.predictions, tolerance=options.tolerance
    )
    if as_json:
        click.echo(
            json.dumps(
                report(comparison, options.max_changed), indent=2, ensure_ascii=False, default=moment_text
            )
        )
    else:
        show_comparison(comparison, console_of(as_json=False), max_changed=options.max_changed)
    if options.max_changed is not None:
        comparison.require_at_most(options.max_changed)


def sides_of(
    named: Sequence[str], folder: Path, environment_name: str, stack: str | None, *, as_json: bool
) -> list[Side]:
    """Return the runs, with their results on this machine: those of deployed runs are downloaded below `folder`."""
    deployed = None
    sides: list[Side] = []
    waiting: list[tuple[int, _Deployed]] = []
    for number, name in enumerate(named):
        if Path(name).is_dir():
            sides.append(local_side(name, Path(name)))
            continue
        deployed = deployed or Deployed.in_environment(environment_name, stack)
        one = _Deployed.find(name, deployed, folder / str(number))
        sides.append(one.side)
        waiting.append((number, one))
    if deployed and waiting:
        with (
            TransferView(
                console_of(as_json=as_json), "fetching", sum(one.size for _, one in waiting)
            ) as view,
            aws_calls(),
        ):
            for number, one in waiting:
                sides[number] = one.fetched(Downloader(deployed.s3(), view.add))
    return sides


@dataclass(frozen=True)
class _Deployed:
    """A deployed run, and the objects to download."""

    side: Side
    downloads: Downloads
    wanted: tuple[Download, ...]

    @classmethod
    def find(cls, name: str, deployed: Deployed, folder: Path) -> _Deployed:
        found = find_run(name, deployed.jobs(), deployed.clients.stepfunctions)
        facts = facts_of_run(found, deployed.clients)
        columns = deployed_request(found.job.state_machine_arn, deployed.clients.stepfunctions).columns
        with aws_calls():
            downloads = planned(output_place(found, deployed.clients), folder, deployed.s3())
        wanted = tuple(
            one for one in downloads.objects if one.name.endswith(OUT) or one.name in {RUN_FILE, OBJECTS_FILE}
        )
        return cls(Side(found.run, facts, (), columns=columns), downloads, wanted)

    @property
    def size(self) -> int:
        return sum(one.size for one in self.wanted)

    def fetched(self, downloader: Downloader) -> Side:
        problems = [
            str(problem) for _, problem in downloader.download(self.wanted, self.downloads.folder) if problem
        ]
        problems += [str(error) for error in self.downloads.refused if error.name.endswith(OUT)]
        if problems:
            raise ResultsError("\n".join(problems))
        local = local_side(self.side.name, self.downloads.folder, needs_results=False)
        return dataclasses.replace(local, facts=local.facts or self.side.facts, columns=self.side.columns)


def local_side(name: str, folder: Path, *, needs_results: bool = True) -> Side:
    """Return the run whose results are in a folder. Raises DataNotFoundError if there are none."""
    files = tuple(sorted(file for file in folder.rglob(f"*{OUT}") if file.is_file()))
    if needs_results and not files:
        raise DataNotFoundError(f"{folder} has no results: no file in it has a name that ends with {OUT}")
    record, objects = local_record(folder), folder / OBJECTS_FILE
    facts = None if record is None else facts_of_record(record)
    return Side(facts.run if facts else name, facts, files, objects if objects.is_file() else None, Columns())


def report(comparison: Comparison, max_changed: float | None) -> dict[str, Any]:
    """Return what `--json` prints."""
    outcome = comparison.outcome
    return {
        "runs": [
            {"name": side.name, **(dataclasses.asdict(side.facts) if side.facts else {})}
            for side in (comparison.first, comparison.second)
        ],
        "differences": None
        if comparison.differences is None
        else [dataclasses.asdict(one) for one in comparison.differences],
        "inputs": None if comparison.inputs is None else dataclasses.asdict(comparison.inputs),
        "key": outcome.key,
        "keys": {**dataclasses.asdict(outcome.keys), "total": outcome.keys.total},
        "predictions": [_column(column) for column in outcome.columns],
        "max_changed": max_changed,
        "passed": None if max_changed is None else not comparison.above(max_changed),
    }


def _column(column: Column) -> dict[str, Any]:
    found = {"kind": "numbers" if column.are_numbers else "classes", **dataclasses.asdict(column)}
    for side in ("first", "second"):
        if (numbers := found[side]) is not None:
            names = [f"{part:g}" for part in QUANTILES]
            numbers["quantiles"] = dict(zip(names, numbers["quantiles"], strict=False))
            numbers["mean"] = numbers["mean"] if numbers["count"] else None
    found["classes"] = [
        {"name": name, "first": first, "second": second} for name, first, second in column.classes
    ]
    return found
