"""JSON as a property of a resource holds it: a text, with CDK tokens in it."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from batch_transform.job.values.cdk_token import is_token


def json_text(scope: Construct, value: Any, *, references: tuple[str, ...] = ()) -> str:  # noqa: ANN401  # any JSON
    """Return `value` as JSON, in which tokens become what they stand for when the app is synthesised.

    `references` are those tokens in it that need no escape wherever they stand in a text: ARNs, names and URIs that
    CloudFormation puts in. With no other token the text is made here, which is some 2 ms quicker than the CDK's own
    `Stack.to_json_string`: that looks into each token, and knows numbers and lists as well.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    others = text
    for reference in sorted(references, key=len, reverse=True):  # a bucket's name is in a URI
        others = others.replace(reference, "")
    if is_token(others) or _has_number_token(value):
        return cdk.Stack.of(scope).to_json_string(value)
    return text


def _has_number_token(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_number_token, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_number_token, value))
    return not isinstance(value, str) and is_token(value)
