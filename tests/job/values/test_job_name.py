from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.aws.limits import TRANSFORM_JOB_NAME
from batch_transform.job.values.job_name import MAX_LENGTH, is_job_name, near_job_name


def test_names_with_letters_digits_and_inner_hyphens_are_job_names() -> None:
    assert all(is_job_name(name) for name in ["a", "churn", "Churn-2", "a--b", "9", "a" * MAX_LENGTH])


def test_other_names_are_not() -> None:
    names = ["", "-a", "a-", "a_b", "a b", "a.b", "é", "a\n", "a" * (MAX_LENGTH + 1)]
    assert not any(is_job_name(name) for name in names)


@given(st.text())
def test_the_suggested_name_is_legal_or_empty(text: str) -> None:
    near = near_job_name(text)
    assert near == "" or is_job_name(near)


@given(st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,15}", fullmatch=True))
def test_a_legal_name_is_suggested_unchanged(name: str) -> None:
    assert near_job_name(name) == name


def test_a_suggested_name_keeps_all_legal_characters() -> None:
    assert near_job_name("Kündigungen (nightly)_v2") == "Kundigungen-nightly-v2"


@given(st.from_regex(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}", fullmatch=True).filter(is_job_name))
def test_a_name_with_run_and_attempt_is_a_transform_job_name(name: str) -> None:
    assert TRANSFORM_JOB_NAME.pattern is not None
    attempt = f"{name}-20261122T181500-0a1b2c3d-99999"
    assert len(attempt) <= 63
    assert re.fullmatch(TRANSFORM_JOB_NAME.pattern, attempt)
