"""The XGBoost container without a script, "algorithm mode" (`algorithm_mode/serve.py` and `serve_utils.py`).

It loads the booster itself, and answers with its predictions.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import pickle  # see _booster
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any

import flask
import numpy as np
from werkzeug.http import parse_options_header

from batch_transform.local.framework import xgboost_data
from batch_transform.local.framework.sagemaker_containers import encoders
from batch_transform.local.framework.settings import Application, Settings, StartError
from batch_transform.local.framework.xgboost_output import SELECTED, selected_answer, selected_predictions

_ACCEPTED = ["application/json", "application/jsonlines", "application/x-recordio-protobuf", "text/csv"]
_VOTES = ("multi:softmax", "binary:hinge")
_KINDS = {
    "csv": "csv",
    "text/csv": "csv",
    "libsvm": "libsvm",
    "text/libsvm": "libsvm",
    "text/x-libsvm": "libsvm",
    "recordio-protobuf": "recordio-protobuf",
    "application/x-recordio-protobuf": "recordio-protobuf",
}

logger = logging.getLogger(__name__)


def application(settings: Settings) -> Application:
    """Load the boosters and return the application."""
    server = _Algorithm(settings, Boosters.load(settings), os.environ)
    app = flask.Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = server.longest
    app.add_url_rule("/ping", "ping", lambda: flask.Response(status=HTTPStatus.OK), methods=["GET"])
    app.add_url_rule("/execution-parameters", "parameters", server.execution_parameters, methods=["GET"])
    app.add_url_rule("/invocations", "invocations", server.invocations, methods=["POST"])
    return app


@dataclass(frozen=True)
class Boosters:
    """The boosters of a model archive, whose predictions are combined, and whether the first one was a pickle."""

    boosters: list[Any]
    is_pickle: bool
    settings: Settings

    @classmethod
    def load(cls, settings: Settings) -> Boosters:
        """Load each file beside `code`. Raises StartError when one isn't a booster: the container would fail."""
        files = [file for file in sorted(settings.model_dir.iterdir()) if file.is_file()]
        if not settings.is_before(1, 3) or settings.version == (1, 2, 1):
            files = [file for file in files if not file.name.startswith(".")]
        together = os.environ.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true") == "true"
        if not together or settings.is_before(1, 2, 2):
            files = files[:1]
        if not files:
            raise StartError(
                "SAGEMAKER_PROGRAM is not set, so the XGBoost container serves the booster of the model archive, and "
                "the archive has none; add the file xgboost-model, or set SAGEMAKER_PROGRAM to the name of a script"
            )
        loaded = [_booster(file, settings) for file in files]
        return cls([booster for booster, _ in loaded], loaded[0][1], settings)

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The configuration of the first booster."""
        config: dict[str, Any] = json.loads(self.boosters[0].save_config())
        return config

    @property
    def objective(self) -> str:
        """The objective of the training, such as `reg:squarederror`."""
        name: str = self.config["learner"]["objective"]["name"]
        return name

    def predict(self, matrix: Any, kind: str) -> Any:  # noqa: ANN401  # a DMatrix to an array
        """Return the mean of the boosters' predictions, or their vote. Raises ValueError for wrong columns."""
        if self.is_pickle:
            _check_width(self.boosters[0].num_features(), matrix, kind)
        predictions = [self._predict(booster, matrix) for booster in self.boosters]
        if len(predictions) == 1:
            return predictions[0]
        if self.objective in _VOTES:
            return importlib.import_module("scipy.stats").mode(predictions).mode[0]
        return np.mean(predictions, axis=0)

    def _predict(self, booster: Any, matrix: Any) -> Any:  # noqa: ANN401
        # XGBoost before 2, and its container, stopped at the best iteration, whose number the booster has
        best = booster.attr("best_iteration") if self.settings.is_before(2) else None
        rounds = (0, int(best) + 1) if best is not None else (0, 0)
        return booster.predict(matrix, iteration_range=rounds, validate_features=False)


