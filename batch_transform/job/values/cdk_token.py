"""Values that only the deployment knows, as aws-cdk-lib writes them into strings, lists and numbers."""

from __future__ import annotations

import re

_TEXT_TOKEN = re.compile(r"[$#]\{Token\[")
_GREATEST_NUMBER_TOKEN = -1.8e289


def is_token(value: object) -> bool:
    """Whether only the deployment knows the value. Rules skip it; the preflight sees it resolved."""
    if isinstance(value, str):
        return _TEXT_TOKEN.search(value) is not None
    if isinstance(value, float):
        return value < _GREATEST_NUMBER_TOKEN
    return isinstance(value, list | tuple) and any(is_token(item) for item in value)
