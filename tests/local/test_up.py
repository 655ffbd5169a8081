from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from batch_transform.job.errors import LocalAwsError, PortInUseError
from batch_transform.local.up import LocalAws
from checks.processes import is_running

PARENT = """
import time
from batch_transform.local.up import LocalAws
with LocalAws() as aws:
    print(aws.pid, aws.endpoint_url, flush=True)
    time.sleep(3600)
"""


def test_it_runs_inside_the_block_and_ends_with_it() -> None:
    with LocalAws() as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []
        assert aws.environment()["AWS_ENDPOINT_URL"] == aws.endpoint_url
        pid, log = aws.pid, aws.log_file
        assert log.exists()
    assert not is_running(pid)
    assert not log.exists()


def test_two_instances_are_independent() -> None:
    with LocalAws() as one, LocalAws() as other:
        one.client("s3").create_bucket(Bucket="only-here")
        assert other.client("s3").list_buckets()["Buckets"] == []


def test_requests_without_a_region_use_its_own() -> None:
    with LocalAws(region="eu-central-1") as aws:
        aws.client("sagemaker").create_model(
            ModelName="churn",
            PrimaryContainer={"Image": "http://127.0.0.1:8080"},
            ExecutionRoleArn="arn:aws:iam::000000000000:role/x",
        )
        arn = aws.client("sagemaker").describe_model(ModelName="churn")["ModelArn"]
    assert arn == "arn:aws:sagemaker:eu-central-1:000000000000:model/churn"


def test_its_log_is_kept_at_the_given_path(tmp_path: Path) -> None:
    log = tmp_path / "local-aws.log"
    with LocalAws(log_file=log) as aws:
        assert aws.log_file == log
    assert log.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_its_parent_ends_in_any_way(until: Callable[..., None], number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().split()[0])
        parent.send_signal(number)
    until(lambda: not is_running(pid))


def test_fails_when_the_port_is_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(PortInUseError, match=f"^port {port} of 127.0.0.1 is in use: "),
            LocalAws(port=port),
        ):
            pass


def test_fails_with_the_servers_own_message_when_it_does_not_start(tmp_path: Path) -> None:
    with (
        pytest.raises(LocalAwsError, match=r"the file with account limits cannot be read"),
        LocalAws(quotas=tmp_path / "none"),
    ):
        pass


def test_fails_when_it_is_used_before_it_runs() -> None:
    with pytest.raises(LocalAwsError, match="not up"):
        _ = LocalAws().endpoint_url


def test_a_call_fails_with_its_log_after_it_was_killed(until: Callable[..., None]) -> None:
    with (
        pytest.raises(LocalAwsError, match=r"ended before the program that uses it, by SIGKILL") as failed,
        LocalAws() as aws,
    ):
        client = aws.client("s3")
        os.kill(aws.pid, signal.SIGKILL)
        client.list_buckets()
    assert isinstance(failed.value.__cause__, EndpointConnectionError | ConnectionClosedError)
    log = Path(str(failed.value).rpartition("its log: ")[2])
    assert log.is_file()
    log.unlink()


def test_an_error_of_the_program_itself_is_raised_unchanged_while_it_runs() -> None:
    with pytest.raises(ZeroDivisionError), LocalAws():
        _ = 1 / 0


def test_its_clients_ignore_proxies_and_the_users_aws_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[broken")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name, value in {
        "AWS_PROFILE": "nowhere",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_RETRY_MODE": "odd",
        "AWS_CA_BUNDLE": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    with LocalAws() as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []
        assert aws.environment()["NO_PROXY"] == "localhost,127.0.0.1,::1"


def test_a_crash_does_not_hang(until: Callable[..., None]) -> None:
    with LocalAws() as aws:
        pid = aws.pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_running(pid))
