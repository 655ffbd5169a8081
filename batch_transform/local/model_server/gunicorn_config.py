"""gunicorn's configuration for a model with its own packages, which the model's code sees and the server does not.

The server has its own gunicorn and Flask, and a model's requirements.txt may ask for other versions. So the server
loads its own first. Those that the model also has are then removed from `sys.modules`, and the model's come first on
the path. All other packages, such as NumPy, are the model's from the start, for the server too.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import site
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_OF_THE_SERVER = frozenset(
    {"gunicorn", "flask", "werkzeug", "jinja2", "itsdangerous", "blinker", "click", "markupsafe", "packaging"}
)
_UNLOADED = _OF_THE_SERVER - {"gunicorn"}  # which still runs the worker

PACKAGES_VARIABLE = "BATCH_TRANSFORM_PACKAGES"
"""The variable with the folder of the model's packages, in the environment of the server's process."""


def post_fork(_arbiter: Any, worker: Any) -> None:  # noqa: ANN401  # gunicorn has no types
    """Put the model's packages on the path of a worker, before it loads the server."""
    use(Path(os.environ[PACKAGES_VARIABLE]), server=worker.app.app_uri.partition(":")[0])


def use(packages: Path, *, server: str) -> None:
    """Load the package of the module `server` with the server's own packages, then put `packages` first."""
    own = [path for path in sys.path if path]
    finder = _OwnPackages(own)
    _put_first(packages)
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]  # a finder needs find_spec alone
    try:
        _load(server)
    finally:
        sys.meta_path.remove(finder)  # type: ignore[arg-type]  # as above
    for name in list(sys.modules):
        top = name.partition(".")[0]
        if top in _UNLOADED and PathFinder.find_spec(top, [str(packages)]) is not None:
            del sys.modules[name]
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{packages}{os.pathsep}{others}" if others else str(packages)


def _load(server: str) -> None:
    package = importlib.import_module(server).__package__ or ""
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # needed only by another framework's server
                importlib.import_module(module.name)


class _OwnPackages:
    """Finds the server's packages on the original path, without the model's."""

    def __init__(self, path: list[str]) -> None:
        self._path = path

    def find_spec(
        self, name: str, path: list[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _OF_THE_SERVER:
            return None  # submodules are found in the package's folder
        return PathFinder.find_spec(name, self._path, target)


def _put_first(packages: Path) -> None:
    """Put a folder with packages, and the folders in its .pth files, before all others."""
    before = list(sys.path)
    site.addsitedir(str(packages))
    added = [path for path in sys.path if path not in before]
    sys.path[:] = [*added, *before]
