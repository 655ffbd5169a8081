from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.scaffold.yaml_scalar import yaml_comment, yaml_scalar


@given(st.text() | st.integers() | st.booleans() | st.from_regex(r"[-0-9:.eExyno~+]{1,12}", fullmatch=True))
def test_a_value_reads_back_as_itself(value: str | int | bool) -> None:
    assert yaml.safe_load(f"key: {yaml_scalar(value)}") == {"key": value}


@given(st.text(min_size=1))
def test_a_text_can_be_a_key(text: str) -> None:
    assert yaml.safe_load(f"{yaml_scalar(text)}: 1\n") == {text: 1}


@pytest.mark.parametrize("text", ["ml.m5.large", "text/csv", "s3://bucket/key/", "1.2-1", "None"])
def test_values_that_need_no_quotes_have_none(text: str) -> None:
    assert yaml_scalar(text) == text


@pytest.mark.parametrize(
    "text", ["", "$[1:]", "yes", "null", "12", "1.5", "2026-11-22", "a: b", "a #b", "<<", "="]
)
def test_values_that_need_quotes_have_them(text: str) -> None:
    assert yaml_scalar(text) == f'"{text}"'


@given(st.text())
def test_a_comment_is_one_line(text: str) -> None:
    assert yaml.safe_load(f"a: 1 # {yaml_comment(text)}\nb: 2") == {"a": 1, "b": 2}
