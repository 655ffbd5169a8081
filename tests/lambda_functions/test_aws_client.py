"""The clients of the functions: what boto3 must know, and how long a call may take."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from typing import Any

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
    assert config.retries["mode"] == "standard"
    assert longest_seconds(config) <= LONGEST_CALL_SECONDS


def longest_seconds(config: Any) -> int:
    """How long one call with this configuration may take, with the pauses before its retries."""
    attempts = config.retries["total_max_attempts"]
    # botocore, retries/standard.py: each pause is a random part of 2 ** attempt seconds.
    pauses = sum(2**retry for retry in range(attempts - 1))
    return int(attempts * (config.connect_timeout + config.read_timeout) + pauses)


def clients_of(source: Path) -> list[list[str]]:
    """Return the keywords of each call of `boto3.client` in a file."""
    return [
        [str(keyword.arg) for keyword in node.keywords]
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"boto3.client", "boto3.resource"}
    ]


def test_every_client_of_a_function_has_a_configuration_that_ends_its_calls() -> None:
    made = {
        f"{path.parent.name}/{path.name}": keywords
        for path in FUNCTIONS.glob("*/*.py")
        for keywords in clients_of(path)
    }
    assert made == {"preflight/handler.py": ["region_name", "config"]}, "others use aws_client"


def test_the_clients_for_prices_give_up_within_the_longest_call() -> None:
    path = FUNCTIONS / "preflight/handler.py"
    spec = importlib.util.spec_from_file_location("preflight_handler", path)
    assert spec is not None
    assert spec.loader is not None
    handler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(handler)
    assert longest_seconds(handler._PATIENCE) <= LONGEST_CALL_SECONDS


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
