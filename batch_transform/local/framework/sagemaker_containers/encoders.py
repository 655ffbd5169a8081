"""Converts request bodies to arrays, and predictions to answers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from batch_transform.local.framework.sagemaker_containers import content_types
from batch_transform.local.framework.sagemaker_containers.errors import ClientError, UnsupportedFormatError


def decode(obj: Any, content_type: str) -> Any:  # noqa: ANN401  # a body of any kind to an array of any
    """Return the array in a body. Raises UnsupportedFormatError unless the type is exactly one of the three."""
    return _of(_DECODERS, content_type)(obj)


def encode(array_like: Any, content_type: str) -> Any:  # noqa: ANN401  # str or bytes
    """Return a prediction as this type. Raises UnsupportedFormatError as `decode` does."""
    return _of(_ENCODERS, content_type)(array_like)


def npy_to_numpy(npy_array: bytes) -> Any:  # noqa: ANN401  # an array
    """Return the array of a .npy file."""
    # pickles run code; AWS's containers load them, and here they come from the model's owner
    return np.load(io.BytesIO(npy_array), allow_pickle=True)


def json_to_numpy(string_like: str | bytes, dtype: Any = None) -> Any:  # noqa: ANN401
    """Return the array of a JSON text."""
    return np.array(json.loads(string_like), dtype=dtype)


def csv_to_numpy(string_like: str, dtype: Any = None) -> Any:  # noqa: ANN401
    """Return the cells of a CSV as numbers, or as text if any isn't a number. One row has one dimension."""
    try:
        rows = list(csv.reader(io.StringIO(string_like), strict=True))
    except csv.Error as error:
        raise ClientError(f"Error while decoding csv: {error}") from error
    cells = np.array(rows).squeeze()
    try:
        return cells.astype(dtype)
    except ValueError as error:
        if dtype is not None:
            raise ClientError(f"Error while writing numpy array: {error}. dtype is: {dtype}") from error
    return cells


def array_to_npy(array_like: Any) -> bytes:  # noqa: ANN401
    """Return a .npy file."""
    file = io.BytesIO()
    np.save(file, array_like)
    return file.getvalue()


def array_to_json(array_like: Any) -> str:  # noqa: ANN401
    """Return a JSON text, with arrays as lists."""

    def as_list(value: Any) -> Any:  # noqa: ANN401
        return value.tolist() if hasattr(value, "tolist") else json.JSONEncoder().default(value)

    return json.dumps(array_like, default=as_list)


def array_to_csv(array_like: Any) -> str:  # noqa: ANN401
    """Return a CSV: a line for each row, or for each element of a one-dimensional array."""
    array = np.array(array_like)
    rows = array.reshape(-1, 1) if array.ndim == 1 else array
    text = io.StringIO()
    try:
        csv.writer(text, lineterminator="\n", strict=True).writerows(rows)
    except csv.Error as error:
        raise ClientError(f"Error while encoding csv: {error}") from error
    return text.getvalue()


_DECODERS: dict[str, Callable[..., Any]] = {
    content_types.NPY: npy_to_numpy,
    content_types.CSV: csv_to_numpy,
    content_types.JSON: json_to_numpy,
}
_ENCODERS: dict[str, Callable[..., Any]] = {
    content_types.NPY: array_to_npy,
    content_types.CSV: array_to_csv,
    content_types.JSON: array_to_json,
}


def _of(coders: dict[str, Callable[..., Any]], content_type: str) -> Callable[..., Any]:
    if content_type not in coders:
        raise UnsupportedFormatError(content_type)
    return coders[content_type]
