"""Serves a model archive's own code as the AWS framework containers do (scikit-learn, XGBoost, PyTorch).

    SM_MODEL_DIR=FOLDER SAGEMAKER_BIND_TO_PORT=PORT python -m batch_transform.local.framework_server

`code/inference.py` of the archive may define model_fn, input_fn, predict_fn and output_fn, or
transform_fn in place of the last three. What it leaves out is done as the scikit-learn container
does it (github.com/aws/sagemaker-scikit-learn-container, sagemaker-inference-toolkit), for text/csv
and application/json.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from werkzeug.wrappers import Request, Response

from batch_transform.local.framework_codecs import UnsupportedFormatError, decode, encode

TEXT_TYPES = ("text/csv", "application/json")
"""Content types whose body is given to input_fn as str; all others are bytes."""

DEFAULT_TYPE = "application/json"
"""What the containers take an absent Content-Type or Accept for."""


class InferenceCode:
    """The functions of the archive's code, with the containers' defaults in place of what it leaves out."""

    def __init__(self, module: ModuleType | None, model_dir: Path) -> None:
        self._input = getattr(module, "input_fn", _input_fn)
        self._predict = getattr(module, "predict_fn", _predict_fn)
        self._output = getattr(module, "output_fn", _output_fn)
        self._transform = getattr(module, "transform_fn", None)
        model_fn = getattr(module, "model_fn", None)
        if model_fn is None:
            raise NotImplementedError(
                f"code/inference.py in the model archive must define model_fn(model_dir); seen in {model_dir}: "
                f"{', '.join(sorted(path.name for path in model_dir.iterdir())) or 'nothing'}"
            )
        self._model = model_fn(str(model_dir))

    def transform(self, body: bytes, content_type: str, accept: str) -> tuple[Any, str]:
        """Return what the code makes of a request's body, and its content type."""
        is_text = content_type.partition(";")[0].strip().lower() in TEXT_TYPES
        data = body.decode("utf-8") if is_text else body
        if self._transform is not None:
            result = self._transform(self._model, data, content_type, accept)
        else:
            result = self._output(self._predict(self._input(data, content_type), self._model), accept)
        return result if isinstance(result, tuple) else (result, accept)


class FrameworkServer:
    """The WSGI application: GET /ping and POST /invocations."""

    def __init__(self, code: InferenceCode) -> None:
        self._code = code

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == "/ping":
            return Response(status=200)
        if request.path != "/invocations":
            return Response(status=404)
        if request.method != "POST":
            return Response(status=405)
        content_type = request.headers.get("Content-Type") or DEFAULT_TYPE
        accept = request.headers.get("Accept") or DEFAULT_TYPE
        accept = DEFAULT_TYPE if accept == "*/*" else accept
        try:
            body, body_type = self._code.transform(request.get_data(), content_type, accept)
            return Response(body, status=200, content_type=body_type)
        except UnsupportedFormatError as error:
            return Response(f"{error}\n", status=error.status, content_type="text/plain")
        except Exception:  # noqa: BLE001  # the person's own code may raise anything; the containers answer 500 too
            trace = traceback.format_exc()
            sys.stderr.write(trace)
            return Response(trace, status=500, content_type="text/plain")


def application() -> FrameworkServer:
    """Load the code of `SM_MODEL_DIR` and its model; gunicorn calls this once in each worker."""
    model_dir = Path(os.environ["SM_MODEL_DIR"])
    return FrameworkServer(InferenceCode(load_code(model_dir), model_dir))


def load_code(model_dir: Path) -> ModuleType | None:
    """Import the archive's entry point, with its folder on sys.path; None when there is none.

    The entry point is `SAGEMAKER_PROGRAM` (`inference.py` unless told), in the folder `code`.
    """
    folder = Path(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or model_dir / "code")
    path = folder / Path(os.environ.get("SAGEMAKER_PROGRAM") or "inference.py").name
    if not path.is_file():
        return None
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None  # noqa: S101  # the file has the suffix .py
    assert spec.loader is not None  # noqa: S101  # and so a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def gunicorn_arguments() -> list[str]:
    """Return gunicorn's command line.

    As many workers as requests that the job sends at once, up to the number of CPUs: each has the
    model in its memory. `SAGEMAKER_MODEL_SERVER_WORKERS`, the containers' own setting, goes before that.
    """
    at_once = int(os.environ.get("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS") or 1)
    workers = os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or str(
        max(1, min(at_once, os.cpu_count() or 1))
    )
    settings = {
        "--bind": f"127.0.0.1:{os.environ['SAGEMAKER_BIND_TO_PORT']}",
        "--worker-class": "gthread",  # a thread is free to answer a ping while another one predicts
        "--workers": workers,
        "--threads": "4",
        "--timeout": "0",  # the job's own InvocationsTimeoutInSeconds is the only limit
        "--keep-alive": "75",
        "--graceful-timeout": "1",
        "--log-level": "warning",
    }
    return [
        *(f"{name}={value}" for name, value in settings.items()),
        "--no-control-socket",
        "batch_transform.local.framework_server:application()",
    ]


def main() -> None:
    """Become gunicorn."""
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *gunicorn_arguments()])  # noqa: S606  # a list, no shell


def _input_fn(data: str | bytes, content_type: str) -> Any:  # noqa: ANN401  # an array
    return decode(data, content_type)


def _predict_fn(data: Any, model: Any) -> Any:  # noqa: ANN401  # whatever the model is and takes
    return model.predict(data)


def _output_fn(prediction: Any, accept: str) -> tuple[str, str]:  # noqa: ANN401  # whatever the model gives
    return encode(prediction, accept), accept


if __name__ == "__main__":
    main()
