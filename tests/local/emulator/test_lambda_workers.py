from __future__ import annotations

import io
import json
import os
import signal
import zipfile
from collections.abc import Callable
from typing import Any

from batch_transform.local.up import LocalAws

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


def test_a_function_reaches_the_local_aws_and_sees_its_own_files_only(lab: Any) -> None:
    functions, name = lab.aws.client("lambda"), create_function(lab, HANDLER)
    answer = json.load(functions.invoke(FunctionName=name)["Payload"])
    assert answer == {"has_project": False, "account": "000000000000", "endpoint": lab.aws.endpoint_url}


SLEEPER = "import time\n\n\ndef handler(event, context):\n    time.sleep(3600)\n"


def test_a_function_that_runs_ends_with_a_local_aws_that_is_killed(
    make_lab: Callable[[LocalAws], Any], until: Callable[..., None], processes: Callable[[str], list[str]]
) -> None:
    with LocalAws() as aws:
        lab, mark = make_lab(aws), str(aws.log_file.parent)
        name = create_function(lab, SLEEPER, Timeout=900)
        lab.aws.client("lambda").invoke(FunctionName=name, InvocationType="Event")
        until(lambda: any("_worker.py" in line for line in processes(mark)))
        os.kill(aws.pid, signal.SIGKILL)
        until(lambda: not processes(mark), seconds=10)


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
