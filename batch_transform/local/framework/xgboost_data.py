"""Converts request bodies to matrices as XGBoost's container does (`encoder.py`, `algorithm_mode/serve_utils.py`)."""

from __future__ import annotations

import csv
import importlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from werkzeug.http import parse_options_header

from batch_transform.local.framework.recordio_protobuf import read_features
from batch_transform.local.framework.settings import StartError


def xgboost() -> Any:  # noqa: ANN401  # an optional package
    """Return the package xgboost. Raises StartError when it is not installed."""
    try:
        return importlib.import_module("xgboost")
    except ModuleNotFoundError as error:
        if error.name != "xgboost":
            raise
        raise StartError(
            "the XGBoost image has the package xgboost, which is not installed in this Python; install it: "
            "pip install xgboost (or xgboost-cpu, which is smaller)"
        ) from None


def media_type(content_type: str) -> str:
    """Return a content type without its parameters."""
    return parse_options_header(content_type)[0]


def csv_matrix(data: str | bytes, dtype: Any = None) -> Any:  # noqa: ANN401  # a DMatrix
    """Return the matrix of a CSV: empty cells are missing values, and the separator is detected in the first line.

    A newline at the end makes a further row, which is refused because its number of cells differs.
    """
    text = data.decode() if isinstance(data, bytes) else data
    found = csv.Sniffer().sniff(text.split("\n")[0][:512]).delimiter
    separator = "," if found.isalnum() else found
    rows = [["nan" if cell == "" else cell for cell in line.split(separator)] for line in text.split("\n")]
    return xgboost().DMatrix(np.array(rows).astype(dtype))


def libsvm_file_matrix(data: str | bytes) -> Any:  # noqa: ANN401  # a DMatrix
    """Return the matrix of LIBSVM text, read by XGBoost itself, which accepts only files."""
    body = data.encode() if isinstance(data, str) else data
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "data"
        file.write_bytes(body)
        return xgboost().DMatrix(f"{file}?format=libsvm")


def libsvm_dense_matrix(data: str | bytes) -> Any:  # noqa: ANN401  # a DMatrix
    """Return the matrix of LIBSVM text as images after 3.0-5 read it: omitted values are 0, not missing."""
    text = data.decode() if isinstance(data, bytes) else data
    rows = [
        {
            int(index): float(value)
            for index, _, value in (item.partition(":") for item in line.split() if ":" in item)
        }
        for line in text.strip().split("\n")
    ]
    columns = [index for row in rows for index in row]
    if not columns:
        return xgboost().DMatrix(np.empty((0, 0)))
    first = 1 if min(columns) >= 1 else 0
    matrix = np.zeros((len(rows), max(columns) - first + 1))
    for at, row in enumerate(rows):
        for index, value in row.items():
            matrix[at, index - first] = value
    return xgboost().DMatrix(matrix)


def libsvm_matrix(text: str, *, shifts: bool) -> Any:  # noqa: ANN401  # a DMatrix
    """Return the matrix of LIBSVM text as the algorithm reads it. With `shifts`, indexes may start from 1."""
    sparse = importlib.import_module("scipy.sparse")
    cells = [
        (row, item.split(":")[0], item.split(":")[1])
        for row, line in enumerate(text.split("\n"))
        for item in line.split(" ")
        if ":" in item
    ]
    rows = np.array([row for row, _, _ in cells])
    columns = np.array([int(index) for _, index, _ in cells], dtype=int)
    values = np.array([value for _, _, value in cells]).astype(float)
    if shifts and len(columns) and columns.min() >= 1:
        columns = columns - 1
    return xgboost().DMatrix(sparse.csr_matrix((values, (rows, columns))))


def recordio_matrix(data: str | bytes) -> Any:  # noqa: ANN401  # a DMatrix
    """Return the matrix of recordio-protobuf records, without their labels."""
    assert isinstance(data, bytes)  # noqa: S101  # not a text type
    return xgboost().DMatrix(read_features(data))
