"""The code that a framework container runs: found, fetched and copied as the container does it when it starts."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backports import tarfile

from batch_transform.job.errors import TransformJobError
from batch_transform.job.model.framework_containers import MODEL_FOLDER, SUBMIT_DIRECTORY
from batch_transform.local.model_server.archive import ModelArchives

CODE_FOLDER = "/opt/ml/code"
"""Where the scikit-learn and XGBoost containers copy the code to (sagemaker-containers `_env.py`, `code_dir`)."""


class CodeFolders:
    """Keeps code folders below `folder`. Thread safe."""

    def __init__(self, folder: Path, archives: ModelArchives) -> None:
        self._folder = folder
        self._archives = archives
        self._lock = threading.Lock()

    def fetch(self, s3: Any, model_dir: Path, environment: Mapping[str, str]) -> Path:  # noqa: ANN401  # boto3 makes clients at run time
        """Return what the container has in /opt/ml/code, by its SAGEMAKER_SUBMIT_DIRECTORY.

        As sagemaker-containers does it (`_files.py`, `download_and_extract`): an archive in S3, a folder in the
        container, an archive there, or a file; /opt/ml/code itself is empty. The code is a copy, so that it
        finds nothing of the model beside it. Raises TransformJobError for what is not there.
        """
        place = environment[SUBMIT_DIRECTORY]
        if place.rstrip("/") == CODE_FOLDER:
            return self._empty()
        if place.startswith("s3://"):
            return self._archives.unpack(s3, place, what="code")
        here = self._inside(place, model_dir)
        if here is None or not here.exists():
            raise TransformJobError(
                f"ClientError: {SUBMIT_DIRECTORY} is {place or 'empty'}, and the container has nothing there: write "
                f"{MODEL_FOLDER}/code, the folder code of the model archive, or the S3 address of a sourcedir.tar.gz"
            )
        if here.is_file() and tarfile.is_tarfile(here):
            return self._archives.unpack_file(here)
        try:
            return self._copy(here)
        except OSError as error:  # such as links that lead in a circle
            raise TransformJobError(
                f"ClientError: {SUBMIT_DIRECTORY} {place} cannot be copied: {error}"
            ) from error

    def _inside(self, place: str, model_dir: Path) -> Path | None:
        """Return the place on this machine of a path in the container."""
        if place != MODEL_FOLDER and not place.startswith(f"{MODEL_FOLDER}/"):
            return None
        here = (model_dir / place.removeprefix(MODEL_FOLDER).lstrip("/")).resolve()
        return here if here.is_relative_to(model_dir.resolve()) else None

    def _empty(self) -> Path:
        empty = self._folder / "no-code"
        empty.mkdir(parents=True, exist_ok=True)
        return empty

    def _copy(self, code: Path) -> Path:
        name = hashlib.sha256(str(code).encode()).hexdigest()[:16]
        target = self._folder / f"code-{name}"
        with self._lock:
            if not target.exists():
                part = self._folder / f"code-{name}.part"
                shutil.rmtree(part, ignore_errors=True)
                if code.is_dir():
                    shutil.copytree(code, part, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    part.mkdir(parents=True)
                    shutil.copy2(code, part)
                part.rename(target)
        return target
