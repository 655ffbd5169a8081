"""`batch-transform local`: the local AWS on its own, for any AWS client."""

from __future__ import annotations

from pathlib import Path

import click

from batch_transform.cli.options import images_option, offline_option, ping_timeout_option
from batch_transform.local.server import main as serve
from batch_transform.local.settings import DEFAULT_PORT, DEFAULT_REGION


@click.group()
def local() -> None:
    """Run the local AWS on its own, for boto3, the AWS CLI, the CDK or the SageMaker SDK."""


@local.command()
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, help="Port to listen on; 0 means any free port."
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep S3 objects and resources in this folder across restarts. Default: discard them at exit.",
)
@images_option
@click.option(
    "--quotas",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A JSON file with service quotas, to test how a job handles them.",
)
@click.option(
    "--region", default=DEFAULT_REGION, show_default=True, help="Region of requests that don't name one."
)
@ping_timeout_option
@click.option(
    "--alarm-scale",
    default=1.0,
    show_default=True,
    help="Factor for the periods of CloudWatch alarms; 0.01 makes them 100 times shorter.",
)
@click.option(
    "--schedule-scale",
    default=1.0,
    show_default=True,
    help="Factor for the intervals of schedules; 0.05 makes them 20 times shorter.",
)
@click.option(
    "--enforce-iam",
    is_flag=True,
    help="Check IAM permissions, as AWS does. The root user's access key and secret key are both 'local'.",
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

    When it accepts requests, prints `ready: http://127.0.0.1:PORT` and the environment variables for AWS clients.
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
