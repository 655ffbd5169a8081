"""SageMaker's recordio-protobuf format (sagemaker-containers, `_recordio.py` and `record.proto`).

Only the features of a record are read, dense or sparse: the model predicts from these.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from batch_transform.local.framework.settings import StartError

_MAGIC = 0xCED7230A
_TENSORS = (("Float32Tensor", "TYPE_FLOAT"), ("Float64Tensor", "TYPE_DOUBLE"), ("Int32Tensor", "TYPE_INT32"))
_FIELDS = (("float32_tensor", 2), ("float64_tensor", 3), ("int32_tensor", 7))
_TYPES = {"float32_tensor": np.float32, "float64_tensor": np.float64, "int32_tensor": np.int32}


def read_features(data: bytes) -> Any:  # noqa: ANN401  # an array, or a sparse matrix
    """Return a row for each record. Raises ValueError when the data is not recordio-protobuf."""
    sparse = importlib.import_module("scipy.sparse")
    rows = [row for body in _bodies(data) if (row := _row(body, sparse)) is not None]
    if not rows:
        raise ValueError("No records found in RecordIO-Protobuf data")
    if any(sparse.issparse(row) for row in rows):
        return sparse.vstack(rows).tocsr()
    return np.vstack(rows)


def frame(body: bytes) -> bytes:
    """Return a record as in a file: prefixed with its length, and padded to a multiple of four bytes."""
    return struct.pack("<II", _MAGIC, len(body)) + body + bytes(-len(body) % 4)


def _bodies(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 8 <= len(data):
        magic, length = struct.unpack_from("<II", data, at)
        if magic != _MAGIC:
            raise ValueError(f"Invalid RecordIO magic at offset {at}")
        at += 8
        if at + length + -length % 4 > len(data):
            raise ValueError(f"Truncated record at offset {at}")
        yield data[at : at + length]
        at += length + -length % 4


def _row(body: bytes, sparse: Any) -> Any:  # noqa: ANN401  # scipy.sparse, and an array or a matrix of it
    record = record_type()()
    record.ParseFromString(body)
    if "values" not in record.features:
        return None
    value = record.features["values"]
    kind = value.WhichOneof("value")
    if kind not in _TYPES:
        return None
    tensor = getattr(value, kind)
    values = np.array(tensor.values, dtype=_TYPES[kind])
    if not tensor.keys:
        return values.reshape(1, -1)
    keys = np.array(tensor.keys, dtype=np.int64)
    width = int(tensor.shape[0]) if tensor.shape else int(keys.max()) + 1
    return sparse.csr_matrix((values, keys, [0, len(keys)]), shape=(1, width))


@cache
def record_type() -> Any:  # noqa: ANN401  # a class that protobuf makes
    """Return the class of `aialgs.data.Record`. Raises StartError where protobuf is not installed."""
    try:
        descriptor = importlib.import_module("google.protobuf.descriptor_pb2")
        pool = importlib.import_module("google.protobuf.descriptor_pool")
        factory = importlib.import_module("google.protobuf.message_factory")
    except ModuleNotFoundError:
        raise StartError(
            "application/x-recordio-protobuf needs the package protobuf, which is not installed in this Python; "
            "install it: pip install protobuf"
        ) from None
    field_type = descriptor.FieldDescriptorProto
    file = descriptor.FileDescriptorProto(name="record.proto", package="aialgs.data", syntax="proto2")

    def add(message: Any, name: str, number: int, **settings: Any) -> Any:  # noqa: ANN401
        given = {"label": field_type.LABEL_OPTIONAL, **settings}
        return message.field.add(name=name, number=number, **given)

    for name, kind in _TENSORS:
        tensor = file.message_type.add(name=name)
        repeated = field_type.LABEL_REPEATED
        for member, number, of in (
            ("values", 1, getattr(field_type, kind)),
            ("keys", 2, field_type.TYPE_UINT64),
            ("shape", 3, field_type.TYPE_UINT64),
        ):
            add(tensor, member, number, label=repeated, type=of).options.packed = True
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    for (member, number), (name, _) in zip(_FIELDS, _TENSORS, strict=True):
        add(
            value,
            member,
            number,
            type=field_type.TYPE_MESSAGE,
            type_name=f".aialgs.data.{name}",
            oneof_index=0,
        )
    bytes_message = file.message_type.add(name="Bytes")
    add(bytes_message, "value", 1, label=field_type.LABEL_REPEATED, type=field_type.TYPE_BYTES)
    add(bytes_message, "content_type", 2, type=field_type.TYPE_STRING)
    add(value, "bytes", 9, type=field_type.TYPE_MESSAGE, type_name=".aialgs.data.Bytes", oneof_index=0)
    record = file.message_type.add(name="Record")
    for member, number in (("features", 1), ("label", 2)):
        entry = record.nested_type.add(name=f"{member.title()}Entry")
        entry.options.map_entry = True
        add(entry, "key", 1, type=field_type.TYPE_STRING)
        add(entry, "value", 2, type=field_type.TYPE_MESSAGE, type_name=".aialgs.data.Value")
        add(
            record,
            member,
            number,
            label=field_type.LABEL_REPEATED,
            type=field_type.TYPE_MESSAGE,
            type_name=f".aialgs.data.Record.{member.title()}Entry",
        )
    for member, number in (("uid", 3), ("metadata", 4), ("configuration", 5)):
        add(record, member, number, type=field_type.TYPE_STRING)
    files = pool.DescriptorPool()
    files.Add(file)
    return factory.GetMessageClass(files.FindMessageTypeByName("aialgs.data.Record"))
