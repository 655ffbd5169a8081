from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batch_transform.job.errors import RunLockError
from fakes.lock_bucket import FakeExecutions, LockBuckets
from run_lock import RunLock

PLACE = {"Bucket": "out", "Key": ".locks/churn"}
WAITING_PLACE = {"Bucket": "out", "Key": ".locks/churn.waiting"}


def arn(name: str) -> str:
    return f"arn:aws:states:eu-west-1:1:execution:churn:{name}"


def take(buckets: LockBuckets, name: str, **statuses: str) -> dict[str, Any]:
    """Let the execution take the lock, or the place that waits for it, while the others have these statuses."""
    known = {arn(other): status for other, status in statuses.items()}
    return RunLock(PLACE, buckets, FakeExecutions(known), WAITING_PLACE).take(arn(name))


@pytest.fixture(params=[True, False], ids=["versioned", "unversioned"])
def buckets(request: pytest.FixtureRequest) -> LockBuckets:
    return LockBuckets.of(versioned=request.param)


def test_one_run_waits_and_a_further_one_learns_which(buckets: LockBuckets) -> None:
    take(buckets, "a")
    running = {"a": "RUNNING", "b": "RUNNING"}
    waits = {"RunningExecutionArn": arn("a"), "WaitingExecutionArn": "", "Object": {}}
    assert take(buckets, "b", **running) == waits
    assert take(buckets, "c", **running) == {**waits, "WaitingExecutionArn": arn("b")}
    assert take(buckets, "b", **running) == waits, "it still waits at its next check"


def test_the_run_that_waits_gets_the_lock_and_gives_up_its_place(buckets: LockBuckets) -> None:
    first = take(buckets, "a")
    take(buckets, "b", a="RUNNING")
    buckets.delete_object(**first["Object"])
    taken = take(buckets, "b", a="SUCCEEDED")
    assert (taken["RunningExecutionArn"], taken["WaitingExecutionArn"]) == ("", "")
    assert (buckets.lock.holder(), buckets.waiting.holder()) == (arn("b"), None)
    assert not buckets.waiting.versioned or buckets.waiting.versions == []


def test_a_new_run_does_not_get_ahead_of_the_one_that_waits(buckets: LockBuckets) -> None:
    first = take(buckets, "a")
    take(buckets, "b", a="RUNNING")
    buckets.delete_object(**first["Object"])
    seen = take(buckets, "c", a="SUCCEEDED", b="RUNNING")
    assert seen == {"RunningExecutionArn": "", "WaitingExecutionArn": arn("b"), "Object": {}}
    assert buckets.lock.holder() is None


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_the_place_of_a_run_that_ended_while_it_waited_is_taken_over(
    buckets: LockBuckets, status: str
) -> None:
    take(buckets, "a")
    take(buckets, "b", a="RUNNING")
    assert take(buckets, "c", a="RUNNING", b=status)["WaitingExecutionArn"] == ""
    assert buckets.waiting.holder() == arn("c")


def test_a_place_that_was_left_behind_keeps_no_run_from_a_free_lock(buckets: LockBuckets) -> None:
    first = take(buckets, "a")
    take(buckets, "b", a="RUNNING")
    buckets.delete_object(**first["Object"])
    assert take(buckets, "c", b="ABORTED")["Object"] != {}
    assert (buckets.lock.holder(), buckets.waiting.holder()) == (arn("c"), None)


def test_a_run_that_has_the_lock_keeps_it_when_its_function_is_called_again(buckets: LockBuckets) -> None:
    first = take(buckets, "a")
    take(buckets, "b", a="RUNNING")
    assert take(buckets, "a", a="RUNNING", b="RUNNING") == first


def test_a_place_that_keeps_changing_lets_a_run_wait(buckets: LockBuckets) -> None:
    take(buckets, "a")
    buckets.waiting.put(arn("x"))
    buckets.waiting.before_get = lambda: buckets.waiting.put(arn("x"))
    buckets.waiting.before_put = lambda: buckets.waiting.put(arn("y"))
    seen = take(buckets, "b", a="RUNNING", x="ABORTED", y="ABORTED")
    assert seen == {"RunningExecutionArn": arn("a"), "WaitingExecutionArn": "", "Object": {}}


def test_fails_if_the_place_exists_and_cannot_be_read(buckets: LockBuckets) -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "kms:Decrypt"}}, "GetObject")

    take(buckets, "a")
    take(buckets, "b", a="RUNNING")
    buckets.waiting.before_get = refuse
    with pytest.raises(RunLockError, match=r"s3://out/.locks/churn.waiting exists but cannot be read"):
        take(buckets, "c", a="RUNNING")


@pytest.mark.parametrize("left_behind", [False, True])
def test_of_many_that_start_at_the_same_moment_one_runs_one_waits_and_the_others_learn_which(
    buckets: LockBuckets, left_behind: bool
) -> None:
    names = [f"n{number}" for number in range(24)]
    statuses = {**dict.fromkeys(names, "RUNNING"), "gone": "ABORTED", "left": "ABORTED"}
    if left_behind:
        take(buckets, "gone")
        take(buckets, "left", gone="RUNNING")
    together = threading.Barrier(len(names))

    def start(name: str) -> dict[str, Any]:
        together.wait()
        return take(buckets, name, **statuses)

    with ThreadPoolExecutor(len(names)) as pool:
        seen = dict(zip(names, pool.map(start, names), strict=True))
    [runs] = [name for name, lock in seen.items() if lock["Object"]]
    [waits] = [name for name, lock in seen.items() if not lock["Object"] and not lock["WaitingExecutionArn"]]
    assert (buckets.lock.holder(), buckets.waiting.holder()) == (arn(runs), arn(waits))
    assert {lock["WaitingExecutionArn"] for lock in seen.values()} == {"", arn(waits)}
