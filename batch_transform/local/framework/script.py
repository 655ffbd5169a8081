"""What the scikit-learn and XGBoost containers do with a model's script."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from batch_transform.job.model.framework_containers import PROGRAM, SUBMIT_DIRECTORY
from batch_transform.local.framework.sagemaker_containers.transformer import Transformer, default_model_fn
from batch_transform.local.framework.settings import Settings, StartError

Function = Callable[..., Any]


def import_program(settings: Settings) -> ModuleType:
    """Import SAGEMAKER_PROGRAM from the code folder, which comes first on sys.path.

    Raises StartError, which says what the container would do, when there is nothing to import. Errors of the program
    itself are raised unchanged.
    """
    assert settings.module is not None  # noqa: S101  # each container handles a missing one before
    folder = settings.code_dir
    if folder is None:
        raise StartError(
            f"{SUBMIT_DIRECTORY} is not set, so the container has no code and cannot import {settings.module}; "
            "set it to /opt/ml/model/code, the folder code/ of the model archive, or to a sourcedir.tar.gz in S3"
        )
    if not folder.is_dir():
        raise StartError(f"{SUBMIT_DIRECTORY} is {os.environ.get(SUBMIT_DIRECTORY)}, which does not exist")
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(settings.module)
    except ModuleNotFoundError as error:
        if not f"{settings.module}.".startswith(f"{error.name}."):
            raise  # an import of the script itself
        there = ", ".join(sorted(path.name for path in folder.glob("*.py"))) or "no script"
        raise StartError(
            f"{PROGRAM} is {os.environ[PROGRAM]}, and the code folder has {there}; name one of its scripts"
        ) from None
    except (ValueError, TypeError):
        if settings.module.strip(".") and not settings.module.startswith("."):
            raise
        raise StartError(
            f"{PROGRAM} is {os.environ[PROGRAM]!r}; name a script, such as inference.py"
        ) from None


def transformer_of(
    program: ModuleType,
    input_fn: Function,
    predict_fn: Function,
    output_fn: Function,
    *,
    reads_transform_fn: bool,
) -> Transformer:
    """Return the program's functions, with the container's defaults for those that it does not define.

    Raises StartError when the program defines transform_fn together with a function that it replaces. A container that
    doesn't support transform_fn uses the other three.
    """
    given = {name: getattr(program, name, None) for name in ("input_fn", "predict_fn", "output_fn")}
    model_fn = getattr(program, "model_fn", default_model_fn)
    transform_fn = getattr(program, "transform_fn", None) if reads_transform_fn else None
    if transform_fn is None:
        return Transformer(
            model_fn,
            given["input_fn"] or input_fn,
            given["predict_fn"] or predict_fn,
            given["output_fn"] or output_fn,
        )
    also_defined = [name for name, function in given.items() if function]
    if also_defined:
        raise StartError(
            f"{program.__name__}.py defines transform_fn and {', '.join(also_defined)}, which the container refuses: "
            "transform_fn replaces input_fn, predict_fn and output_fn. Remove one or the other"
        )
    return Transformer(model_fn, transform_fn=transform_fn)


def answers(transformer: Transformer, *, accepts_lists: bool) -> Function:
    """Return the function that answers the request in Flask's context. Before Flask 2.2 it must not return a list."""

    def transform() -> Any:  # noqa: ANN401  # whatever Flask accepts
        result = transformer.transform()
        if isinstance(result, list) and not accepts_lists:
            raise TypeError(
                "the code returns a list, which the container's Flask 1.1 does not accept; return a str, bytes, or a "
                "pair of one of them and its content type"
            )
        return result

    return transform
