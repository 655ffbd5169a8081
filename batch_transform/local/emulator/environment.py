"""The emulator's settings: environment variables, which it reads when it is imported."""

from __future__ import annotations

import logging
import os
import tempfile

from batch_transform.local.proxies import without_proxy
from batch_transform.local.settings import ACCESS_KEY, DEFAULT_ACCOUNT, LocalAwsSettings

HOST = "127.0.0.1"


def prepare(settings: LocalAwsSettings, port: int) -> None:
    """Set the environment of this process and of the Lambda functions, which inherit it.

    Remove the user's own AWS settings first: nothing in the local AWS may reach a real account.
    """
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(_environment(settings, port))
    logging.getLogger("kms").setLevel(
        logging.ERROR
    )  # it warns about a missing package that nothing here needs
    temporary = settings.run_dir / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(temporary)  # Lambda code is unpacked there, and removed with it


def _environment(settings: LocalAwsSettings, port: int) -> dict[str, str]:
    environment = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_REGION": settings.region,
        "MINISTACK_ACCOUNT_ID": DEFAULT_ACCOUNT,
        "LOG_LEVEL": "WARNING",
        "SFN_WAIT_SCALE": str(settings.wait_scale),
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(settings.wait_scale),  # a minute on AWS
        "LAMBDA_EXECUTOR": "local",  # Lambda functions are Python processes with this environment's packages
        "DOCKER_HOST": "unix:///nonexistent",  # don't look for a container engine
        "IOT_MTLS_ENABLED": "0",  # it would listen on 0.0.0.0:8883
        "SFTP_ENABLED": "0",
        "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EC2_METADATA_DISABLED": "true",  # don't look for credentials on the network
        **without_proxy(os.environ),
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",  # objects are kept by `storage`
    }
    if settings.enforce_iam:
        environment |= {"AUTH": "true", "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": ACCESS_KEY}
    if settings.data_dir is not None:
        environment |= {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(settings.data_dir / "state"),
        }
    return environment
