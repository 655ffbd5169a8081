"""The code of a framework container: located, downloaded and copied as the container does when it starts."""

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
"""The folder to which the scikit-learn and XGBoost containers copy the code (sagemaker-containers `_env.py`)."""


class CodeFolders:
    """Keeps code folders below `folder`. Thread safe."""

    def __init__(self, folder: Path, archives: ModelArchives) -> None:
        self._folder = folder
        self._archives = archives
        self._lock = threading.Lock()

    def fetch(self, s3: Any, model_dir: Path, environment: Mapping[str, str]) -> Path:  # noqa: ANN401  # boto3 makes clients at run time
        """Return the content of /opt/ml/code for the container's SAGEMAKER_SUBMIT_DIRECTORY.

        As in sagemaker-containers (`_files.py`, `download_and_extract`), that is an archive in S3, or a folder, an
        archive or a file in the container; /opt/ml/code itself is empty. The code is a copy, so that the model's
        files are not beside it. Raises TransformJobError when there is nothing at this place.
        """
        place = environment[SUBMIT_DIRECTORY]
        if place.rstrip("/") == CODE_FOLDER:
            return self._empty()
        if place.startswith("s3://"):
            return self._archives.unpack(s3, place, what="code")
        here = self._inside(place, model_dir)
        if here is None or not here.exists():
            raise TransformJobError(
                f"ClientError: {SUBMIT_DIRECTORY} is {place or 'empty'}, which does not exist in the container: set it "
                f"to {MODEL_FOLDER}/code, the folder code of the model archive, or to the S3 URI of a sourcedir.tar.gz"
            )
        if here.is_file() and tarfile.is_tarfile(here):
            return self._archives.unpack_file(here)
        try:
            return self._copy(here)
        except OSError as error:  # such as circular links
            raise TransformJobError(
                f"ClientError: {SUBMIT_DIRECTORY} {place} cannot be copied: {error}"
            ) from error

    def _inside(self, place: str, model_dir: Path) -> Path | None:
        """Return the path on this machine for a path in the container."""
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
