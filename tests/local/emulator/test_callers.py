"""The local AWS answers programs on this machine, but neither web pages nor foreign host names that resolve to it."""

from __future__ import annotations

import http.client
import socket
from typing import Any

import pytest
from botocore.config import Config

from batch_transform.local.emulator.callers import is_local
from patience import PATIENCE_SECONDS

LOCAL = [
    "127.0.0.1",
    "127.0.0.1:4566",
    "localhost",
    "LocalHost:4566",
    "localhost.",
    "[::1]:4566",
    "127.0.0.2",
    "bucket.localhost:4566",
    "a.b.c.s3.localhost:4566",
    "bucket.s3.us-east-1.localhost:4566",
    "bucket.127.0.0.1:4566",
    "000000000000.localhost:4566",
    "api.localhost",
    "sync-localhost:4566",
    "sync-127.0.0.1:4566",
    "stream-localhost",
    "data-localhost",
]
FOREIGN = [
    "evil.example",
    "evil.example:4566",
    "localhost.evil.example",
    "127.0.0.1.evil.example:4566",
    "evil-localhost",
    "evillocalhost",
    "sync-evil.example",
    "bucket.s3.us-east-1.amazonaws.com",
    "0.0.0.0:4566",
    "[::]:4566",
    "192.168.0.7",
    "10.0.0.1:4566",
    "[fe80::1]",
    "",
    ":4566",
    "localhost:4566:1",
    "user@localhost",
    "localhost/evil.example",
]


@pytest.mark.parametrize("host", LOCAL)
def test_a_name_of_this_machine_is_local(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_any_other_name_is_not_local(host: str) -> None:
    assert not is_local(host)


def get(lab: Any, *headers: tuple[str, str], path: str = "/") -> tuple[int, str]:
    """Send a GET with these headers and no others."""
    address, port = lab.aws.endpoint_url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(address, int(port), timeout=PATIENCE_SECONDS)
    connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@pytest.mark.parametrize("host", LOCAL)
def test_a_service_answers_a_call_to_each_local_host(lab: Any, host: str) -> None:
    status, text = get(lab, ("Host", host), path=f"/{lab.bucket()}/none")
    assert status in {404, 405}  # S3's own answers, with the bucket in the path or in the host name
    assert "the local AWS answers" not in text


def test_a_bucket_is_read_as_a_host_name_before_localhost(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"1,2\n"})
    port = lab.aws.endpoint_url.rpartition(":")[2]
    for host in (f"{bucket}.localhost:{port}", f"{bucket}.s3.localhost:{port}"):
        assert get(lab, ("Host", host), path="/in/a.csv") == (200, "1,2\n")


@pytest.mark.parametrize("host", [host for host in FOREIGN if "/" not in host])
def test_fails_for_a_foreign_name_that_points_here(lab: Any, host: str) -> None:
    bucket = lab.bucket(**{"a.csv": b"secret\n"})
    status, text = get(lab, ("Host", host), path=f"/{bucket}/in/a.csv")
    assert status in {400, 403}  # 400 is the server's own, for an invalid Host header
    assert "secret" not in text
    if status == 403:
        assert text == (
            "the local AWS accepts requests to 127.0.0.1, localhost, names that end in .localhost or .127.0.0.1, and "
            f"[::1], with any port; this one has the host '{host}'; check AWS_ENDPOINT_URL\n"
        )


def test_fails_for_a_second_host_that_is_not_local(lab: Any) -> None:
    status, _ = get(lab, ("Host", "localhost"), ("Host", "evil.example"))
    assert status in {400, 403}


def test_fails_when_no_host_is_named(lab: Any) -> None:
    address, port = lab.aws.endpoint_url.removeprefix("http://").split(":")
    with socket.create_connection((address, int(port)), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = connection.makefile("rb").read().decode()
    assert answer.split("\r\n")[0].split()[1] == "403"
    assert answer.endswith("this one has no Host header; check AWS_ENDPOINT_URL\n")


@pytest.mark.parametrize("addressing", ["path", "auto", "virtual"])
def test_boto3_reaches_a_bucket_however_it_addresses_it(lab: Any, addressing: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"1,2\n"})
    for url in (lab.aws.endpoint_url, lab.aws.endpoint_url.replace("127.0.0.1", "localhost")):
        if addressing != "path" and "localhost" in url and not _resolves(f"{bucket}.localhost"):
            continue
        s3 = lab.aws.session().client(
            "s3", endpoint_url=url, config=Config(s3={"addressing_style": addressing})
        )
        assert s3.get_object(Bucket=bucket, Key="in/a.csv")["Body"].read() == b"1,2\n"


def _resolves(name: str) -> bool:
    try:
        socket.getaddrinfo(name, 80)
    except OSError:
        return False
    return True
