"""JSON in a template is what the CDK's own way makes of it, and its tokens are put in."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform_cdk.ground.json_text import json_text

STACK = cdk.Stack(cdk.App(), "Stack")
BUCKET = cdk.CfnParameter(STACK, "Bucket").value_as_string
COUNT = cdk.CfnParameter(STACK, "Count", type="Number").value_as_number

# A token that becomes a text with quotes, which must be escaped.
QUOTED = cdk.Token.as_string({"Fn::Join": ["", ['a "quoted" ', BUCKET]]})

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert json.loads(json_text(STACK, value)) == value


@pytest.mark.parametrize(
    "value",
    [
        {"S3Uri": f"s3://{BUCKET}/churn/", "Empty": {}},
        {"S3Uri": f's3://{BUCKET}/a "quoted" prefix/'},
        {"InstanceCount": COUNT},
        {"Environment": {"NAME": QUOTED}},
        {"Name": QUOTED, "S3Uri": BUCKET},
    ],
    ids=["a name", "a name beside quotes", "a number", "a text with quotes", "a text with quotes and a name"],
)
def test_tokens_are_put_in_as_the_cdk_does_it(value: dict[str, Any]) -> None:
    by_cdk = STACK.resolve(STACK.to_json_string(value))
    assert STACK.resolve(json_text(STACK, value, references=(BUCKET, f"s3://{BUCKET}/churn/"))) == by_cdk
