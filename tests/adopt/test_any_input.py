"""Any input of `adopt` results in a job file or in one of our own errors, never in a traceback."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.adopt.adopted import Adopted
from batch_transform.adopt.job_text import job_text, read_back
from batch_transform.adopt.request_json import adopt_json
from batch_transform.adopt.sdk_call import adopt_sdk_call
from batch_transform.adopt.sdk_parameters import CONSTRUCTORS, TRANSFORM
from batch_transform.job.errors import InputError
from batch_transform.job.values.fields import LIMITS_OF_MEMBER

NAMES = sorted(
    {name for path in LIMITS_OF_MEMBER for name in path}
    | {"Key", "Value", "TransformJobStatus", "ModelName.$"}
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["{% $x %}", "$"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
STATE = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync"}
LITERALS = ["1", "'a'", "None", "x", "{}", "{'a': 1}", "[1]", "{'a': x}", "f'{x}'", "'{}'.format(x)", "-1"]


def judge(adopted: Adopted) -> None:
    text = job_text(adopted, name=adopted.job_name)
    assert isinstance(yaml.safe_load(text), dict)
    read_back(text, adopted, shown_path="x")


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6), st.booleans())
def test_any_json(document: dict[str, Any], is_state: bool) -> None:
    text = json.dumps({**STATE, "Arguments": document} if is_state else document)
    with contextlib.suppress(InputError):
        judge(adopt_json(text, origin="a test"))


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text(text: str) -> None:
    with contextlib.suppress(InputError):
        judge(adopt_json(text, origin="a test"))
    with contextlib.suppress(InputError):
        judge(adopt_sdk_call(text, origin="a test"))


@given(
    st.dictionaries(st.sampled_from(sorted(CONSTRUCTORS["Transformer"])), st.sampled_from(LITERALS)),
    st.dictionaries(st.sampled_from(sorted(TRANSFORM)), st.sampled_from(LITERALS)),
    st.sampled_from(["", "x = 'known'\n", "x = x\n", "x = f()\n"]),
)
def test_any_call(made: dict[str, str], called: dict[str, str], before: str) -> None:
    arguments = [", ".join(f"{name}={value}" for name, value in given.items()) for given in (made, called)]
    with contextlib.suppress(InputError):
        judge(
            adopt_sdk_call(f"{before}Transformer({arguments[0]}).transform({arguments[1]})", origin="a test")
        )
