"""What a build decides by itself: which folder is which package, and whether the filters are compiled.

BATCH_TRANSFORM_PURE=1 makes the pure wheel, which needs no compiler; 0 makes the platform wheel, and fails without one.
By default, as in an editable install, the filters are compiled where that works, and everything runs in Python where
it doesn't. `make wheels` makes both. `pyproject.toml` has all other settings.
"""

from __future__ import annotations

import os
from pathlib import Path

from setuptools import Extension, find_packages, setup

_PURE = os.environ.get("BATCH_TRANSFORM_PURE")

setup(
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
