"""Model archives: downloaded from S3 and unpacked once per version of the object."""

from __future__ import annotations

import hashlib
import shutil
import threading
from pathlib import Path
from typing import Any

from backports import tarfile
from botocore.exceptions import ClientError

from batch_transform.job.errors import InputError, TransformJobError
from batch_transform.job.values.s3_uri import S3Uri

_ODD_MEMBERS = (ValueError, KeyError, RecursionError)
"""Raised by tarfile for a NUL in a name, and for hard links to a missing member or to themselves."""


class ModelArchives:
    """Keeps unpacked archives below `folder`. Thread safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def unpack(self, s3: Any, model_data_url: str | None, *, what: str = "model data") -> Path:  # noqa: ANN401  # boto3 makes clients at run time
        """Return the folder with the archive's files, which a container sees as /opt/ml/model.

        `what` describes the content in messages. The folder is the same for the same version of the same object, and
        only then. Raises TransformJobError when the archive does not exist or is invalid.
        """
        with self._lock:
            if model_data_url is None:
                empty = self._folder / "no-model-data"
                empty.mkdir(parents=True, exist_ok=True)
                return empty
            return self._unpack(s3, model_data_url, what)

    def unpack_file(self, archive: Path) -> Path:
        """Return the folder with the files of an archive on this machine. Raises TransformJobError as `unpack` does."""
        version = hashlib.sha256(str(archive).encode()).hexdigest()[:16]
        with self._lock, archive.open("rb") as body:
            return self._extracted(body, version, f"archive from {archive.name}")

    def _unpack(self, s3: Any, url: str, what: str) -> Path:  # noqa: ANN401  # boto3 makes clients at run time
        try:
            address = S3Uri.parse(url)
            found = s3.get_object(Bucket=address.bucket, Key=address.key)
        except (InputError, ClientError) as error:
            raise TransformJobError(f"ClientError: Failed to download {what} from {url}: {error}") from error
        with found["Body"] as body:
            version = hashlib.sha256(f"{url} {found['ETag']}".encode()).hexdigest()[:16]
            return self._extracted(body, version, f"{what} archive from {url}")

    def _extracted(self, body: Any, version: str, what: str) -> Path:  # noqa: ANN401  # any readable stream
        folder = self._folder / version
        if folder.exists():
            return folder
        part = self._folder / f"{version}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            with tarfile.open(fileobj=body, mode="r|gz") as archive:
                # the "data" filter refuses members outside the folder
                archive.extractall(part, filter="data")
        except (tarfile.TarError, OSError, EOFError, *_ODD_MEMBERS) as error:
            shutil.rmtree(part, ignore_errors=True)
            raise TransformJobError(
                f"ClientError: Failed to extract {what}: {error}. "
                "It must be a gzip-compressed tar (model.tar.gz) with relative paths only"
            ) from error
        part.rename(folder)
        return folder
