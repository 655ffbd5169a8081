"""`batch-transform fetch`: downloads the results of a run of a deployed job."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.transfer_view import TransferView, console_of, print_line
from batch_transform.job.errors import DataNotFoundError, InputError, KeyPathError, ResultsError
from batch_transform.job.values.wording import counted
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.downloads import Download, Downloader, planned
from batch_transform.runs.files_below import can_be_written
from batch_transform.runs.past_runs import find_run, summary_of
from batch_transform.runs.run_output import objects_text, size_text
from batch_transform.runs.run_place import output_place

_ENDED_WELL = {"SUCCEEDED"}


@dataclass(frozen=True)
class FetchedFile:
    """An object, its file, its bytes, and `fetched` or `unchanged`."""

    uri: str
    file: str
    bytes: int
    result: str


@dataclass(frozen=True)
class FetchReport:
    """What `--json` prints. `status` is as in `runs`; `refused` has the keys that can't be files, with the reason."""

    run: str
    job: str
    status: str
    source: str
    folder: str
    files: list[FetchedFile]
    refused: list[str]


@click.command()
@click.argument("run")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to download to.  [default: out/JOB/RUN]",
)
@click.option("--overwrite", is_flag=True, help="Replace files that have the same name and other content.")
@environment_option
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print the files as JSON.")
def fetch(
    *, run: str, to: Path | None, overwrite: bool, environment_name: str, stack: str | None, as_json: bool
) -> None:
    """Download the results of RUN, with their paths below the run's output prefix.

    RUN is named as in `show`; the name of a job means its most recent run. Files that are there already aren't
    downloaded again. An interrupted download is continued by the same command.

    Exits with 0 once the folder has everything that the run has written so far; 1 if an object couldn't be copied; 2 if
    there is no such run or result, or a file with other content exists; and 130 if you interrupt it.
    """
    deployed = Deployed.in_environment(environment_name, stack)
    found = find_run(run, deployed.jobs(), deployed.clients.stepfunctions, deployed.records())
    status = summary_of(found, deployed.clients).status
    place = output_place(found, deployed.clients)
    folder = to or Path("out") / found.job.name / found.run
    if not can_be_written(folder):
        raise InputError(f"{folder}: the folder is not writable; choose another one with --to")
    s3, console = deployed.s3(), console_of(as_json=as_json)
    began = time.monotonic()
    with aws_calls():
        downloads = planned(place, folder, s3)
    if not downloads.objects and not downloads.refused:
        raise DataNotFoundError(
            f"the run {found.run} ({status}) has no results below {place}/; to see why: "
            f"{deployed.command(f'show {found.run}')}"
        )
    wanted = [one for one in downloads.objects if not one.is_there]
    if not overwrite:
        downloads.require_replaceable(wanted)
    refused = list(downloads.refused)
    with TransferView(console, "fetching", downloads.size) as view, aws_calls():
        view.add(downloads.size - sum(one.size for one in wanted))
        fetched: set[Download] = set()
        try:
            for one, problem in Downloader(s3, view.add).download(wanted, folder):
                if problem is None:
                    fetched.add(one)
                else:
                    refused.append(problem)
        except KeyboardInterrupt:
            click.echo(
                f"about {size_text(view.done)} of {size_text(downloads.size)} fetched to {folder}; run the same "
                "command again to continue",
                err=True,
            )
            raise
    unchanged = [one for one in downloads.objects if one not in set(wanted)]
    if as_json:
        report = FetchReport(
            run=found.run,
            job=found.job.name,
            status=status,
            source=f"{place}/",
            folder=str(folder),
            files=[
                FetchedFile(
                    str(one.source), str(one.file), one.size, "fetched" if one in fetched else "unchanged"
                )
                for one in downloads.objects
                if one in fetched or one in unchanged
            ],
            refused=[str(error) for error in refused],
        )
        click.echo(json.dumps(asdict(report), indent=2, ensure_ascii=False))
    else:
        print_line(console, "fetched", objects_text(len(fetched), sum(one.size for one in fetched)))
        if unchanged:
            print_line(console, "unchanged", objects_text(len(unchanged), sum(one.size for one in unchanged)))
        print_line(console, "from", f"{place}/")
        print_line(console, "to", f"{folder}  in {time.monotonic() - began:.1f} s")
        if status not in _ENDED_WELL:
            text = f"the run is {status}, so these results may be incomplete"
            print_line(console, "warning", text, "bold yellow")
    _require_whole(refused)


def _require_whole(refused: list[KeyPathError]) -> None:
    if refused:
        lines = "\n".join(str(error) for error in refused)
        raise ResultsError(f"{counted(len(refused), 'object')} couldn't be copied:\n{lines}")
