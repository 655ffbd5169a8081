"""A model's folder, as far as the rules must know it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from batch_transform.spec.framework_containers import DEFAULT_PROGRAM
from batch_transform.spec.requirements_file import Requirements, read_requirements


@dataclass(frozen=True)
class SourceFolder:
    """`name` is what messages call it, and `code` the path of its code folder in it.

    `modules` are the names that can be imported from the code folder, `files` the names of the files beside it, at the
    folder's top. `requirements` is what the code folder's requirements.txt asks for, None when it has none.
    """

    name: str
    code: str
    modules: frozenset[str]
    files: frozenset[str]
    has_default_script: bool
    requirements: Requirements | None


def read_source_folder(folder: Path, *, name: str, code: str) -> SourceFolder:
    """Return what the rules must know of a folder. Raises OSError where it cannot be read."""
    place = folder / code
    inside = list(place.iterdir()) if place.is_dir() else []
    scripts = {path.stem for path in inside if path.suffix == ".py" and path.is_file()}
    packages = {path.name for path in inside if (path / "__init__.py").is_file()}
    return SourceFolder(
        name=name,
        code=code,
        modules=frozenset(scripts | packages),
        files=frozenset(path.name for path in folder.iterdir() if path.is_file()),
        has_default_script=(folder / "code" / DEFAULT_PROGRAM).is_file(),
        requirements=read_requirements(place),
    )
