"""A model's folder: what the rules need to know about it, and its archive."""

from __future__ import annotations

import ast
import gzip
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from batch_transform.job.model.framework_containers import DEFAULT_PROGRAM, module_of
from batch_transform.job.model.requirements_file import Requirements, read_requirements


@dataclass(frozen=True)
class SourceFolder:
    """`name` is its name in messages, and `code` the path of the code folder in it.

    `modules` are the scripts in the code folder, without `.py`, and `packages` its folders; `files` are the names of
    the files at the folder's top level. `imports` are the packages that the script always imports when it is loaded,
    except the standard library and what the code folder holds. `is_project` says that the code folder has a setup.py,
    which may require more packages. `requirements` is the content of the code folder's requirements.txt, or None.
    """

    name: str
    code: str
    modules: frozenset[str]
    packages: frozenset[str]
    files: frozenset[str]
    imports: frozenset[str]
    is_project: bool
    requirements: Requirements | None


def has_default_script(source: Path | None) -> bool:
    """Whether a model comes from a folder that has code/inference.py."""
    return source is not None and (source / "code" / DEFAULT_PROGRAM).is_file()


def read_source_folder(folder: Path, *, name: str, code: str, program: str) -> SourceFolder:
    """Return what the rules need to know about a folder with the script `program`.

    Raises OSError if it can't be read.
    """
    place = folder / code
    inside = list(place.iterdir()) if place.is_dir() else []
    scripts = {path.stem for path in inside if path.suffix == ".py" and path.is_file()}
    packages = {path.name for path in inside if path.is_dir()}
    return SourceFolder(
        name=name,
        code=code,
        modules=frozenset(scripts),
        packages=frozenset(packages),
        files=frozenset(path.name for path in folder.iterdir() if path.is_file()),
        imports=_imports(place / f"{module_of(program)}.py") - {path.stem for path in inside},
        is_project=(place / "setup.py").is_file(),
        requirements=read_requirements(place),
    )


def _imports(script: Path) -> frozenset[str]:
    """Return the top-level names that a script imports outside of any function, condition and `try`."""
    if not script.is_file():
        return frozenset()
    try:
        statements = ast.parse(script.read_bytes()).body
    except (SyntaxError, ValueError):  # the container will report it
        return frozenset()
    return frozenset(_names(statements)) - sys.stdlib_module_names


def _names(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module.partition(".")[0]


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
