"""The serving part of aws/sagemaker-containers 2.8.6, the base of the scikit-learn and XGBoost images.

The package itself, last released in 2020, cannot be imported in a current Python, and it writes to /opt/ml on import.
With `provide`, a model's code can import it anyway. The modules have AWS's names, and so have their members.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from batch_transform.local.framework.sagemaker_containers import (
    content_types,
    encoders,
    env,
    errors,
    modules,
    transformer,
    worker,
)

_SERVING = {
    "content_types": content_types,
    "encoders": encoders,
    "env": env,
    "errors": errors,
    "modules": modules,
    "transformer": transformer,
    "worker": worker,
}
_OTHERS = (
    "files",
    "functions",
    "logging",
    "mapping",
    "mpi",
    "params",
    "process",
    "runner",
    "server",
    "trainer",
)


class _NotHere(ModuleType):
    """A module of the package that serving does not need: importing it works, using it raises an error."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # it never returns
        if name.startswith("__"):  # what the import system asks of any module
            raise AttributeError(name)
        raise AttributeError(
            f"{self.__name__}.{name}: the local AWS has only the serving part of sagemaker_containers: "
            f"{', '.join(_SERVING)} of sagemaker_containers.beta.framework"
        )


def provide() -> None:
    """Make `import sagemaker_containers` work in this process."""
    package, beta, framework = (
        ModuleType(name)
        for name in (
            "sagemaker_containers",
            "sagemaker_containers.beta",
            "sagemaker_containers.beta.framework",
        )
    )
    for module in (package, beta, framework):
        module.__path__ = []
        sys.modules[module.__name__] = module
    vars(package)["beta"] = beta
    vars(beta)["framework"] = framework
    others = {name: _NotHere(f"sagemaker_containers.beta.framework.{name}") for name in _OTHERS}
    for name, module in {**_SERVING, **others}.items():
        vars(framework)[name] = module
        vars(package)[f"_{name}"] = module
        sys.modules[f"sagemaker_containers._{name}"] = module
