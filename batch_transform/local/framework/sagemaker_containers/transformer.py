"""Answers a request with the functions of the model's code."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from batch_transform.local.framework.sagemaker_containers import content_types, encoders, env, worker
from batch_transform.local.framework.sagemaker_containers.errors import ClientError, UnsupportedFormatError

Function = Callable[..., Any]


def default_model_fn(model_dir: str) -> Any:  # noqa: ANN401  # it never returns
    """Raise an error: no container has a default for loading a model."""
    raise NotImplementedError(
        f"the code must define model_fn(model_dir), which loads the model from its folder, {model_dir}"
    )


def default_input_fn(input_data: str | bytes, content_type: str) -> Any:  # noqa: ANN401  # an array
    """Decode a body."""
    return encoders.decode(input_data, content_type)


def default_predict_fn(data: Any, model: Any) -> Any:  # noqa: ANN401
    """Raise an error: each container has a default of its own."""
    raise NotImplementedError("the code must define predict_fn(data, model), which predicts")


def default_output_fn(prediction: Any, accept: str) -> worker.Response:  # noqa: ANN401
    """Encode a prediction."""
    return worker.Response(encoders.encode(prediction, accept), mimetype=accept)


class Transformer:
    """The functions of the model's code. Their errors become `error_class`, UnsupportedFormatError included."""

    def __init__(  # noqa: PLR0917  # AWS's signature
        self,
        model_fn: Function | None = None,
        input_fn: Function | None = None,
        predict_fn: Function | None = None,
        output_fn: Function | None = None,
        transform_fn: Function | None = None,
        error_class: type[Exception] = ClientError,
    ) -> None:
        if transform_fn and (input_fn or predict_fn or output_fn):
            raise ValueError(
                "Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn"
            )

        def guarded(function: Function | None, default: Function) -> Function:
            return default if function is None else _guarded(function, error_class)

        self._model: Any = None
        self._model_fn = guarded(model_fn, default_model_fn)
        self._transform_fn = guarded(transform_fn, self._default_transform_fn)
        self._input_fn = guarded(input_fn, default_input_fn)
        self._predict_fn = guarded(predict_fn, default_predict_fn)
        self._output_fn = guarded(output_fn, default_output_fn)

    def initialize(self) -> None:
        """Load the model."""
        self._model = self._model_fn(env.model_dir)

    def transform(self) -> Any:  # noqa: ANN401  # whatever Flask accepts as an answer
        """Answer the request in Flask's context."""
        request = worker.Request()
        result = self._transform_fn(self._model, request.content, request.content_type, request.accept)
        if isinstance(result, tuple):
            return worker.Response(response=result[0], mimetype=result[1])
        return result

    def _default_transform_fn(
        self,
        model: Any,  # noqa: ANN401
        content: str | bytes,
        content_type: str,
        accept: str,
    ) -> Any:  # noqa: ANN401
        try:
            data = self._input_fn(content, content_type)
        except UnsupportedFormatError as error:
            return _error(error, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        prediction = self._predict_fn(data, model)
        try:
            return self._output_fn(prediction, accept)
        except UnsupportedFormatError as error:
            return _error(error, HTTPStatus.NOT_ACCEPTABLE)


def _guarded(function: Function, error_class: type[Exception]) -> Function:
    def guarded(*arguments: Any) -> Any:  # noqa: ANN401
        try:
            return function(*arguments)
        except Exception as error:
            raise error_class(error) from error

    return guarded


def _error(error: Exception, status: HTTPStatus) -> worker.Response:
    body = {
        "error": type(error).__name__,
        "error-message": str(error),
        "stack-trace": traceback.format_exc(),
    }
    return worker.Response(json.dumps(body), status=status, mimetype=content_types.JSON)
