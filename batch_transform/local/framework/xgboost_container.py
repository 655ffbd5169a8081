"""The XGBoost container (aws/sagemaker-xgboost-container, `serving.py`): a script, or the algorithm by itself."""

from __future__ import annotations

import importlib
from typing import Any

from batch_transform.local.framework import xgboost_data
from batch_transform.local.framework.sagemaker_containers import encoders, worker
from batch_transform.local.framework.sagemaker_containers.errors import UnsupportedFormatError
from batch_transform.local.framework.script import answers, import_program, transformer_of
from batch_transform.local.framework.settings import Application, Settings


def application(settings: Settings) -> Application:
    """Load the model and return the application: SAGEMAKER_PROGRAM, or the algorithm if it is not set."""
    if settings.module is None:
        algorithm = importlib.import_module("batch_transform.local.framework.xgboost_algorithm")
        served: Application = algorithm.application(settings)
        return served

    def input_fn(input_data: str | bytes, content_type: str) -> Any:  # noqa: ANN401  # a DMatrix
        # up to 1.2-2 a type with a parameter, such as a charset, is a different type
        kind = content_type if settings.is_before(1, 3) else xgboost_data.media_type(content_type)
        libsvm = (
            xgboost_data.libsvm_file_matrix if settings.is_up_to(3, 0) else xgboost_data.libsvm_dense_matrix
        )
        decoders = {
            "text/csv": xgboost_data.csv_matrix,
            "text/libsvm": libsvm,
            "text/x-libsvm": libsvm,
            "application/x-recordio-protobuf": xgboost_data.recordio_matrix,
        }
        if kind not in decoders:
            raise UnsupportedFormatError(kind)
        return decoders[kind](input_data)

    transformer = transformer_of(
        import_program(settings),
        input_fn,
        _predict_fn,
        _output_fn,
        reads_transform_fn=not settings.is_before(1, 0),
    )
    transformer.initialize()
    return worker.Worker(
        transform_fn=answers(transformer, accepts_lists=not settings.is_up_to(3, 0)),
        module_name=settings.module,
    )


def _predict_fn(input_data: Any, model: Any) -> Any:  # noqa: ANN401  # whatever the model accepts and returns
    return model.predict(input_data, validate_features=False)


def _output_fn(prediction: Any, accept: str) -> worker.Response:  # noqa: ANN401
    return worker.Response(encoders.encode(prediction, accept), mimetype=accept)
