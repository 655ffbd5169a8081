"""The PyTorch container: AWS's own handler, sagemaker-pytorch-inference, behind `torchserve`."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import Any

from sagemaker_inference.default_inference_handler import DefaultInferenceHandler
from sagemaker_inference.transformer import Transformer

from batch_transform.local.framework.settings import Application, Settings, StartError, whole_number
from batch_transform.local.framework.torchserve import Context, TorchServe

MAX_RESPONSE_SIZE = "TS_MAX_RESPONSE_SIZE"
DEFAULT_MAX_RESPONSE_SIZE = 6_553_500
"""Bytes (pytorch/serve, configuration)."""


def application(settings: Settings) -> Application:
    """Load the model and return the application.

    As in TorchServe's worker, the code's folder and the model's are on sys.path, and the model's is the working
    directory.
    """
    os.chdir(settings.model_dir)
    sys.path[:0] = [str(settings.code_dir), str(settings.model_dir)]
    handler = _Handler(Transformer(_default_handler()))
    context = Context(str(settings.model_dir))
    handler.service.validate_and_initialize(model_dir=str(settings.model_dir), context=context)
    longest = settings.body_limit
    assert longest is not None  # noqa: S101  # TorchServe always has one
    longest_response = whole_number(os.environ, MAX_RESPONSE_SIZE, DEFAULT_MAX_RESPONSE_SIZE)
    return TorchServe(handler, context, settings.timeout, longest, longest_response)


class _Handler:
    def __init__(self, service: Transformer) -> None:
        self.service = service

    def handle(self, data: list[dict[str, Any]], context: Context) -> Any:  # noqa: ANN401
        return self.service.transform(data, context)


def _default_handler() -> DefaultInferenceHandler:
    """Return the defaults for functions that the code does not define. All of them need PyTorch."""
    if importlib.util.find_spec("torch") is None:
        return _WithoutTorch()
    module = importlib.import_module("sagemaker_pytorch_serving_container.default_pytorch_inference_handler")
    handler: DefaultInferenceHandler = module.DefaultPytorchInferenceHandler()
    return handler


class _WithoutTorch(DefaultInferenceHandler):  # type: ignore[misc]  # the package has no types
    """For code that defines all functions, and does not need PyTorch."""

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
        f"the code does not define {function}, and the PyTorch container's default needs PyTorch, which is not "
        "installed in this Python; install it: pip install torch"
    )
