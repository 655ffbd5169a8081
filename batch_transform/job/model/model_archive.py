"""A model folder, packed as SageMaker wants it: `model.tar.gz`, the same bytes for the same files."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

_LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", ".DS_Store", ".git"}


def pack_model(source: Path, target: Path) -> Path:
    """Write `source`'s files to the archive `target`, with paths relative to `source`.

    Times, owners and order are fixed, so that an unchanged model is an unchanged asset and
    `cdk diff` shows no change. Files are read in pieces: a model may be larger than memory.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        target.open("wb") as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for path in sorted(source.rglob("*")):
            if path.is_file() and not _LEFT_OUT.intersection(path.relative_to(source).parts):
                with path.open("rb") as content:
                    archive.addfile(_entry(source, path), content)
    return target


def _entry(source: Path, path: Path) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path.relative_to(source).as_posix())
    entry.size = path.stat().st_size
    entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
    return entry
