"""The content types that the containers support."""

from __future__ import annotations

JSON = "application/json"
CSV = "text/csv"
OCTET_STREAM = "application/octet-stream"
ANY = "*/*"
NPY = "application/x-npy"
UTF8_TYPES = [JSON, CSV]
"""`input_fn` receives their bodies as str, all others as bytes. A type with a parameter, such as charset, isn't one."""
