"""Media types: the three that filters and joins support, and the binary ones."""

from __future__ import annotations

import re

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
FILTERABLE = (CSV, JSON, JSON_LINES)

_BINARY_TOP = frozenset({"image", "audio", "video", "font", "model"})
# Structured syntax suffixes (IANA registry) and words in the names of binary types.
_BINARY_SUFFIX = re.compile(
    r".*\+(ber|cbor|der|cbor-seq|fastinfoset|wbxml|zip|zlib|gzip|zstd|sqlite3|tlv|protobuf)"
)
_BINARY_WORD = re.compile(
    r".*(?<![a-z])(octet-stream|np[yz]|numpy|pickle|pkl|joblib|parquet|arrow|feather|orc|avro|hdf5?|netcdf|recordio|"
    r"(google-)?protobuf|proto|tfrecord|tensor|msgpack|messagepack|cbor|bson|ubjson|image|safetensors|onnx|"
    r"zip|gzip|x-gzip|bzip2?|xz|zstd|7z-compressed|tar|rar|snappy|lz4|pdf|msword|ms-excel|ms-powerpoint|"
    r"openxmlformats-.*|dicom|ogg|wav|mp[34]|x-binary|binary)(?![a-z])"
)


def media_type(text: str | None) -> str | None:
    """Return the type without its parameters, in lower case: `text/csv` for `text/csv; charset=utf-8`."""
    return None if text is None else text.partition(";")[0].strip().lower()


def is_csv(text: str | None) -> bool:
    """Return whether a type is text/csv, with or without parameters."""
    return media_type(text) == CSV


def is_binary(text: str | None) -> bool:
    """Whether a type is known to be binary, without lines. False for an unknown type."""
    type_ = media_type(text)
    if type_ is None:
        return False
    top, _, name = type_.partition("/")
    if top == "text" or name.endswith(("+json", "+xml", "+csv", "+yaml", "+json-seq")):
        return False
    return top in _BINARY_TOP or bool(_BINARY_SUFFIX.fullmatch(name) or _BINARY_WORD.match(name))
