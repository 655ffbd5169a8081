"""The clients of the functions: what boto3 must know, and how long a call may take."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
import pytest

import aws_client
from aws_client import LONGEST_CALL_SECONDS
from batch_transform.job.errors import Boto3TooOldError

FUNCTIONS = Path(__file__).resolve().parents[2] / "lambda"


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


def test_fails_with_every_member_that_boto3_does_not_know() -> None:
    with pytest.raises(Boto3TooOldError) as error:
        aws_client.aws_client("s3", PutObject=["IfMatch", "IfOdd"], PutOdd=["IfMatch"])
    assert (
        f"boto3 {boto3.__version__} of this Lambda runtime doesn't know PutObject.IfOdd, PutOdd.IfMatch"
        in str(error.value)
    )
    assert f"{aws_client.OLDEST_BOTO3} or newer" in str(error.value)


def test_a_client_has_retries_that_end_within_the_longest_call() -> None:
    config = aws_client.aws_client("s3", PutObject=["IfMatch", "IfNoneMatch"]).meta.config
    attempts = config.retries["total_max_attempts"]
    assert config.retries["mode"] == "standard"
    # botocore, retries/standard.py: each pause is a random part of 2 ** attempt seconds.
    pauses = sum(2**retry for retry in range(attempts - 1))
    assert attempts * (config.connect_timeout + config.read_timeout) + pauses <= LONGEST_CALL_SECONDS


CONDITIONS = re.compile(r"\b(IfMatch|IfNoneMatch|ActionAfterCompletion)\b")


@pytest.mark.parametrize(
    "function", sorted(path.parent for path in FUNCTIONS.glob("*/handler.py")), ids=lambda path: path.name
)
def test_a_function_that_sends_a_recent_member_asks_for_it_when_it_starts(function: Path) -> None:
    sent = {
        member
        for path in function.glob("*.py")
        if path.name != "handler.py"
        for member in CONDITIONS.findall(path.read_text(encoding="utf-8"))
    }
    asked_for = set(CONDITIONS.findall((function / "handler.py").read_text(encoding="utf-8")))
    assert sent == asked_for
