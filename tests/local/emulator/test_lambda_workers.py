from __future__ import annotations

import io
import json
import zipfile
from typing import Any

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
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("handler.py", HANDLER)
    functions, name = lab.aws.client("lambda"), lab.name()
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/function",
        Handler="handler.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    answer = json.load(functions.invoke(FunctionName=name)["Payload"])
    assert answer == {"has_project": False, "account": "000000000000", "endpoint": lab.aws.endpoint_url}
