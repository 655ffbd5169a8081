"""Deletes the sections of a run: at its end, or after it was stopped, once nothing writes sections any more."""

from __future__ import annotations

from collections.abc import Mapping

from bucket_store import BucketStore
from ended_jobs import SageMakerClient, wait_for_jobs

from batch_transform.job.errors import BadRecordsError
from batch_transform.job.values.run import execution_hash


def delete_of_run(run: str, store: BucketStore, scratch: Mapping[str, str]) -> None:
    """Delete the sections of the run with this id. `scratch` is the Bucket and the Key prefix of the job's sections."""
    _delete(f"/{run}/", store, scratch)


def delete_of_ended(
    execution_arn: str,
    store: BucketStore,
    scratch: Mapping[str, str],
    sagemaker: SageMakerClient,
    *,
    most_seconds: float,
) -> None:
    """Delete the sections of an execution that didn't succeed, once its transform jobs have ended.

    A transform job that is being stopped may still write results. If one hasn't ended after `most_seconds`, what is
    there is deleted, and BadRecordsError lets Lambda call the function again.
    """
    have_ended = wait_for_jobs(execution_arn, sagemaker, most_seconds=most_seconds)
    _delete(f"-{execution_hash(execution_arn)}/", store, scratch)
    if not have_ended:
        raise BadRecordsError(
            f"a transform job of {execution_arn} is still in progress after {most_seconds:,.0f} seconds, and may write "
            "more sections; they are deleted by the next call, or by the bucket's lifecycle rule"
        )


def _delete(part: str, store: BucketStore, scratch: Mapping[str, str]) -> None:
    deleted = store.delete_below(scratch["Bucket"], scratch["Key"], part=part)
    print(f"deleted {deleted} objects of sections")  # noqa: T201  # for the function's log
