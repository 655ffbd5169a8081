"""The content types that the containers know."""

from __future__ import annotations

JSON = "application/json"
CSV = "text/csv"
OCTET_STREAM = "application/octet-stream"
ANY = "*/*"
NPY = "application/x-npy"
UTF8_TYPES = [JSON, CSV]
"""Their bodies reach `input_fn` as str, all others as bytes. A type with a parameter, such as a charset, is another."""
