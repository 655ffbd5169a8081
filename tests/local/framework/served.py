"""Serves a model's code twice: with our server over HTTP, and with AWS's own code."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from batch_transform.local.model_server.image import Command
from batch_transform.local.model_server.process import ModelServerProcess, free_port, wait_for_ping
from patience import PATIENCE_SECONDS

PROJECT = Path(__file__).parents[3]
TOOLKITS = PROJECT / "build/toolkits"
"""The folder with AWS's packages (tests/local/clients/install toolkits)."""

LOADS_BOOSTER = """
import xgboost
def model_fn(model_dir):
    booster = xgboost.Booster()
    booster.load_model(model_dir + "/booster.ubj")
    return booster
"""
"""A script that loads a booster and otherwise uses the container's defaults."""


@dataclass(frozen=True)
class Request:
    """A request to a container."""

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = "/invocations"
    method: str = "POST"


@dataclass(frozen=True)
class Answer:
    """An answer as the client receives it."""

    status: int
    content_type: str | None
    body: bytes


@dataclass(frozen=True)
class Model:
    """A model's folder with its code, and the model's environment."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path, code: str, program: str = "inference.py", **environment: str) -> Model:
        """Write a model with one script."""
        (folder / "model/code").mkdir(parents=True)
        (folder / "model/code" / program).write_text(code)
        given = {
            "SAGEMAKER_PROGRAM": program,
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            **environment,
        }
        return cls(folder / "model", given)


class OurServer:
    """Our server, over HTTP."""

    def __init__(self, process: ModelServerProcess) -> None:
        self.process = process

    def answer(self, request: Request) -> Answer:
        """Send a request on a connection of its own."""
        return send(self.process.url, request)

    @property
    def printed(self) -> str:
        """The output of the server."""
        return self.process.output.read_text()


@contextmanager
def ours(model: Model, framework: str, tag: str = "") -> Iterator[OurServer]:
    """Serve a model with our server, once it responds to a ping. Raises TransformJobError as a job does."""
    command = Command((sys.executable, "-m", "batch_transform.local.framework", framework, tag))
    environment = {"PATH": os.environ["PATH"], "SM_MODEL_DIR": str(model.folder), **model.environment}
    process = ModelServerProcess(command, environment, model.folder.parent / "server.log")
    try:
        process.wait_until_ready(60, threading.Event())
        yield OurServer(process)
    finally:
        process.end()


@contextmanager
def awss(model: Model, framework: str) -> Iterator[AwssToolkit]:
    """Serve a model with AWS's own code."""
    place = {"SAGEMAKER_BASE_DIR": str(model.folder.parent), "SM_MODEL_DIR": str(model.folder)}
    code = {"SAGEMAKER_SUBMIT_DIRECTORY": str(model.folder / "code")}
    passed = {name: os.environ[name] for name in ("PATH", "CONTAINER_SOURCE") if name in os.environ}
    with (model.folder.parent / "toolkit.log").open("w") as log:
        process = subprocess.Popen(
            [
                str(TOOLKITS / "bin/python"),
                "-W",
                "ignore",
                str(Path(__file__).with_name("aws_toolkit.py")),
                framework,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**passed, **model.environment, **place, **code},
        )
        try:
            yield AwssToolkit(process)
        finally:
            process.kill()
            process.communicate()


class AwssToolkit:
    """AWS's own code, in a process with its own environment."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def answer(self, request: Request) -> Answer:
        """Send a request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        document = {
            "path": request.path,
            "method": request.method,
            "headers": dict(request.headers),
            "body": base64.b64encode(request.body).decode(),
        }
        self._process.stdin.write(json.dumps(document) + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        return Answer(said["status"], said["content_type"], base64.b64decode(said["body"]))


@contextmanager
def torchserve(model: Model) -> Iterator[HttpServer]:
    """Serve a model with AWS's PyTorch container: TorchServe with the toolkit's handler and configuration."""
    ports = {
        "SAGEMAKER_BIND_TO_PORT": free_port(),
        "TS_GRPC_INFERENCE_PORT": free_port(),
        "TS_GRPC_MANAGEMENT_PORT": free_port(),
        "TS_INITIAL_WORKER_PORT": free_port(),
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(model.folder.parent),
        "SAGEMAKER_BASE_DIR": str(model.folder.parent),
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        "TS_METRICS_ADDRESS": f"http://127.0.0.1:{free_port()}",
        **{name: str(port) for name, port in ports.items()},
        **model.environment,
    }
    url = f"http://127.0.0.1:{ports['SAGEMAKER_BIND_TO_PORT']}"
    script = Path(__file__).with_name("aws_torchserve.py")
    with (model.folder.parent / "torchserve.log").open("w") as log:
        process = subprocess.Popen(
            [
                str(TOOLKITS / "bin/python"),
                "-W",
                "ignore",
                str(script),
                str(model.folder.parent / "torchserve"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    try:
        assert wait_for_ping(url, 120, threading.Event(), lambda: process.poll() is None), (
            "see torchserve.log"
        )
        yield HttpServer(url)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # Java, and the worker that it started
        process.wait()


class HttpServer:
    """A server at an address."""

    def __init__(self, url: str) -> None:
        self._url = url

    def answer(self, request: Request) -> Answer:
        """Send a request on a connection of its own."""
        return send(self._url, request)


def send(url: str, request: Request) -> Answer:
    """Send a request on a connection of its own."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE_SECONDS)
    connection.putrequest(request.method, request.path, skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    if request.method == "POST":
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body if request.method == "POST" else None)
    answer = connection.getresponse()
    content_type = answer.getheader("Content-Type")
    body = answer.read()
    connection.close()
    return Answer(answer.status, content_type, body)
