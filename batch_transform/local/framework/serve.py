"""The model server process of a framework image."""

from __future__ import annotations

import importlib
import logging
import os
import re
import sys
import traceback
from pathlib import Path

from batch_transform.job.model.framework_containers import LOG_LEVEL, MODEL_FOLDER, is_whole_number
from batch_transform.local.framework import model_folder
from batch_transform.local.framework.nginx import Nginx
from batch_transform.local.framework.sagemaker_containers import provide
from batch_transform.local.framework.sagemaker_containers.errors import ClientError
from batch_transform.local.framework.settings import Application, StartError, code_folder, read_settings

_MODULES = {"sklearn": "scikit_learn", "xgboost": "xgboost_container", "pytorch": "pytorch"}
_MODEL_FOLDER = re.compile(r"/opt/ml\b")
_DID_NOT_BOOT = 3
"""The exit code of a worker after which gunicorn does not start another one."""


def served(framework: str, tag: str) -> Application:
    """Load the model of `SM_MODEL_DIR` and return the application. Raises StartError and the code's own errors."""
    provide()
    settings = read_settings(framework, tag)
    container = importlib.import_module(f"batch_transform.local.framework.{_MODULES[framework]}")
    application: Application = container.application(settings)
    return application if framework == "pytorch" else Nginx(application, settings)


def application(framework: str, tag: str) -> Application:
    """Do as `served` does, in a worker of gunicorn; when the model does not load, print the reason and exit."""
    given = os.environ.get(LOG_LEVEL, "")
    logging.basicConfig(
        format="%(asctime)s %(levelname)s - %(name)s - %(message)s",
        level=int(given) if is_whole_number(given) else logging.INFO,  # `read_settings` refuses anything else
    )
    # gunicorn's own folder does not exist in the container: modules there must not be found
    here = {"", str(Path.cwd())}
    sys.path[:] = [place for place in sys.path if place not in here]
    try:
        return served(framework, tag)
    except Exception as error:  # noqa: BLE001  # whatever the model's code raises
        if not isinstance(error, StartError):
            is_wrapped = isinstance(error, ClientError) and error.__cause__ is not None
            traceback.print_exception(error.__cause__ if is_wrapped else error)
        for line in start_hints(error):
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
        os._exit(_DID_NOT_BOOT)


def gunicorn_arguments(framework: str, tag: str) -> list[str]:
    """Return gunicorn's command line.

    By default, one worker per request that the job sends at a time, up to the number of CPUs: each worker holds the
    model in memory. `SAGEMAKER_MODEL_SERVER_WORKERS`, the containers' own setting, overrides this.
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
        "--timeout": "0",  # the application enforces the container's own limit, and reports it
        "--keep-alive": "75",
        "--graceful-timeout": "1",
        "--log-level": "warning",
    }
    return [
        *(f"{name}={value}" for name, value in settings.items()),
        "--no-control-socket",
        f"{__name__}:application({framework!r}, {tag!r})",
    ]


def start_hints(error: BaseException) -> list[str]:
    """Return the lines to print after an error's traceback: what to do, and the error's text if it is ours."""
    chain = _chain(error)
    lines = [str(each) for each in chain if isinstance(each, StartError)]
    for each in chain:
        if isinstance(each, ModuleNotFoundError) and each.name:
            lines.append(
                f"the model's code imports {each.name}, which is not installed in this Python. The local AWS runs the "
                "code in its own Python: install the package there, or add it to code/requirements.txt"
            )
        if isinstance(each, OSError) and _MODEL_FOLDER.search(f"{each.filename} {each}"):
            lines.append(
                "/opt/ml/model is the model's folder in a container. Here it is a different folder: use the argument "
                "of model_fn, or SM_MODEL_DIR in the environment, which are right in both"
            )
        if (
            isinstance(each, FileNotFoundError)
            and each.filename
            and not Path(str(each.filename)).is_absolute()
        ):
            lines.append(
                f"{each.filename} is a relative path, and a container's working directory has none of your folders: "
                "start from model_dir for a file of the model, and from Path(__file__).parent for one beside the script"
            )
    return list(dict.fromkeys(lines))


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def main(framework: str, tag: str) -> None:
    """Become gunicorn, with the model's folder at /opt/ml/model if the code names it and the system allows it."""
    code = code_folder(framework, os.environ)
    model_dir = Path(os.environ["SM_MODEL_DIR"])
    if code is not None and code.is_dir() and model_folder.is_named(code) and model_folder.show(model_dir):
        sys.stderr.write(
            f"the code names {MODEL_FOLDER}: only this model server sees the model's folder there\n"
        )
        sys.stderr.flush()
    if sys.platform == "darwin":
        # gunicorn forks its workers, and macOS kills a forked process that uses a system framework
        os.environ["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"
    os.execv(  # noqa: S606  # a list, no shell
        sys.executable, [sys.executable, "-m", "gunicorn", *gunicorn_arguments(framework, tag)]
    )
