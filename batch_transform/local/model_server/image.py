"""The server for a container's image on this machine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

from batch_transform.job.errors import DataNotFoundError, InputError, TransformJobError
from batch_transform.job.files.regular_file import read_file
from batch_transform.job.model.framework_containers import framework_container
from batch_transform.job.model.framework_images import frameworks
from batch_transform.local.proxies import LOOPBACK

_FRAMEWORK_SERVER = (sys.executable, "-m", "batch_transform.local.framework")


@dataclass(frozen=True)
class RunningServer:
    """A server that is already running, such as `http://127.0.0.1:8080`; the local AWS neither starts nor stops it."""

    url: str


@dataclass(frozen=True)
class Command:
    """A command that serves on the port in `SAGEMAKER_BIND_TO_PORT`. It runs in `folder`, or in an empty folder."""

    arguments: tuple[str, ...]
    folder: Path | None = None

    @property
    def is_framework_server(self) -> bool:
        """Whether it is our own server for AWS's framework images, not a command of the user."""
        return self.arguments[: len(_FRAMEWORK_SERVER)] == _FRAMEWORK_SERVER


class Images:
    """Maps a container's Image to its server. `mapping_file` is the user's own mapping, JSON or YAML.

    The file maps an image to a command (a list of words, run in the file's folder) or to an address:

        123456789012.dkr.ecr.eu-central-1.amazonaws.com/churn:1: [python, serve.py]
        my-registry/other:2: http://127.0.0.1:8080

    It overrides the defaults: `http://127.0.0.1:PORT` is a running server, `file:///FOLDER` is a folder with an
    executable `serve`, and AWS's framework images are served by our own server.
    """

    def __init__(self, mapping_file: Path | None = None) -> None:
        self._file = mapping_file
        self._mapping = _read(mapping_file) if mapping_file else {}

    def server(self, image: str) -> RunningServer | Command:
        """Return the server for `image`. Raises TransformJobError, which says what to map, when there is none."""
        mapped = self._mapping.get(image)
        if isinstance(mapped, list):
            assert self._file is not None  # noqa: S101  # the mapping came from it
            return Command(tuple(mapped), folder=self._file.resolve().parent)
        address = mapped or image
        if address.startswith("http://"):
            return _running(address)
        if address.startswith("file://"):
            return _folder(address)
        container = framework_container(address)
        if container is not None and container.framework in frameworks():
            # the tag names the version and the processor: `1.2-1-cpu-py3`; an image with a digest has no tag
            return Command((*_FRAMEWORK_SERVER, container.framework, container.tag))
        raise TransformJobError(
            f"ClientError: the local AWS cannot run the image {address}: it does not run containers. Map the image to "
            f"a command in {self._file or 'a file that you name with --images'}, for example "
            f"{json.dumps({image: ['python', 'serve.py']})}, "
            "or use http://127.0.0.1:PORT, file:///FOLDER or an AWS framework image"
        )


def _running(address: str) -> RunningServer:
    if urlsplit(address).hostname not in LOOPBACK:
        raise TransformJobError(
            f"ClientError: the image {address} is on another machine; the address of a running server is "
            "http://127.0.0.1:PORT"
        )
    return RunningServer(address.rstrip("/"))


def _folder(address: str) -> Command:
    folder = Path(unquote(urlsplit(address).path))
    serve = folder / "serve"
    if not os.access(serve, os.X_OK):
        what = "is not executable (chmod +x)" if serve.is_file() else "does not exist"
        raise TransformJobError(
            f"ClientError: {serve} {what}: the image {address} must be a folder with an executable serve"
        )
    return Command((str(serve),), folder=folder)


def _read(path: Path) -> Mapping[str, str | list[str]]:
    try:
        mapping = yaml.safe_load(read_file(path).decode()) or {}
    except OSError as error:
        raise DataNotFoundError(
            f"the file that maps images cannot be read: {path}: {error.strerror}"
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputError(f"{path}: neither JSON nor YAML: {where}{error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:  # an invalid character
        raise InputError(f"{path}: neither JSON nor YAML: {' '.join(str(error).split())}") from error
    if not isinstance(mapping, dict):
        raise InputError(f"{path}: not a mapping of images to commands")
    for image, server in mapping.items():
        is_command = isinstance(server, list) and server and all(isinstance(word, str) for word in server)
        if not (is_command or (isinstance(server, str) and server.startswith(("http://", "file://")))):
            raise InputError(
                f"{path}: {image}: {server!r} is neither a command (a list of words) nor an address "
                "(http://127.0.0.1:PORT or file:///FOLDER)"
            )
    return mapping
