"""The model server process of a framework image."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import traceback
from pathlib import Path

from batch_transform.job.model.framework_containers import LOG_LEVEL, MODEL_FOLDER, is_whole_number
from batch_transform.local.framework import model_folder
from batch_transform.local.framework.front import Application, Front
from batch_transform.local.framework.hints import hints
from batch_transform.local.framework.sagemaker_containers import provide
from batch_transform.local.framework.sagemaker_containers.errors import ClientError
from batch_transform.local.framework.settings import StartError, code_folder, read_settings

_MODULES = {"sklearn": "scikit_learn", "xgboost": "xgboost_container", "pytorch": "pytorch"}
_DID_NOT_BOOT = 3
"""gunicorn's exit code of a worker, at which it starts no other."""


def served(framework: str, tag: str) -> Application:
    """Load the model of `SM_MODEL_DIR` and return what answers. Raises what the model's code raises, and StartError."""
    provide()
    settings = read_settings(framework, tag)
    container = importlib.import_module(f"batch_transform.local.framework.{_MODULES[framework]}")
    application: Application = container.application(settings)
    return application if framework == "pytorch" else Front(application, settings)


def application(framework: str, tag: str) -> Application:
    """Do as `served` does, in a worker of gunicorn's: where the model does not load, say why and end."""
    given = os.environ.get(LOG_LEVEL, "")
    logging.basicConfig(
        format="%(asctime)s %(levelname)s - %(name)s - %(message)s",
        level=int(given)
        if is_whole_number(given)
        else logging.INFO,  # one that is none is refused by `read_settings`
    )
    # gunicorn's own folder is no place of the container's: what lies there must not be found
    here = {"", str(Path.cwd())}
    sys.path[:] = [place for place in sys.path if place not in here]
    try:
        return served(framework, tag)
    except Exception as error:  # noqa: BLE001  # whatever the model's code raises
        if not isinstance(error, StartError):
            is_wrapped = isinstance(error, ClientError) and error.__cause__ is not None
            traceback.print_exception(error.__cause__ if is_wrapped else error)
        for line in hints(error):
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
        os._exit(_DID_NOT_BOOT)


def gunicorn_arguments(framework: str, tag: str) -> list[str]:
    """Return gunicorn's command line.

    As many workers as requests that the job sends at once, up to the number of CPUs: each has the
    model in its memory. `SAGEMAKER_MODEL_SERVER_WORKERS`, the containers' own setting, goes before that.
    """
    at_once = int(os.environ.get("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS") or 1)
    workers = os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or str(
        max(1, min(at_once, os.cpu_count() or 1))
    )
    settings = {
        "--bind": f"127.0.0.1:{os.environ['SAGEMAKER_BIND_TO_PORT']}",
        "--worker-class": "gthread",  # a thread is free to answer a ping while another one predicts
        "--workers": workers,
        "--threads": "4",
        "--timeout": "0",  # the container's own limit is kept by the application, which says so
        "--keep-alive": "75",
        "--graceful-timeout": "1",
        "--log-level": "warning",
    }
    return [
        *(f"{name}={value}" for name, value in settings.items()),
        "--no-control-socket",
        f"{__name__}:application({framework!r}, {tag!r})",
    ]


def main(framework: str, tag: str) -> None:
    """Become gunicorn, with the model's folder at /opt/ml/model where the code names it and the system allows that."""
    code = code_folder(framework, os.environ)
    model_dir = Path(os.environ["SM_MODEL_DIR"])
    if code is not None and code.is_dir() and model_folder.is_named(code) and model_folder.show(model_dir):
        sys.stderr.write(
            f"the code names {MODEL_FOLDER}: it is the model's folder for this model server, and for nobody else\n"
        )
        sys.stderr.flush()
    if sys.platform == "darwin":
        # gunicorn forks its workers, and macOS ends those whose code then uses a framework of the system
        os.environ["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"
    os.execv(  # noqa: S606  # a list, no shell
        sys.executable, [sys.executable, "-m", "gunicorn", *gunicorn_arguments(framework, tag)]
    )
