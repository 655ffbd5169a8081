"""The settings that a framework container reads from its environment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from batch_transform.job.errors import LocalAwsError
from batch_transform.job.model.framework_containers import (
    DEFAULT_ACCEPT,
    MODEL_FOLDER,
    PROGRAM,
    SUBMIT_DIRECTORY,
    FrameworkContainer,
    ServerLimit,
    module_of,
)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application."""


class StartError(LocalAwsError):
    """When a container with this environment and code would not start, or this machine cannot simulate it."""


@dataclass(frozen=True)
class Settings:
    """The container's settings.

    `version` is the image's, `(1, 2, 1)` for `1.2-1`; the first two numbers are the framework's. An image without a
    tag has the version `()`, and behaves as the newest one. `module` is SAGEMAKER_PROGRAM without `.py`, None if it
    is not set. `timeout` is how long the container's own server waits for an answer, in seconds, and `body_limit` the
    maximum size of a request's body, in bytes.
    """

    framework: str
    version: tuple[int, ...]
    model_dir: Path
    module: str | None
    code_dir: Path | None
    default_accept: str
    timeout: ServerLimit
    body_limit: ServerLimit | None

    def is_before(self, *version: int) -> bool:
        """Whether the image is known to be older than this version."""
        return bool(self.version) and self.version < version

    def is_up_to(self, *version: int) -> bool:
        """Whether the image is known to have this version or an older one."""
        return bool(self.version) and self.version[: len(version)] <= version


def read_settings(framework: str, tag: str, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the container's settings. Raises StartError for an invalid number."""
    program = environ.get(PROGRAM)
    container = FrameworkContainer(framework, framework, tag)
    for name in container.whole_numbers:
        if name in environ:
            whole_number(environ, name, 0)
    return Settings(
        framework=framework,
        version=_version(tag),
        model_dir=Path(environ["SM_MODEL_DIR"]),
        module=None if program is None else module_of(program),
        code_dir=code_folder(framework, environ),
        default_accept=environ.get(DEFAULT_ACCEPT, "application/json"),
        timeout=container.response_timeout(environ),
        body_limit=container.body_limit(environ),
    )


def code_folder(framework: str, environ: Mapping[str, str]) -> Path | None:
    """Return the folder from which the container imports its program, None if it has none.

    For PyTorch it is `code` in the model's folder, and SAGEMAKER_SUBMIT_DIRECTORY is ignored
    (sagemaker-inference-toolkit, `environment.py`). For the others it is SAGEMAKER_SUBMIT_DIRECTORY
    (sagemaker-containers, `_env.py`); a path below /opt/ml/model is in the model's folder here.
    """
    model_dir = Path(environ["SM_MODEL_DIR"])
    if framework == "pytorch":
        return model_dir / "code"
    given = environ.get(SUBMIT_DIRECTORY)
    if not given:
        return None
    if PurePosixPath(given).is_relative_to(MODEL_FOLDER):
        return model_dir / PurePosixPath(given).relative_to(MODEL_FOLDER)
    return Path(given)


def whole_number(environ: Mapping[str, str], name: str, default: int) -> int:
    """Return a variable as a whole number, parsed by Python's `int`."""
    try:
        return int(environ.get(name, default))
    except ValueError:
        raise StartError(f"{name} is {environ[name]!r}; write a whole number") from None


def _version(tag: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*(-\d+(?![^-]))?", tag)
    return tuple(int(part) for part in re.split(r"[.-]", found[0])) if found else ()