class _Algorithm:
    def __init__(self, settings: Settings, boosters: Boosters, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._boosters = boosters
        self._environ = environ
        assert settings.body_limit is not None  # noqa: S101  # the algorithm always has one
        self.longest = settings.body_limit.value

    def execution_parameters(self) -> flask.Response:
        parameters = {
            "MaxConcurrentTransforms": os.cpu_count() or 1,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": self.longest // 1024**2,
        }
        return flask.Response(json.dumps(parameters), mimetype="application/json")

    def invocations(self) -> flask.Response:  # noqa: PLR0911  # one return for each way in which a request ends
        body = flask.request.data
        if not body:
            return flask.Response("", HTTPStatus.NO_CONTENT)
        try:
            matrix, kind = self._matrix(body, flask.request.content_type)
        except Exception as error:  # noqa: BLE001  # the container answers 415 to everything that it cannot read
            return _refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
        try:
            predictions = self._boosters.predict(matrix, kind)
        except Exception as error:  # noqa: BLE001  # XGBoost's own errors are of several types
            return _refused(HTTPStatus.BAD_REQUEST, f"Unable to evaluate payload provided: {error}")
        selects = SELECTED in self._environ
        if self._settings.is_before(1, 2, 2) and not selects:
            return flask.Response(_lines(predictions.tolist()), mimetype="text/csv")
        try:
            accept = self._accept()
        except ValueError as error:
            return _refused(HTTPStatus.NOT_ACCEPTABLE, str(error))
        if not selects:
            return flask.Response(self._encoded(predictions.tolist(), accept), mimetype=accept)
        keys = self._environ[SELECTED].replace(" ", "").lower().split(",")
        try:
            selected = selected_predictions(predictions, keys, self._boosters.config)
            answer = selected_answer(selected, keys, accept, is_batch=self._is_batch)
        except Exception as error:  # noqa: BLE001  # the container answers 500 with its text
            return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        return flask.Response(answer, mimetype=accept)

    @property
    def _is_batch(self) -> bool:
        return bool(self._environ.get("SAGEMAKER_BATCH"))

    def _matrix(self, body: bytes, content_type: str | None) -> tuple[Any, str]:
        kind = _kind(content_type)
        try:
            if kind == "csv":
                return xgboost_data.csv_matrix(body.strip().decode(), dtype=float), kind
            if kind == "libsvm":
                # up to 3.0-5 indexes count from 0
                shifts = not self._settings.is_up_to(3, 0)
                return xgboost_data.libsvm_matrix(body.strip().decode(), shifts=shifts), kind
            return xgboost_data.recordio_matrix(body), kind
        except Exception as error:
            end = (
                f"format: {type(error)} {error}"
                if kind.startswith("r")
                else f"format:\n {type(error)}\n {error}"
            )
            raise ValueError(
                f"Loading {kind} data failed with Exception, please ensure data is in {kind} {end}"
            ) from error

    def _accept(self) -> str:
        accept = parse_options_header(flask.request.headers.get("accept", ""))[0]
        if not accept or accept == "*/*":
            return self._environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv")
        if accept.lower() not in _ACCEPTED:
            raise ValueError(
                f"Accept type {accept} is not supported. Please use supported accept types: {_ACCEPTED}."
            )
        return accept.lower()

    def _encoded(self, predictions: list[Any], accept: str) -> str | bytes:
        if self._is_batch:
            return _lines(predictions)  # Accept is ignored
        if accept == "application/json":
            return json.dumps({"predictions": [{"score": prediction} for prediction in predictions]})
        encoded: str | bytes = encoders.encode(predictions, accept)
        return encoded


def _lines(predictions: list[Any]) -> str:
    return "\n".join(map(str, predictions)) + "\n"


def _kind(content_type: str | None) -> str:
    """Return the format of a content type; the default is LIBSVM."""
    if content_type is None:
        return "libsvm"
    media, parameters = parse_options_header(content_type.lower())
    if media in {"csv", "text/csv"} and parameters.get("label_size", "1") != "1":
        raise ValueError(
            f"{content_type} is not an accepted csv ContentType. Optional parameter label_size must be equal to 1"
        )
    if media in {"parquet", "application/x-parquet"}:  # supported in training only
        raise ValueError(f"Content-type {content_type} is not supported.")
    if media not in _KINDS:
        accepted = (
            "csv, libsvm, parquet, recordio-protobuf, text/csv, text/libsvm, text/x-libsvm, application/x-parquet, "
            "application/x-recordio-protobuf"
        )
        raise ValueError(f"{content_type} is not an accepted ContentType: {accepted}.")
    return _KINDS[media]


def _check_width(trained: int, matrix: Any, kind: str) -> None:  # noqa: ANN401  # a DMatrix
    names = matrix.feature_names
    given = len(names) if names is not None else matrix.num_col()
    if kind == "libsvm":
        if given > trained + 1:
            raise ValueError(
                f"Feature size of libsvm inference data {given} is larger than feature size of trained model {trained}."
            )
    elif trained not in {given, given + 1}:
        raise ValueError(
            f"Feature size of {kind} inference data {given} is not consistent with feature size of trained model "
            f"{trained}."
        )


def _refused(status: HTTPStatus, text: str) -> flask.Response:
    logger.exception(text)
    return flask.Response(text, status)


def _booster(file: Path, settings: Settings) -> tuple[Any, bool]:
    """Return a file's booster, and whether it was a pickle; XGBoost's own formats are tried second."""
    xgboost = xgboost_data.xgboost()
    try:
        # a pickle runs code, but the model archive is the user's own, as a script in it would be
        booster = pickle.loads(file.read_bytes())  # noqa: S301
        is_pickle = True
    except Exception as no_pickle:  # noqa: BLE001  # whatever a pickle of another release raises
        booster, is_pickle = xgboost.Booster(), False
        try:
            booster.load_model(file)
        except Exception as error:
            last = str(error).strip().splitlines()[-1:]
            raise StartError(
                f"the XGBoost container loads each file of the model archive as a booster, and {file.name} is not one "
                f"that XGBoost {xgboost.__version__} on this machine can read. As a pickle: {no_pickle}. As a model: "
                f"{' '.join(last)}{_release(settings)}"
            ) from error
    booster.set_param("nthread", 1)
    return booster, is_pickle


def _release(settings: Settings) -> str:
    if not settings.version:
        return ""
    release = ".".join(map(str, settings.version[:2]))
    return f". The image has XGBoost {release}; install the same version: pip install 'xgboost=={release}.*'"
