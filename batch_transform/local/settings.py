"""The settings of the local AWS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 4566
DEFAULT_REGION = "us-east-1"
DEFAULT_ACCOUNT = "000000000000"
ACCESS_KEY = "local"
"""The access key of the account's root, and its secret. Without enforced IAM, any key works."""


def client_environment(endpoint_url: str, region: str) -> dict[str, str]:
    """Return the environment variables with which any AWS client, the `cdk` CLI too, uses the local AWS."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,  # for boto3 and version 1 of the AWS CLI
    }


@dataclass(frozen=True)
class LocalAwsSettings:
    """How the local AWS runs.

    - `run_dir` holds files that live as long as the process: unpacked models, logs of model servers, Lambda code.
    - `data_dir` keeps S3 objects and the state of the services over a restart. Without it, they are in memory.
    - `images` maps container images to commands (JSON or YAML).
    - `quotas` holds the limits of the account (JSON).
    - `ping_timeout` is how long a model server may take to answer its first ping, in seconds.
    - `wait_scale` shortens the waits and retry intervals of state machines: 0.1 is a tenth of AWS's.
    - `alarm_scale` shortens the periods of alarms: 0.01 turns five minutes into three seconds.
    - `schedule_scale` shortens the time from when a schedule is created or changed to its starts.
    - Without `schedules`, schedules are kept but start nothing.
    - `enforce_iam` checks the permissions of each call; AWS's services act with the roles that they are given.
    - `offline` installs nothing that a model's requirements.txt asks for, beyond what is installed already.
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
