from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from batch_transform.local.emulator import forked_worker

# One that says how it was started and what it sees.
SEEING = """
import os, random, sys, time

import boto3

AT_START = random.random()


def handler(event, context):
    if event == "exit":
        os._exit(3)
    if event == "raise":
        raise ValueError(event)
    time.sleep(event)
    return {
        "process": os.getpid(),
        "random": AT_START,
        "arguments": sys.argv,
        "folder": os.getcwd(),
        "hour": time.strftime("%H", time.gmtime(0)) + time.strftime("%H", time.localtime(0)),
        "optimize": sys.flags.optimize,
        "colour": os.environ.get("COLOUR"),
        "boto3": boto3.__file__,
    }
"""


NONE: Mapping[str, str] = {}


def test_a_worker_is_a_fork_that_sees_what_a_started_python_sees(lab: Any) -> None:
    name = function(lab, {"handler.py": SEEING}, variables={"COLOUR": "red", "TZ": "Etc/GMT-3"})
    seen = call(lab, name, 0)
    assert is_fork(seen["process"]) == (sys.platform == "linux")
    [script] = seen["arguments"]
    assert script.endswith("/_worker.py")
    assert os.path.realpath(seen["folder"]) == os.path.realpath(script.replace("_worker.py", "code"))
    assert (seen["hour"], seen["colour"], seen["optimize"]) == ("0003", "red", 0)


def test_workers_share_no_random_numbers_and_no_variables(lab: Any) -> None:
    names = [
        function(lab, {"handler.py": SEEING}, variables={variable: "red"}) for variable in ("COLOUR", "SHAPE")
    ]
    with ThreadPoolExecutor() as pool:
        seen = list(pool.map(lambda name: call(lab, name, 0), names))
    assert len({each["process"] for each in seen}) == len({each["random"] for each in seen}) == 2
    assert [each["colour"] for each in seen] == ["red", None]


@pytest.mark.parametrize(
    ("files", "variables"),
    [
        pytest.param({"boto3/__init__.py": ""}, {}, id="with a boto3 of its own"),
        pytest.param({"boto3.py": ""}, {}, id="with a module of that name"),
        pytest.param({}, {"PYTHONOPTIMIZE": "1"}, id="with a variable that Python reads when it starts"),
    ],
)
def test_a_function_that_would_see_something_else_in_a_fork_gets_a_python_of_its_own(
    lab: Any, files: dict[str, str], variables: dict[str, str]
) -> None:
    seen = call(lab, function(lab, {"handler.py": SEEING, **files}, variables=variables), 0)
    assert not is_fork(seen["process"])
    assert seen["boto3"].startswith(seen["folder"]) == bool(files)
    assert seen["optimize"] == len(variables)


@pytest.mark.parametrize(("event", "error"), [("exit", "Worker process died"), ("raise", "raise")])
def test_a_function_that_ends_or_fails_is_started_again(lab: Any, event: str, error: str) -> None:
    name = function(lab, {"handler.py": SEEING})
    first = call(lab, name, 0)["process"]
    answer = lab.aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    assert json.load(answer["Payload"])["errorMessage"] == error
    assert call(lab, name, 0)["process"] != first
    assert not psutil.pid_exists(first)


def test_a_function_that_takes_too_long_is_killed(lab: Any) -> None:
    name = function(lab, {"handler.py": SEEING}, timeout=1)
    first = call(lab, name, 0)["process"]
    answer = lab.aws.client("lambda").invoke(FunctionName=name, Payload="3600")
    assert "timed out" in json.load(answer["Payload"])["errorMessage"]
    assert not psutil.pid_exists(first)


def is_fork(process: int) -> bool:
    return forked_worker.__file__ in psutil.Process(process).cmdline()


def call(lab: Any, name: str, event: object) -> dict[str, Any]:
    answer = lab.aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()
    seen: dict[str, Any] = json.load(answer["Payload"])
    return seen


def function(
    lab: Any, files: Mapping[str, str], *, timeout: int = 240, variables: Mapping[str, str] = NONE
) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        for path, text in files.items():
            made.writestr(path, text)
    functions, name = lab.aws.client("lambda"), lab.name()
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/function",
        Handler="handler.handler",
        Timeout=timeout,
        Environment={"Variables": dict(variables)},
        Code={"ZipFile": archive.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return str(name)
