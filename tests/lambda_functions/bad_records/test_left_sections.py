"""The sections of a run that was stopped: deleted when nothing writes them any more."""

from __future__ import annotations

import pytest
from bucket_store import BucketStore
from left_sections import delete_of_ended

from batch_transform.job.errors import BadRecordsError
from batch_transform.job.values.run import execution_hash
from fakes.buckets import FakeBuckets
from fakes.sagemaker import FakeTransformJobs
from lambda_functions.bad_records.world import OUT, SCRATCH

ARN = "arn:aws:states:eu-west-1:123456789012:execution:churn:nightly"
RUN = f"20261130T020000-{execution_hash(ARN)}"
JOB = f"churn-{RUN}-2"
RESULT = (OUT, f"{SCRATCH['Key']}out/{RUN}/1/00000-0000001.out")
OTHERS = (OUT, f"{SCRATCH['Key']}in/20261130T020000-00000000/1/00000-0000001")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


def sections(count: int = 3) -> FakeBuckets:
    keys = [f"{SCRATCH['Key']}in/{RUN}/1/00000-{at:07d}" for at in range(count)]
    return FakeBuckets({**{(OUT, key): b"1\n" for key in keys}, OTHERS: b"1\n"})


def test_the_sections_of_a_stopped_run_are_deleted_after_its_transform_job_has_written_its_last_result() -> (
    None
):
    buckets, jobs = sections(), FakeTransformJobs({JOB: "InProgress"})
    still = iter(["InProgress", "Stopping", "Stopping", "Stopped"])

    def next_status() -> None:
        jobs.statuses[JOB] = next(still)
        if jobs.statuses[JOB] != "Stopped":
            buckets.objects[RESULT] = b"1\n"
            assert len(buckets.objects) == 5, "deleted while the job may still write"

    jobs.before_list = next_status
    delete_of_ended(ARN, BucketStore(buckets), SCRATCH, jobs, most_seconds=600)
    assert list(buckets.objects) == [OTHERS]


def test_a_transform_job_that_does_not_end_lets_lambda_call_the_function_again() -> None:
    buckets, jobs = sections(), FakeTransformJobs({JOB: "Stopping"})
    with pytest.raises(BadRecordsError, match="still in progress"):
        delete_of_ended(ARN, BucketStore(buckets), SCRATCH, jobs, most_seconds=0)
    assert list(buckets.objects) == [OTHERS]


def test_the_transform_job_of_another_run_is_not_waited_for() -> None:
    buckets, jobs = sections(), FakeTransformJobs({"churn-20261130T020000-00000000-1": "InProgress"})
    delete_of_ended(ARN, BucketStore(buckets), SCRATCH, jobs, most_seconds=0)
    assert list(buckets.objects) == [OTHERS]


def test_more_sections_than_one_call_deletes_are_deleted() -> None:
    buckets = sections(2345)
    delete_of_ended(ARN, BucketStore(buckets), SCRATCH, FakeTransformJobs({}), most_seconds=0)
    assert list(buckets.objects) == [OTHERS]


def test_fails_if_s3_keeps_a_section() -> None:
    buckets = sections()
    buckets.undeletable = {f"{SCRATCH['Key']}in/{RUN}/1/00000-0000001"}
    with pytest.raises(
        BadRecordsError, match=r"1 objects below .* can't be deleted, such as .*AccessDenied: no"
    ):
        delete_of_ended(ARN, BucketStore(buckets), SCRATCH, FakeTransformJobs({}), most_seconds=0)
