"""Imports a model's program as the containers do."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from batch_transform.local.framework.sagemaker_containers.errors import ImportModuleError

DEFAULT_MODULE_NAME = "default_user_module_name"


def exists(name: str) -> bool:
    """Whether a module can be imported."""
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def has_requirements(path: str) -> bool:
    """Whether a folder has a requirements.txt."""
    return (Path(path) / "requirements.txt").exists()


def import_module(uri: str, name: str = DEFAULT_MODULE_NAME) -> ModuleType:
    """Import a module from a folder. Raises ImportModuleError.

    The containers install the folder as a package first; here it is on sys.path instead.
    """
    if uri not in sys.path:
        sys.path.insert(0, uri)
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise ImportModuleError(error) from error
