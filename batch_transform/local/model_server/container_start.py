"""What a framework container does before it serves: it locates its code and installs its requirements."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from batch_transform.job.errors import TransformJobError
from batch_transform.job.model.framework_containers import (
    MODEL_FOLDER,
    PROGRAM,
    SUBMIT_DIRECTORY,
    FrameworkContainer,
    framework_container,
)
from batch_transform.job.model.requirements_file import REQUIREMENTS, read_requirements
from batch_transform.job.rules.source import requirements_problems
from batch_transform.local.model_server import gunicorn_config
from batch_transform.local.model_server.code_folder import CODE_FOLDER, CodeFolders
from batch_transform.local.model_server.image import Command, Images
from batch_transform.local.model_server.packages import Install, NotInstalledError, Packages
from batch_transform.local.model_server.process import NO_PING


class ContainerStarts:
    """Prepares the environment of a framework image's server. Thread safe."""

    def __init__(self, images: Images, code: CodeFolders, packages: Packages) -> None:
        self._images = images
        self._code = code
        self._packages = packages

    def environment(
        self,
        image: str,
        model_dir: Path,
        given: Mapping[str, str],
        *,
        s3: Callable[[], Any],
        isolated: bool,
        say: Callable[[str], None],
        stop: threading.Event,
    ) -> dict[str, str]:
        """Return the environment of an image's server, from the environment `given` to its container.

        SAGEMAKER_SUBMIT_DIRECTORY becomes a folder on this machine. `s3` creates a client with the container's
        permissions. `say` receives the lines that the container would print. For other images, `given` is returned.
        Raises TransformJobError when the container would fail to start, with the reason that it would print.
        """
        server = self._images.server(image)
        container = framework_container(image)
        if container is None or not isinstance(server, Command) or not server.is_framework_server:
            return dict(given)
        environment = {name: value for name, value in given.items() if name != SUBMIT_DIRECTORY}
        code = self._code_folder(container, model_dir, given, s3=s3, isolated=isolated)
        if code is None:
            return environment
        if container.fetches_code:
            environment[SUBMIT_DIRECTORY] = str(code)
        elif given.get(SUBMIT_DIRECTORY, "").startswith("s3://"):
            say(
                f"{SUBMIT_DIRECTORY} is {given[SUBMIT_DIRECTORY]}, but the {container.title} container ignores it and "
                "loads the folder code of the model archive"
            )
        packages = self._installed(container, code, model_dir, given, isolated=isolated, say=say, stop=stop)
        if packages is None:
            return environment
        arguments = [given["GUNICORN_CMD_ARGS"]] if "GUNICORN_CMD_ARGS" in given else []
        return {
            **environment,
            gunicorn_config.PACKAGES_VARIABLE: str(packages),
            "GUNICORN_CMD_ARGS": " ".join([*arguments, f"--config=python:{gunicorn_config.__name__}"]),
        }

    def _code_folder(
        self,
        container: FrameworkContainer,
        model_dir: Path,
        given: Mapping[str, str],
        *,
        s3: Callable[[], Any],
        isolated: bool,
    ) -> Path | None:
        """Return the folder on this machine; None when the container does not look for code."""
        if not container.fetches_code:
            return model_dir / "code"
        if not given.get(PROGRAM) or SUBMIT_DIRECTORY not in given:
            return None  # XGBoost loads the booster itself; otherwise the server fails to start and says why
        place = given[SUBMIT_DIRECTORY]
        if isolated and place.startswith("s3://"):
            raise TransformJobError(
                f"{NO_PING}. On this machine: {SUBMIT_DIRECTORY} is {place}, which the container downloads when it "
                "starts, but the model has EnableNetworkIsolation; put the code into the model archive's folder code"
            )
        try:
            return self._code.fetch(s3() if place.startswith("s3://") else None, model_dir, given)
        except TransformJobError as error:
            raise TransformJobError(f"{NO_PING}. On this machine: {error}") from error

    def _installed(
        self,
        container: FrameworkContainer,
        code: Path,
        model_dir: Path,
        given: Mapping[str, str],
        *,
        isolated: bool,
        say: Callable[[str], None],
        stop: threading.Event,
    ) -> Path | None:
        """Return the folder with the packages of the code's requirements.txt; None when it lists none.

        The scikit-learn and XGBoost containers run pip in the code folder (`_modules.py`), the others in their working
        directory, so that a relative path in the file does not work.
        """
        install = Install(
            code,
            run_in=code if container.fetches_code else None,
            inside={MODEL_FOLDER: model_dir, CODE_FOLDER: code},
            environment=given,
            has_network=not isolated,
        )
        if not install.is_needed:
            return None
        asked = read_requirements(code)
        if isolated and asked is not None:
            for problem in requirements_problems(
                "", REQUIREMENTS, asked, container, isolated=True, in_vpc=False
            ):
                if problem.is_error:
                    raise TransformJobError(f"{NO_PING}. On this machine: {problem.message}")
        try:
            return self._packages.installed(install, say, stop)
        except NotInstalledError as error:
            raise TransformJobError(
                f"{NO_PING}. On this machine: {REQUIREMENTS} of the model's code cannot be installed: {error}"
            ) from error
