"""The XGBoost container's answers with SAGEMAKER_INFERENCE_OUTPUT ("selectable inference", `serve_utils.py`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from batch_transform.local.framework.recordio_protobuf import frame, record_type

SELECTED = "SAGEMAKER_INFERENCE_OUTPUT"
"""The parts of an answer, separated by commas: `predicted_label,probability`."""

_CLASS = ("predicted_label", "labels", "raw_score", "raw_scores")
_CLASS_WITH_PROBABILITY = (*_CLASS, "probability", "probabilities")
_PARTS: Mapping[str, Sequence[str]] = {
    "reg:squarederror": ("predicted_score",),
    "reg:logistic": ("predicted_score",),
    "reg:gamma": ("predicted_score",),
    "reg:absoluteerror": ("predicted_score",),
    "reg:tweedie": ("predicted_score",),
    "binary:logistic": _CLASS_WITH_PROBABILITY,
    "binary:logitraw": _CLASS,
    "binary:hinge": _CLASS,
    "multi:softmax": _CLASS,
    "multi:softprob": _CLASS_WITH_PROBABILITY,
}
_ORDER = (
    "predicted_label",
    "labels",
    "probability",
    "probabilities",
    "raw_score",
    "raw_scores",
    "predicted_score",
)


def selected_predictions(
    predictions: Any,  # noqa: ANN401  # an array
    keys: Sequence[str],
    config: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return the selected parts of each prediction. A part that the objective doesn't have is NaN."""
    objective = config["learner"]["objective"]["name"]
    if objective not in _PARTS:
        raise ValueError(f"Objective `{objective}` unsupported for selectable inference predictions.")
    class_count = config["learner"]["learner_model_param"].get("num_class", "")
    there = [key for key in _ORDER if key in keys and key in _PARTS[objective]]
    missing = {key for key in keys if key not in _PARTS[objective]}
    return [
        {
            **{key: _part(key, objective, prediction, class_count) for key in there},
            **dict.fromkeys(missing, np.nan),
        }
        for prediction in predictions
    ]


def _part(key: str, objective: str, prediction: Any, class_count: str) -> Any:  # noqa: ANN401, PLR0911
    if key == "labels":
        return [0, 1] if objective.startswith("binary:") else list(range(int(class_count)))
    is_soft = objective == "multi:softprob"
    if key == "predicted_label":
        if is_soft:
            return int(np.argmax(prediction))
        if objective == "binary:logistic":
            return int(prediction > 0.5)
        return int(prediction > 0) if objective == "binary:logitraw" else prediction.item()
    if key in {"probability", "raw_score"}:
        return max(prediction).item() if is_soft else prediction.item()
    if key in {"probabilities", "raw_scores"}:
        return prediction.tolist() if is_soft else [1.0 - prediction.item(), prediction.item()]
    return prediction.item()


def selected_answer(
    predictions: Sequence[Mapping[str, Any]], keys: Sequence[str], accept: str, *, is_batch: bool
) -> str | bytes:
    """Return the body of the answer. Raises RuntimeError for an unsupported type."""
    if accept == "application/json":
        return json.dumps({"predictions": predictions})
    if accept == "application/jsonlines":
        return "".join(f"{json.dumps(prediction)}\n" for prediction in predictions)
    if accept == "application/x-recordio-protobuf":
        return _records(predictions)
    if accept == "text/csv":
        rows = [",".join(_cell(prediction[key]) for key in keys) for prediction in predictions]
        return "\n".join(rows) + ("\n" if is_batch else "")
    raise RuntimeError(f"Cannot encode selected predictions into accept type '{accept}'.")


def _cell(value: Any) -> str:  # noqa: ANN401  # a number, or a list of them
    return f'"{value}"' if isinstance(value, list) else str(value)


def _records(predictions: Sequence[Mapping[str, Any]]) -> bytes:
    answer, so_far = b"", b""
    for prediction in predictions:
        record = record_type()()
        for key, value in prediction.items():
            record.label[key].float32_tensor.values.extend(value if isinstance(value, list) else [value])
        # the container never empties its buffer: each frame also holds the records before it
        so_far += record.SerializeToString()
        answer += frame(so_far)
    return answer
