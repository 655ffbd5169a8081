"""`batch-transform local`: the local AWS by itself, for any AWS client."""

from __future__ import annotations

from pathlib import Path

import click

from batch_transform.cli.options import images_option, offline_option
from batch_transform.local.server import main as serve
from batch_transform.local.settings import DEFAULT_PORT, DEFAULT_REGION


@click.group()
def local() -> None:
    """The local AWS by itself, for boto3, the AWS CLI, cdk or the SageMaker SDK."""


@local.command()
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="0 takes any free port.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep S3 objects and resources here over a restart. Without it, they go when the local AWS ends.",
)
@images_option
@click.option(
    "--quotas",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON with limits of the account, to see how a job meets them.",
)
@click.option("--region", default=DEFAULT_REGION, show_default=True, help="For requests that name none.")
@click.option(
    "--ping-timeout", default=60.0, show_default=True, help="Seconds until a model server must answer."
)
@click.option(
    "--alarm-scale",
    default=1.0,
    show_default=True,
    help="0.01 makes the periods of CloudWatch alarms a hundredth as long.",
)
@click.option(
    "--schedule-scale",
    default=1.0,
    show_default=True,
    help="0.05 makes schedules start after a twentieth of the time.",
)
@click.option(
    "--enforce-iam",
    is_flag=True,
    help="A call needs the permission that it needs on AWS. Key and secret of the account's root: local, local.",
)
@offline_option
def up(
    *,
    port: int,
    data_dir: Path | None,
    images: Path | None,
    quotas: Path | None,
    region: str,
    ping_timeout: float,
    alarm_scale: float,
    schedule_scale: float,
    enforce_iam: bool,
    offline: bool,
) -> int:
    """Serve every AWS API on one port of 127.0.0.1 until Ctrl-C.

    Prints `ready: http://127.0.0.1:PORT` when it accepts requests, and the variables to set for an AWS client.
    """
    options = {
        "--port": port,
        "--data-dir": data_dir,
        "--images": images,
        "--quotas": quotas,
        "--region": region,
        "--ping-timeout": ping_timeout,
        "--alarm-scale": alarm_scale,
        "--schedule-scale": schedule_scale,
    }
    flags = [*(["--enforce-iam"] if enforce_iam else []), *(["--offline"] if offline else [])]
    return serve([*(f"{name}={value}" for name, value in options.items() if value is not None), *flags])
