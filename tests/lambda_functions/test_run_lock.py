from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from batch_transform.job.errors import RunLockError
from fakes.lock_bucket import FakeExecutions, LockBucket
from run_lock import RunLock

PLACE = {"Bucket": "out", "Key": ".locks/churn"}
EXECUTIONS = "arn:aws:states:eu-west-1:1:execution:churn:"


def arn(name: str) -> str:
    return f"{EXECUTIONS}{name}"


def lock(bucket: LockBucket, **statuses: str) -> RunLock:
    known = {arn(name): status for name, status in statuses.items()}
    return RunLock(PLACE, bucket, FakeExecutions(known))


@pytest.fixture(params=[True, False], ids=["versioned", "unversioned"])
def bucket(request: pytest.FixtureRequest) -> LockBucket:
    return LockBucket(versioned=request.param)


def test_a_free_lock_is_taken_and_released_without_a_trace(bucket: LockBucket) -> None:
    taken = lock(bucket).take(arn("a"))
    assert taken["RunningExecutionArn"] == ""
    assert bucket.holder() == arn("a")
    bucket.delete_object(**taken["Object"])
    assert bucket.holder() is None
    assert not bucket.versioned or bucket.versions == []


def test_a_lock_whose_execution_runs_is_left_to_it(bucket: LockBucket) -> None:
    lock(bucket).take(arn("a"))
    seen = lock(bucket, a="RUNNING").take(arn("b"))
    assert seen == {"RunningExecutionArn": arn("a"), "WaitingExecutionArn": "", "Object": {}}
    assert bucket.holder() == arn("a")


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_the_lock_of_an_execution_that_has_ended_is_taken_over(bucket: LockBucket, status: str) -> None:
    lock(bucket).take(arn("a"))
    taken = lock(bucket, a=status).take(arn("b"))
    assert taken["RunningExecutionArn"] == ""
    assert bucket.holder() == arn("b")
    bucket.delete_object(**taken["Object"])
    assert bucket.holder() is None  # the stale lock does not come back from under it


def test_a_function_that_is_called_twice_takes_its_lock_once(bucket: LockBucket) -> None:
    first = lock(bucket).take(arn("a"))
    assert lock(bucket, a="RUNNING").take(arn("a")) == first


def test_an_execution_that_step_functions_has_forgotten_has_ended(bucket: LockBucket) -> None:
    lock(bucket).take(arn("a"))
    bucket.age(timedelta(days=91))
    assert lock(bucket).take(arn("b"))["RunningExecutionArn"] == ""


def test_an_execution_that_step_functions_does_not_know_yet_runs(bucket: LockBucket) -> None:
    lock(bucket).take(arn("a"))
    assert lock(bucket).take(arn("b"))["RunningExecutionArn"] == arn("a")


def test_a_lock_that_is_released_during_the_check_is_taken(bucket: LockBucket) -> None:
    taken = lock(bucket).take(arn("a"))
    bucket.before_get = lambda: bucket.delete_object(**taken["Object"])
    assert lock(bucket, a="RUNNING").take(arn("b"))["RunningExecutionArn"] == ""
    assert bucket.holder() == arn("b")


def test_of_many_that_start_at_the_same_moment_one_gets_a_free_lock(bucket: LockBucket) -> None:
    names = [f"n{number}" for number in range(32)]
    assert_one_gets_it(bucket, names, dict.fromkeys(names, "RUNNING"))


def test_of_many_that_find_a_stale_lock_one_gets_it(bucket: LockBucket) -> None:
    lock(bucket).take(arn("gone"))
    names = [f"n{number}" for number in range(32)]
    assert_one_gets_it(bucket, names, {**dict.fromkeys(names, "RUNNING"), "gone": "ABORTED"})


def assert_one_gets_it(bucket: LockBucket, names: list[str], statuses: dict[str, str]) -> None:
    together = threading.Barrier(len(names))

    def take(name: str) -> str:
        together.wait()
        return str(lock(bucket, **statuses).take(arn(name))["RunningExecutionArn"])

    with ThreadPoolExecutor(len(names)) as pool:
        others = list(pool.map(take, names))
    [winner] = [name for name, other in zip(names, others, strict=True) if other == ""]
    assert set(others) == {"", arn(winner)}
    assert bucket.holder() == arn(winner)


def test_a_lock_that_keeps_changing_counts_as_held(bucket: LockBucket) -> None:
    lock(bucket).take(arn("a"))
    bucket.before_get = lambda: bucket.put(arn("other"))
    bucket.before_put = lambda: bucket.put(arn("another"))
    seen = lock(bucket, other="ABORTED", another="ABORTED").take(arn("b"))
    assert seen["RunningExecutionArn"].startswith("unknown: the lock s3://out/.locks/churn")


def test_fails_if_the_lock_exists_and_cannot_be_read(bucket: LockBucket) -> None:
    def refuse() -> None:
        text = "User: preflight is not authorized to perform: kms:Decrypt"
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": text}}, "GetObject")

    lock(bucket).take(arn("a"))
    bucket.before_get = refuse
    with pytest.raises(RunLockError, match=r"s3://out/.locks/churn exists but cannot be read .*kms:Decrypt"):
        lock(bucket, a="ABORTED").take(arn("b"))
    assert bucket.holder() == arn("a")


def test_fails_when_s3_refuses_for_another_reason(bucket: LockBucket) -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")

    bucket.before_put = refuse
    with pytest.raises(ClientError, match="AccessDenied"):
        lock(bucket).take(arn("a"))


def test_the_lock_holds_the_execution_in_plain_json(bucket: LockBucket) -> None:
    lock(bucket).take(arn("a"))
    body = bucket.get_object(**PLACE)["Body"].read()
    assert json.loads(body) == {"ExecutionArn": arn("a")}
    assert datetime.now(UTC) - bucket.get_object(**PLACE)["LastModified"] < timedelta(minutes=1)
