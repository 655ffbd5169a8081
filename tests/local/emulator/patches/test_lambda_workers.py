from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches import lambda_workers
from batch_transform.local.emulator.patches.lambda_workers import (
    MOST_IN_ALL,
    MOST_OF_A_FUNCTION,
    PATIENCE_SECONDS,
    WorkerPlaces,
)
from batch_transform.local.up import LocalAws

PROGRAMS = 1 if sys.platform == "linux" else 0
"""How many processes with the command of a worker only start others."""

HANDLER = """
import os

import boto3


def handler(event, context):
    try:
        import batch_transform
        has_project = True
    except ImportError:
        has_project = False
    account = boto3.client("sts").get_caller_identity()["Account"]
    return {"has_project": has_project, "account": account, "endpoint": os.environ["AWS_ENDPOINT_URL"]}
"""


def test_a_function_reaches_the_local_aws_and_sees_only_its_own_files(lab: Any) -> None:
    functions, name = lab.aws.client("lambda"), create_function(lab, HANDLER)
    answer = json.load(functions.invoke(FunctionName=name)["Payload"])
    assert answer == {"has_project": False, "account": "000000000000", "endpoint": lab.aws.endpoint_url}


SLEEPER = "import time\n\n\ndef handler(event, context):\n    time.sleep(3600)\n"


def test_a_running_function_ends_when_its_local_aws_is_killed(
    make_lab: Callable[[LocalAws], Any], until: Callable[..., None], processes: Callable[[str], list[str]]
) -> None:
    with LocalAws() as aws:
        lab, mark = make_lab(aws), str(aws.log_file.parent)
        name = create_function(lab, SLEEPER, Timeout=900)
        lab.aws.client("lambda").invoke(FunctionName=name, InvocationType="Event")
        until(lambda: len(workers(processes(mark))) > PROGRAMS)
        os.kill(aws.pid, signal.SIGKILL)
        until(lambda: not processes(mark))


SHORT = """
import time


def handler(event, context):
    time.sleep(0.2)
    return event
"""

NESTED = """
import json

import boto3


def handler(event, context):
    if event == 0:
        return 0
    answer = boto3.client("lambda").invoke(FunctionName=context.function_name, Payload=json.dumps(event - 1))
    return json.load(answer["Payload"]) + 1
"""

WAITING = """
import time

import boto3


def handler(event, context):
    s3 = boto3.client("s3")
    if event["puts"]:
        s3.put_object(Bucket=event["bucket"], Key="go", Body=b"")
    while not s3.list_objects_v2(Bucket=event["bucket"], Prefix="go")["KeyCount"]:
        time.sleep(0.1)
"""


def test_a_burst_of_calls_shares_a_bounded_number_of_workers(
    make_lab: Callable[[LocalAws], Any], processes: Callable[[str], list[str]]
) -> None:
    with LocalAws() as aws, ThreadPoolExecutor(60) as callers:
        lab, mark = make_lab(aws), str(aws.log_file.parent)
        names = [create_function(lab, SHORT) for _ in range(4)]
        functions = aws.client("lambda")
        calls = [callers.submit(call, functions, names[number % 4], number) for number in range(60)]
        most, began = 0, time.monotonic()
        while not all(each.done() for each in calls):
            most = max(most, len(workers(processes(mark))) - PROGRAMS)
        assert [each.result() for each in calls] == list(range(60))
        # on a busy machine, none may become free for so long that another one is started
        assert 1 < most <= MOST_IN_ALL + (time.monotonic() - began) // PATIENCE_SECONDS


def test_a_function_that_calls_itself_more_often_than_there_are_workers_ends(lab: Any) -> None:
    depth = MOST_OF_A_FUNCTION + 2
    assert call(lab.aws.client("lambda"), create_function(lab, NESTED, Timeout=60), depth) == depth


def test_functions_that_hold_all_places_do_not_keep_out_the_one_that_they_wait_for(lab: Any) -> None:
    name, bucket = create_function(lab, WAITING, Timeout=60), lab.bucket()
    functions = lab.aws.client("lambda")
    with ThreadPoolExecutor(MOST_OF_A_FUNCTION + 1) as callers:
        calls = [
            callers.submit(call, functions, name, {"bucket": bucket, "puts": puts})
            for puts in [False] * MOST_OF_A_FUNCTION + [True]
        ]
        assert [each.result() for each in calls] == [None] * len(calls)


WAITS_FOR_AN_OBJECT = """
import time
import boto3


def handler(event, context):
    s3 = boto3.client("s3")
    s3.put_object(Bucket=event, Key="begun", Body=b"")
    while s3.list_objects_v2(Bucket=event, Prefix="go-on")["KeyCount"] == 0:
        time.sleep(0.1)
    return "old"
"""


def test_a_call_in_progress_ends_in_the_code_that_it_began_with(lab: Any, until: Callable[..., None]) -> None:
    functions, s3, bucket = lab.aws.client("lambda"), lab.aws.client("s3"), lab.name().lower()
    s3.create_bucket(Bucket=bucket)
    name = create_function(lab, WAITS_FOR_AN_OBJECT, Timeout=300)

    def call() -> Any:
        return json.load(functions.invoke(FunctionName=name, Payload=json.dumps(bucket))["Payload"])

    with ThreadPoolExecutor(1) as caller:
        begun = caller.submit(call)
        until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="begun")["KeyCount"])
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            code.writestr("handler.py", "def handler(event, context):\n    return 'new'\n")
        functions.update_function_code(FunctionName=name, ZipFile=archive.getvalue())
        assert call() == "new"
        s3.put_object(Bucket=bucket, Key="go-on", Body=b"")
        assert begun.result() == "old"


def test_idle_workers_end_and_busy_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lambda_runtime, "_workers", {})
    monkeypatch.setattr(lambda_workers, "IDLE_SECONDS", -1.0)
    places, config = WorkerPlaces(), {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f"}
    busy, how = places.acquire("f", config, b"")
    idle, _ = places.acquire("f", config, b"")
    assert how == "spawn"
    places.release(idle)
    places.end_idle()
    assert [worker for workers in lambda_runtime._workers.values() for worker in workers] == [busy]


def workers(commands: list[str]) -> list[str]:
    """Return the commands of workers, and of the program that forks for them."""
    return [command for command in commands if "_worker.py" in command]


def call(functions: Any, name: str, event: object) -> object:
    """Return what the function answers."""
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer
    return json.load(answer["Payload"])


def create_function(lab: Any, code: str, **settings: Any) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("handler.py", code)
    functions, name = lab.aws.client("lambda"), lab.name()
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/function",
        Handler="handler.handler",
        Code={"ZipFile": archive.getvalue()},
        **settings,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(name)
