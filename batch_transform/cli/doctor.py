"""`batch-transform doctor`: finds what would stop the first deployment or run in an account."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_transform.cli.options import jobs_option
from batch_transform.doctor.account import Account
from batch_transform.doctor.checkup import examine
from batch_transform.doctor.finding import Finding, Verdict
from batch_transform.doctor.place import DEFAULT_QUALIFIER
from batch_transform.job.errors import BatchTransformError, DataNotFoundError
from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.files.job_file import job_files_in, load_job_files
from batch_transform.job.values.environment import DEFAULT_ENVIRONMENT
from batch_transform.job.values.wording import counted
from batch_transform.runs.aws_calls import PERMISSIONS, aws_calls

_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit
_STYLES = {
    Verdict.FINE: "green",
    Verdict.WARNING: "yellow",
    Verdict.ERROR: "bold red",
    Verdict.NOT_CHECKED: "cyan",
}


@click.command()
@click.option(
    "--environment",
    "environment_name",
    default=DEFAULT_ENVIRONMENT,
    show_default=True,
    help="The environment in environments.yaml to check.",
)
@jobs_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(*, environment_name: str, jobs: Path, as_json: bool) -> None:
    """Check an account for what would stop the first deployment or run.

    Reads the job files, environments.yaml and the account of your AWS credentials, and changes nothing. Checks the
    account and region, the CDK bootstrap, quotas, images, buckets, keys, models, roles, log groups, email
    subscriptions, prices, runs in progress, and whether schedules start runs more often than past runs ended. What your
    credentials may not read is listed as not checked.

    Exits with 1 if something would stop a deployment or a run, and with 0 otherwise, even if there are warnings.
    """
    environment = load_environments().named(environment_name)
    if not jobs.exists():
        raise DataNotFoundError(f"there is no {jobs} folder with job files here; name it with --jobs")
    specs = load_job_files(job_files_in(jobs), environments=[environment])
    import boto3  # noqa: PLC0415 - slow to import, and not needed to reject a wrong file
    from botocore.config import Config  # noqa: PLC0415 - as above
    from botocore.exceptions import NoRegionError  # noqa: PLC0415 - as above

    with aws_calls():
        session: Any = boto3.Session(region_name=environment.region)
        # SageMaker has thousands of quotas, so Service Quotas may throttle the calls
        config = Config(connect_timeout=10, retries={"mode": "standard", "max_attempts": 8})
        region: str | None = session.region_name
        if region is None:
            raise NoRegionError
        partition = session.get_partition_for_region(region)
        regions = session.get_available_regions("sagemaker", partition_name=partition)
    account = Account(
        lambda service, elsewhere=None: session.client(service, region_name=elsewhere, config=config)
    )
    findings = list(
        examine(specs, environment, account, region=region, regions=regions, qualifier=_qualifier())
    )
    if as_json:
        rows = [dataclasses.asdict(finding) for finding in findings]
        click.echo(
            json.dumps({"environment": environment_name, "findings": rows}, indent=2, ensure_ascii=False)
        )
    else:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
        show_findings(findings, console)
    if any(finding.verdict is Verdict.ERROR for finding in findings):
        click.get_current_context().exit(BatchTransformError.exit_code)


def show_findings(findings: Sequence[Finding], console: Console) -> None:
    """Print a table with a line for each finding, and how many of them need something."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold cyan")
    table.add_column("result", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("found, and what to do", overflow="fold")
    for finding in findings:
        table.add_row(
            Text(finding.verdict, style=_STYLES[finding.verdict]),
            Text(finding.check),
            Text.assemble((finding.subject, "bold"), ": " if finding.subject else "", finding.text),
        )
    console.print(table)
    of = {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
    console.print()
    console.print(
        f"{counted(of[Verdict.ERROR], 'error')}, {counted(of[Verdict.WARNING], 'warning')}, "
        f"{of[Verdict.NOT_CHECKED]} not checked, {of[Verdict.FINE]} fine"
    )
    if any(finding.verdict is Verdict.NOT_CHECKED and "needs " in finding.text for finding in findings):
        console.print(f"{PERMISSIONS} has a policy with every permission that doctor needs", soft_wrap=True)


def _qualifier() -> str:
    """Return the bootstrap qualifier that cdk.json sets (CDK Developer Guide, "Customize bootstrapping")."""
    try:
        context = json.loads(Path("cdk.json").read_text(encoding="utf-8")).get("context", {})
    except (OSError, ValueError, AttributeError):
        return DEFAULT_QUALIFIER
    return str(context.get("@aws-cdk/core:bootstrapQualifier", DEFAULT_QUALIFIER))
