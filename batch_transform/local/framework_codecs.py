"""What the framework containers do where the archive's code has no input_fn or output_fn: text/csv and JSON to
arrays and back (github.com/aws/sagemaker-inference-toolkit, decoder.py and encoder.py)."""

from __future__ import annotations

import io
import json
from typing import Any

from batch_transform.spec.errors import LocalAwsError


class UnsupportedFormatError(LocalAwsError):
    """When no default exists for a content type (415) or an accept type (406)."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


def decode(data: str | bytes, content_type: str) -> Any:  # noqa: ANN401  # an array; numpy is imported on use
    """Return the array in a request's body: rows of a CSV, or a JSON array."""
    import numpy as np  # noqa: PLC0415  # only where the archive leaves input_fn out

    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/csv" and isinstance(data, str):
        return np.genfromtxt(
            io.StringIO(data), delimiter=","
        )  # one row gives one dimension, as in the containers
    if kind == "application/json":
        return np.array(json.loads(data))
    raise UnsupportedFormatError(
        f"content type {content_type} is not supported without an input_fn: text/csv and application/json are",
        415,
    )


def encode(prediction: Any, accept: str) -> str:  # noqa: ANN401  # an array, or what becomes one
    """Return the text of a prediction: a line for each element of a CSV, or JSON."""
    import numpy as np  # noqa: PLC0415  # only where the archive leaves output_fn out

    kind = accept.partition(";")[0].strip().lower()
    if kind == "text/csv":
        lines = io.StringIO()
        np.savetxt(lines, np.asarray(prediction), delimiter=",", fmt="%s")
        return lines.getvalue()
    if kind == "application/json":
        return json.dumps(np.asarray(prediction).tolist())
    raise UnsupportedFormatError(
        f"accept type {accept} is not supported without an output_fn: text/csv and application/json are", 406
    )
