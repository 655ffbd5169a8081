"""What a build decides by itself: which folder is which package, and whether the filters are compiled.

BATCH_TRANSFORM_PURE=1 makes the pure wheel, which needs no compiler; 0 makes the platform wheel, and fails without one.
By default, as in an editable install, the filters are compiled where that works, and everything runs in Python where
it doesn't. `make wheels` makes both. `pyproject.toml` has all other settings.

The description of the package is the README as a package index can show it, where relative links lead nowhere.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from setuptools import Extension, find_packages, setup

_PURE = os.environ.get("BATCH_TRANSFORM_PURE")


def _description() -> str:
    """Return the README with links to the repository that `[project.urls]` names.

    Without a repository it has the texts of the links, and what a picture says in place of the picture.
    """
    readme = Path("README.md").read_text(encoding="utf-8")
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    repository = project.get("urls", {}).get("Repository", "").rstrip("/")
    link = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)]+)\)")
    if not repository:
        said = re.compile(r'<picture>.*? alt="([^"]*)".*?</picture>', re.DOTALL)
        return link.sub(r"\1", said.sub(r"*\1*", readme))
    files = f"{repository}/blob/v{project['version']}"
    readme = re.sub(
        r'(src|srcset)="(?!https?:)([^"]+)"', rf'\1="{repository}/raw/v{project["version"]}/\2"', readme
    )
    return link.sub(rf"[\1]({files}/\2)", readme)


setup(
    long_description=_description(),
    long_description_content_type="text/markdown",
    packages=[
        *find_packages(include=["batch_transform*"], exclude=["batch_transform.templates*"]),
        *find_packages("constructs_lib"),
        "batch_transform_cdk.functions",
    ],
    package_dir={
        "batch_transform_cdk": "constructs_lib/batch_transform_cdk",
        "batch_transform_cdk.functions": "lambda",
    },
    ext_modules=[]
    if _PURE == "1"
    else [
        Extension(
            "batch_transform.engine._compiled",
            sources=["batch_transform/engine/c/module.c"],  # which includes the others
            depends=[str(path) for path in sorted(Path("batch_transform/engine/c").iterdir())],
            extra_compile_args=["-O3"],
            optional=_PURE != "0",
        )
    ],
)
