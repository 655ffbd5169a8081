"""`batch-transform upload`: uploads files to where a deployed job reads its input."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.transfer_view import TransferView, console_of, print_line
from batch_transform.job.errors import InputError
from batch_transform.job.files.input_files import require_fit
from batch_transform.job.values.wording import counted, listed
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.deployed_request import deployed_request
from batch_transform.runs.run_output import objects_text, size_text
from batch_transform.runs.uploads import Outcome, Upload, Uploader, Uploads, planned, require_replaceable

_MOST_NAMES = 5


@dataclass(frozen=True)
class UploadedFile:
    """A file, its object, its bytes, and `uploaded`, `continued` or `unchanged`."""

    file: str
    uri: str
    bytes: int
    result: str


@dataclass(frozen=True)
class UploadReport:
    """What `--json` prints. `left_out` are names below the folders that begin with a dot."""

    job: str
    destination: str
    files: list[UploadedFile]
    left_out: list[str]


@click.command()
@click.argument("job")
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace objects that have the same key and other content.")
@environment_option
@stack_option
@click.option("--json", "as_json", is_flag=True, help="Print the files as JSON.")
def upload(
    *,
    job: str,
    paths: Sequence[Path],
    overwrite: bool,
    environment_name: str,
    stack: str | None,
    as_json: bool,
) -> None:
    """Upload files to where JOB, a deployed job, reads its input.

    A file keeps its name, and the files of a folder keep their paths in it. Names that begin with a dot are left out.
    Files that are there with the same content aren't sent again. An interrupted upload is continued by the same
    command.

    Exits with 0 once all files are there; 2 if nothing was sent, because a file can't be scored by the job or an object
    with other content exists; and 130 if you interrupt it.
    """
    deployed = Deployed.in_environment(environment_name, stack)
    [found] = deployed.jobs(job)
    declared = deployed_request(found.state_machine_arn, deployed.clients.stepfunctions)
    source = declared.request["TransformInput"]["DataSource"]["S3DataSource"]
    if source["S3DataType"] != "S3Prefix":
        raise InputError(
            f"the job {job} reads the objects that the manifest {source['S3Uri']} lists, so there is no place for its "
            "input; upload the objects with aws s3 cp, and then the manifest"
        )
    uploads = planned(paths, declared.input_place)
    require_fit([one.file for one in uploads.files], declared.request)
    s3, console = deployed.s3(), console_of(as_json=as_json)
    began = time.monotonic()
    with TransferView(console, "uploading", uploads.size) as view, aws_calls():
        uploader = Uploader(s3, view.add)
        existing = uploader.existing(uploads)
        if not overwrite:
            require_replaceable(existing)
        unchanged = {one for one, is_same in existing.items() if is_same}
        view.add(sum(one.size for one in unchanged))
        outcomes: dict[Upload, Outcome] = dict.fromkeys(unchanged, Outcome.UNCHANGED)
        try:
            outcomes.update(uploader.upload([one for one in uploads.files if one not in unchanged]))
        except KeyboardInterrupt:
            click.echo(
                f"{len(outcomes):,} of {counted(len(uploads.files), 'file')} uploaded, about {size_text(view.done)} of "
                f"{size_text(uploads.size)}; run the same command again to continue",
                err=True,
            )
            raise
    report = UploadReport(
        job=found.name,
        destination=str(declared.input_place),
        files=[
            UploadedFile(str(one.file), str(one.target), one.size, outcomes[one].value)
            for one in uploads.files
        ],
        left_out=list(uploads.left_out),
    )
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2, ensure_ascii=False))
        return
    took = time.monotonic() - began
    for label, text in _summary(uploads, outcomes, took, destination=report.destination):
        print_line(console, label, text)
    print_line(console, "start", deployed.command(f"start {job}"))


def _summary(
    uploads: Uploads, outcomes: dict[Upload, Outcome], took: float, *, destination: str
) -> list[tuple[str, str]]:
    lines = []
    for outcome, label in (
        (Outcome.UPLOADED, "uploaded"),
        (Outcome.CONTINUED, "continued"),
        (Outcome.UNCHANGED, "unchanged"),
    ):
        files = [one for one in uploads.files if outcomes[one] is outcome]
        if files:
            size = sum(one.size for one in files)
            names = listed([one.file for one in files], _MOST_NAMES)
            lines.append((label, f"{objects_text(len(files), size)}: {names}"))
    if uploads.left_out:
        lines.append(("left out", f"names that begin with a dot: {listed(uploads.left_out, _MOST_NAMES)}"))
    return [*lines, ("to", f"{destination}  in {took:.1f} s")]
