"""Runs that leave bad records out: one that completes, one that fails with an upload open, and one that is stopped."""

from __future__ import annotations

import json

from batch_transform.job.values.run import execution_hash
from least_privilege.account import Account
from least_privilege.model_code import hanging, hangs
from least_privilege.stories.point import Points
from least_privilege.stories.runs import clear_uploads, functions_log, now

_SECTIONS = "_sections/"


def put_data(account: Account, job: str) -> None:
    """Upload each story's input: a record whose answer has 9 MB, one that is bad, and one with two lines of answer."""
    account.put_input(job, "lenient/a", "1\nbig\nbad\n2")
    account.put_input(job, "uneven/a", "big\nbad\ntwice")
    account.put_input(job, "held/a", "bad\nhang")


def leaves_bad_records_out(account: Account, job: str) -> Points:
    """A run finds its bad record, says why it was refused, and deletes its sections."""
    began = now()
    arn = account.start(job, {"input": {"data": account.place(job, "lenient")}})
    execution = account.execution(arn)
    yield "succeeds", execution["status"] == "SUCCEEDED"
    output = json.loads(execution["output"])
    yield "counts one", output["BadRecords"] == 1
    place = output["S3OutputPath"].removeprefix(f"s3://{account.output_bucket}/")
    s3 = account.client("s3")
    listed = s3.get_object(Bucket=account.output_bucket, Key=f"{place}/_bad_records.jsonl")["Body"].read()
    yield "quotes the log", b"Bad HTTP status received from algorithm: 500" in listed
    yield "deletes the sections", not _left(account, arn)
    yield "function logs", functions_log(account, job, began, "Workflow/BadRecords")


def ends_its_upload(account: Account, job: str) -> Points:
    """A run whose results can't be put together leaves no upload open."""
    clear_uploads(account)  # of a run that wasn't allowed to end its own
    arn = account.start(job, {"input": {"data": account.place(job, "uneven")}})
    execution = account.execution(arn)
    yield "fails", execution.get("error") == "BadRecordsError"
    uploads = account.client("s3").list_multipart_uploads(Bucket=account.output_bucket).get("Uploads", [])
    yield "leaves no upload", not uploads
    yield "deletes the sections", account.wait_until(lambda: not _left(account, arn))


def deletes_sections_when_stopped(account: Account, job: str) -> Points:
    """A run that is stopped in a round leaves no sections behind.

    It is stopped while the model hangs, and its sections are deleted before the model answers. The round has no result
    yet then, and none is on its way: a transform job that is being stopped may write one after the deletion.
    """
    with hanging():
        arn = account.start(job, {"input": {"data": account.place(job, "held")}})
        try:
            yield "scores sections", account.wait_until(hangs)
            yield "cuts sections", bool(_left(account, arn))
        finally:
            account.stop(arn)
        yield "deletes the sections", account.wait_until(lambda: not _left(account, arn))


def _left(account: Account, execution: str) -> list[str]:
    """The sections of this run alone: a run without a permission may have left its own."""
    pages = account.client("s3").get_paginator("list_object_versions")
    keys = [
        entry["Key"]
        for page in pages.paginate(Bucket=account.output_bucket, Prefix=_SECTIONS)
        for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    ]
    return [key for key in keys if f"-{execution_hash(execution)}/" in key]
