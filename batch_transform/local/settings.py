"""How the local AWS is to run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 4566
DEFAULT_REGION = "us-east-1"
DEFAULT_ACCOUNT = "000000000000"
ACCESS_KEY = "local"
"""The account's root key, and its secret; where IAM is not enforced any key will do."""


def client_environment(endpoint_url: str, region: str) -> dict[str, str]:
    """Return the environment variables with which any AWS client, the `cdk` CLI too, uses the local AWS."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,  # what version 1 of the AWS CLI, and boto3, read
    }


@dataclass(frozen=True)
class LocalAwsSettings:
    """`run_dir` holds what lives as long as the process: unpacked models, logs of model servers, Lambda code.

    `data_dir` keeps S3 objects and the services' state over a restart; without it they are in memory.
    `images` maps container images to commands (JSON or YAML), `quotas` holds account limits (JSON).
    `ping_timeout` is the time in seconds that a model server has to answer its first ping.
    `offline` installs no packages that a model's requirements.txt asks for, beyond those installed before.
    `enforce_iam` makes every call subject to IAM, and the parts of AWS act with the roles they were given.
    `wait_scale` shortens the waits and the retry pauses of state machines: 0.1 is a tenth, 1 is AWS's.
    `alarm_scale` shortens the periods of alarms: 0.01 turns five minutes into three seconds.
    `schedule_scale` shortens the time from when a schedule was made or changed to its starts. Without
    `schedules` they are kept and start nothing, for a run that is to be the only one.
    """

    run_dir: Path
    data_dir: Path | None = None
    images: Path | None = None
    quotas: Path | None = None
    ping_timeout: float = 60.0
    wait_scale: float = 1.0
    alarm_scale: float = 1.0
    schedule_scale: float = 1.0
    schedules: bool = True
    region: str = DEFAULT_REGION
    enforce_iam: bool = False
    offline: bool = False
