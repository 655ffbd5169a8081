"""The scikit-learn container (aws/sagemaker-scikit-learn-container, `serving.py`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from batch_transform.job.model.framework_containers import PROGRAM
from batch_transform.local.framework.sagemaker_containers import content_types, encoders, worker
from batch_transform.local.framework.script import answers, import_program, transformer_of
from batch_transform.local.framework.settings import Application, Settings, StartError


def application(settings: Settings) -> Application:
    """Load the model and return the application."""
    if settings.module is None:
        raise StartError(
            f"{PROGRAM} is not set, so the scikit-learn container imports a module called None and never answers a "
            f"ping; set {PROGRAM} in the model's environment to the name of the script, such as inference.py"
        )
    program = import_program(settings)
    # images up to 1.0-1 support only the other four functions (branches 0.20.0 to 1.0-1 of the repository)
    transformer = transformer_of(
        program, _input_fn, _predict_fn, _output_fn, reads_transform_fn=not settings.is_before(1, 2)
    )
    transformer.initialize()
    return worker.Worker(
        transform_fn=answers(transformer, accepts_lists=not settings.is_up_to(1, 4)),
        module_name=settings.module,
        execution_parameters_fn=getattr(program, "execution_parameters_fn", None),
    )


def _input_fn(input_data: str | bytes, content_type: str) -> Any:  # noqa: ANN401  # an array
    array = encoders.decode(input_data, content_type)
    return array.astype(np.float32) if content_type in content_types.UTF8_TYPES else array


def _predict_fn(input_data: Any, model: Any) -> Any:  # noqa: ANN401  # whatever the model accepts and returns
    return model.predict(input_data)


def _output_fn(prediction: Any, accept: str) -> worker.Response:  # noqa: ANN401
    return worker.Response(encoders.encode(prediction, accept), mimetype=accept)
