from __future__ import annotations

import pytest

from batch_transform.job.errors import RunInputError
from batch_transform.job.request.retry_input import Retry, retry_in

RUN = "20261122T185011-32c3bd31"


def problems(run_input: object) -> list[tuple[str, str]]:
    with pytest.raises(RunInputError) as refused:
        retry_in(run_input)
    return [(problem.field, problem.message) for problem in refused.value.problems]


@pytest.mark.parametrize("run_input", [None, {}, {"input": {"data": "s3://a/b/"}}, "retry_of"])
def test_an_input_without_a_run_to_retry_is_left_as_it_is(run_input: object) -> None:
    assert retry_in(run_input) == (None, run_input)


@pytest.mark.parametrize("retry", [Retry(RUN), Retry(RUN, accepts_changes=True)])
def test_the_members_of_a_retry_are_taken_out_of_the_input(retry: Retry) -> None:
    overrides = {"transform": {"max_payload": 6}}
    assert retry_in({**retry.as_input(), **overrides}) == (retry, overrides)


@pytest.mark.parametrize("run", ["latest", f" {RUN}", f"{RUN}\n", RUN.upper(), "", None, 7, [RUN]])
def test_fails_for_what_is_not_the_id_of_a_run(run: object) -> None:
    [(field, message)] = problems({"retry_of": run})
    assert field == "retry_of"
    assert message.startswith("must be the id of a run, such as 20261122T185011-32c3bd31; got ")


def test_fails_for_accepted_changes_without_a_run_to_retry() -> None:
    assert problems({"accept_changes": True}) == [
        ("accept_changes", "is for a retry; name the run to retry in retry_of")
    ]


def test_all_that_is_wrong_is_reported_at_once() -> None:
    assert [field for field, _ in problems({"retry_of": "x", "accept_changes": "yes"})] == [
        "retry_of",
        "accept_changes",
    ]
