"""The PyTorch container: AWS's own handler, sagemaker-pytorch-inference, behind `torchserve`."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any

from sagemaker_inference.default_inference_handler import DefaultInferenceHandler
from sagemaker_inference.transformer import Transformer

from batch_transform.local.framework.front import Application
from batch_transform.local.framework.settings import TIMEOUT, Settings, StartError, whole_number
from batch_transform.local.framework.torchserve import Context, TorchServe

MAX_REQUEST_SIZE = "TS_MAX_REQUEST_SIZE"
MAX_RESPONSE_SIZE = "TS_MAX_RESPONSE_SIZE"
DEFAULT_MAX_SIZE = 6_553_500
"""In bytes, of a request and of an answer (pytorch/serve, configuration)."""

_TS_TIMEOUT = "SAGEMAKER_TS_RESPONSE_TIMEOUT"
_TS_VARIABLES = (
    _TS_TIMEOUT,
    "SAGEMAKER_TS_BATCH_SIZE",
    "SAGEMAKER_TS_MAX_BATCH_DELAY",
    "SAGEMAKER_TS_MIN_WORKERS",
    "SAGEMAKER_TS_MAX_WORKERS",
)


def application(settings: Settings) -> Application:
    """Load the model and return what answers.

    The code's folder and the model's are on sys.path, and the model's is the working directory, as TorchServe's worker
    has them.
    """
    os.chdir(settings.model_dir)
    sys.path[:0] = [str(settings.code_dir), str(settings.model_dir)]
    handler = _Handler(Transformer(_default_handler()))
    context = Context(str(settings.model_dir))
    handler.service.validate_and_initialize(model_dir=str(settings.model_dir), context=context)
    timeout, variable = _timeout(settings)
    return TorchServe(
        handler,
        context,
        timeout=timeout,
        variable=variable,
        longest_request=whole_number(os.environ, MAX_REQUEST_SIZE, DEFAULT_MAX_SIZE),
        longest_response=whole_number(os.environ, MAX_RESPONSE_SIZE, DEFAULT_MAX_SIZE),
    )


class _Handler:
    def __init__(self, service: Transformer) -> None:
        self.service = service

    def handle(self, data: list[dict[str, Any]], context: Context) -> Any:  # noqa: ANN401
        return self.service.transform(data, context)


def _timeout(settings: Settings) -> tuple[float, str]:
    """Return how long the worker has for an answer, in seconds, and the variable that says so."""
    if settings.is_before(1, 6):
        return settings.timeout * 60, TIMEOUT  # Multi Model Server, which takes the number for minutes
    if any(name in os.environ for name in _TS_VARIABLES):
        return whole_number(os.environ, _TS_TIMEOUT, 60), _TS_TIMEOUT
    return settings.timeout, TIMEOUT


def _default_handler() -> DefaultInferenceHandler:
    """Return what stands for the functions that the code leaves out. All of it needs PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return _WithoutTorch()
    module = importlib.import_module("sagemaker_pytorch_serving_container.default_pytorch_inference_handler")
    handler: DefaultInferenceHandler = module.DefaultPytorchInferenceHandler()
    return handler


class _WithoutTorch(DefaultInferenceHandler):  # type: ignore[misc]  # the package has no types
    """For code that has functions of its own, and needs no PyTorch."""

    def default_model_fn(self, model_dir: str, context: Context | None = None) -> Any:  # noqa: ANN401
        del model_dir, context
        raise _missing("model_fn")

    def default_input_fn(self, input_data: Any, content_type: str, context: Context | None = None) -> Any:  # noqa: ANN401
        del input_data, content_type, context
        raise _missing("input_fn")

    def default_predict_fn(self, data: Any, model: Any, context: Context | None = None) -> Any:  # noqa: ANN401
        del data, model, context
        raise _missing("predict_fn")

    def default_output_fn(self, prediction: Any, accept: str, context: Context | None = None) -> Any:  # noqa: ANN401
        del prediction, accept, context
        raise _missing("output_fn")


def _missing(function: str) -> StartError:
    return StartError(
        f"the code has no {function}, and the PyTorch container's own needs PyTorch, which this Python has not; "
        "install it: pip install torch"
    )
