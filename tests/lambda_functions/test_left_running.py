"""Transform jobs that a run left running, found by their names and stopped."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from batch_transform.job.values.run import run_id
from fakes.sagemaker import FakeTransformJobs
from left_running import EndedRun, stop_left_running

_ARN = "arn:aws:states:eu-central-1:123456789012:execution:Tumours-x1:scheduled-1"
_STARTED = 1_763_776_801_999  # 2025-11-22 02:00:01.999, UTC
_RUN = "tumours-20251122T020001-7adbcb89"


def _ended(job: str = "tumours", status: str = "ABORTED") -> EndedRun:
    return EndedRun(job=job, detail={"executionArn": _ARN, "startDate": _STARTED, "status": status})


def _stop(jobs: FakeTransformJobs, run: EndedRun | None = None) -> list[str]:
    return list(stop_left_running(run or _ended(), jobs))


def test_the_name_is_the_one_that_the_machine_gives() -> None:
    assert _ended().name == f"tumours-{run_id(_ARN, datetime.fromtimestamp(_STARTED // 1000, UTC))}"
    assert _ended().name == _RUN


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
def test_a_job_that_is_still_running_is_stopped_and_logged(status: str) -> None:
    jobs = FakeTransformJobs({f"{_RUN}-1": "Failed", f"{_RUN}-2": "InProgress"})
    assert _stop(jobs, _ended(status=status)) == [
        f"run {_RUN} {status}: stopped its transform job {_RUN}-2",
    ]
    assert jobs.statuses == {f"{_RUN}-1": "Failed", f"{_RUN}-2": "Stopping"}


def test_each_attempt_that_still_runs_is_stopped_whatever_page_it_is_on() -> None:
    jobs = FakeTransformJobs({f"{_RUN}-{attempt}": "InProgress" for attempt in range(1, 12)})
    assert len(_stop(jobs)) == 11
    assert set(jobs.statuses.values()) == {"Stopping"}


def test_no_other_runs_job_is_stopped() -> None:
    names = (
        f"of-{_RUN}-1",  # of a job whose name ends like this one's
        f"{_RUN}-1-{_RUN}-1",
        f"{_RUN}-1x",
        f"{_RUN}0-1",
        _RUN,
        "tumours-20251122T020001-7adbcb88-1",
    )
    others = dict.fromkeys(names, "InProgress")
    jobs = FakeTransformJobs(dict(others))
    assert _stop(jobs) == [f"run {_RUN} ABORTED: it left no transform job running"]
    assert jobs.statuses == others


def test_a_job_is_found_by_the_executions_hash_whatever_second_its_name_has() -> None:
    name = "tumours-20251122T015959-7adbcb89-1"
    jobs = FakeTransformJobs({name: "InProgress"})
    assert _stop(jobs) == [f"run {_RUN} ABORTED: stopped its transform job {name}"]


def test_special_characters_of_regular_expressions_in_a_name_are_literal() -> None:
    other = _RUN.replace("tumours", "tumourss")
    jobs = FakeTransformJobs({f"{other}-1": "InProgress"})
    assert _stop(jobs, _ended(job="tumours?")) == [
        f"run {_RUN.replace('tumours', 'tumours?')} ABORTED: it left no transform job running"
    ]
    assert jobs.statuses == {f"{other}-1": "InProgress"}


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopping", "Stopped"])
def test_a_job_that_does_not_run_is_left_alone_after_one_call(status: str) -> None:
    jobs = FakeTransformJobs({f"{_RUN}-1": status})
    jobs.before_stop = pytest.fail
    assert _stop(jobs) == [f"run {_RUN} ABORTED: it left no transform job running"]
    assert jobs.pages == 1


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopping", "Stopped"])
def test_a_job_that_ends_meanwhile_is_no_error_and_the_next_one_is_stopped(status: str) -> None:
    jobs = FakeTransformJobs({f"{_RUN}-1": "InProgress", f"{_RUN}-2": "InProgress"})
    jobs.before_stop = lambda: jobs.statuses.update({f"{_RUN}-1": status})
    assert _stop(jobs) == [
        f"run {_RUN} ABORTED: its transform job {_RUN}-1 ended by itself",
        f"run {_RUN} ABORTED: stopped its transform job {_RUN}-2",
    ]


def test_fails_when_a_job_that_still_runs_cannot_be_stopped() -> None:
    jobs = FakeTransformJobs({f"{_RUN}-1": "InProgress"})

    def refuse() -> None:
        error = {"Code": "AccessDeniedException", "Message": "no policy allows it"}
        raise ClientError({"Error": error}, "StopTransformJob")  # type: ignore[typeddict-item]  # all that is looked at

    jobs.before_stop = refuse
    with pytest.raises(ClientError, match="no policy allows it"):
        _stop(jobs)
    assert jobs.statuses == {f"{_RUN}-1": "InProgress"}
