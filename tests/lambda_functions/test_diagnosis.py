from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.values.s3_uri import output_key
from diagnosis import FailedRun, explain
from fakes.budgets import NOTHING, PLENTY
from fakes.s3 import FakeS3
from time_budget import TimeBudget
from transform_log import LOG_GROUP
from unserved_files import unserved_files

JOB = "churn-20261122T020001-1a2b3c4d-1"


class FakeLogs:
    """A log group in memory: (stream, message), oldest first, on a page each.

    Of more than `most_streams` streams with a prefix, it says what CloudWatch Logs says.
    """

    def __init__(self, *lines: tuple[str, str], most_streams: int = 100) -> None:
        self._lines = lines
        self._most_streams = most_streams

    def get_paginator(self, operation_name: str, /) -> FakeLogs:
        assert operation_name == "filter_log_events"
        return self

    def paginate(
        self,
        *,
        logGroupName: str,  # noqa: N803  # AWS's names
        startTime: int,  # noqa: N803
        logStreamNamePrefix: str = "",  # noqa: N803
    ) -> Iterator[dict[str, Any]]:
        assert logGroupName == LOG_GROUP
        assert startTime == 1795312801000  # the moment in the job's name
        found = [line for line in self._lines if line[0].startswith(logStreamNamePrefix)]
        if logStreamNamePrefix and len({stream for stream, _ in found}) > self._most_streams:
            raise refused("InvalidParameterException", "too many log streams", "FilterLogEvents")
        yield {"events": [], "nextToken": "-"}  # AWS may answer with an empty page and continue
        for stream, message in found:
            yield {"events": [{"logStreamName": stream, "message": message}], "nextToken": "-"}
        yield {"events": []}


def refused(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def explained(run: FailedRun, s3: FakeS3, logs: FakeLogs, budget: TimeBudget = PLENTY) -> dict[str, str]:
    return explain(run, s3, logs, budget)


def a_failure(
    error: str = "States.TaskFailed",
    cause: dict[str, Any] | str = "",
    data_type: str = "S3Prefix",
    stop_result: str = "",
) -> FailedRun:
    return FailedRun(
        execution_arn="arn:aws:states:eu-central-1:123456789012:execution:Churn-x:nightly",
        job="churn",
        job_file="jobs/churn.yaml",
        request={
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": data_type, "S3Uri": "s3://data-in/churn/"}}
            },
            "TransformOutput": {"S3OutputPath": "s3://out/churn/run"},
        },
        transform_job_name=JOB,
        instance_types=["ml.m5.large", "ml.m5.xlarge"],
        stop_result=stop_result,
        error={"Error": error, "Cause": cause if isinstance(cause, str) else json.dumps(cause)},
    )


FAILED = {
    "TransformJobName": JOB,
    "TransformJobStatus": "Failed",
    "FailureReason": "ClientError: See job logs for more information",
}
OBJECTS = {
    ("data-in", "churn/a.csv"): 9,
    ("data-in", "churn/bad.csv"): 9,
    ("data-in", "churn/z/c.csv"): 9,
    ("out", "churn/run/a.csv.out"): 9,
    ("out", "churn/run/z/c.csv.out"): 9,
}


def test_the_cause_names_the_job_its_file_the_bad_file_and_the_reason_of_aws() -> None:
    failure = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), FakeLogs())
    assert failure["Error"] == "States.TaskFailed"
    lines = failure["Cause"].splitlines()
    assert lines[0] == (
        f"job churn (jobs/churn.yaml): transform job {JOB} on s3://data-in/churn/: "
        "ClientError: See job logs for more information"
    )
    assert lines[1] == "1 of 3 files have no result: s3://data-in/churn/bad.csv"


def test_the_cause_quotes_the_data_log() -> None:
    logs = FakeLogs(
        (
            f"{JOB}/i-1/data-log",
            "t:[sagemaker logs]: MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD",
        ),
        (f"{JOB}/i-1/data-log", "t:[sagemaker logs]: data-in/churn/bad.csv: ClientError: 400"),
        (f"{JOB}/i-1", "Traceback of the container"),
        ("another-job/i-1/data-log", "not ours"),
    )
    cause = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), logs)["Cause"]
    assert "s3://data-in/churn/bad.csv:\n  ClientError: 400" in cause
    assert "MaxConcurrentTransforms" not in cause
    assert "not ours" not in cause
    assert f"log: group {LOG_GROUP}, streams {JOB}/" in cause


def test_the_containers_last_lines_are_quoted_if_the_agent_logs_nothing() -> None:
    logs = FakeLogs(*((f"{JOB}/i-1", f"line {number}") for number in range(100)), (f"{JOB}/progress", "{}"))
    lines = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), logs)["Cause"].splitlines()
    assert lines[-13:] == ["the container's last lines:", *(f"line {number}" for number in range(88, 100))]


def test_the_containers_last_lines_are_quoted_if_its_answer_is_a_page() -> None:
    logs = FakeLogs(
        (f"{JOB}/i-1", "ValueError: could not convert string to float: 'one'"),
        (f"{JOB}/i-1/data-log", "t:[sagemaker logs]: data-in/churn/bad.csv: AlgorithmError: 500"),
        (
            f"{JOB}/i-1/data-log",
            "t:[sagemaker logs]: data-in/churn/bad.csv: <title>500 Internal Server Error</title>",
        ),
    )
    lines = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), logs)["Cause"].splitlines()
    assert lines[-2:] == [
        "the container's last lines:",
        "ValueError: could not convert string to float: 'one'",
    ]


def test_a_page_as_the_answer_is_quoted_as_its_text_and_ends_with_its_file() -> None:
    page = (
        "<!doctype html>",
        "<html lang=en>",
        "<title>500 Internal Server Error</title>",
        "<p>No luck.</p>",
    )
    agent = [f"data-in/churn/bad.csv: {line}" for line in ("AlgorithmError: 500", *page)]
    agent.append("data-in/churn/worse.csv: ClientError: 400")
    logs = FakeLogs(*((f"{JOB}/i-1/data-log", f"t:[sagemaker logs]: {line}") for line in agent))
    lines = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), logs)["Cause"].splitlines()
    assert lines[-5:] == [
        "s3://data-in/churn/bad.csv:",
        "  AlgorithmError: 500",
        "  500 Internal Server Error: No luck.",
        "s3://data-in/churn/worse.csv:",
        "  ClientError: 400",
    ]


def test_an_account_without_the_log_group_quotes_no_log() -> None:
    class NoGroup(FakeLogs):
        def paginate(self, **_arguments: Any) -> Iterator[dict[str, Any]]:
            yield {"events": []}
            raise refused("ResourceNotFoundException", "no such group", "FilterLogEvents")

    cause = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), NoGroup())["Cause"]
    assert cause.splitlines()[-1].startswith("log: group")


def test_a_long_log_is_shortened_to_its_start_and_end() -> None:
    stream, lead = f"{JOB}/i-1/data-log", "t:[sagemaker logs]: data-in/churn/bad.csv: "
    logs = FakeLogs(
        (stream, f"{lead}Bad HTTP status"), *((stream, f"{lead}line {number}") for number in range(50))
    )
    lines = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), logs)["Cause"].splitlines()
    assert "  Bad HTTP status" in lines
    assert lines[-1] == "  line 49"
    assert "  … 40 more lines in the log …" in lines


def test_many_files_are_counted_and_the_first_are_named() -> None:
    objects = {("data-in", f"churn/{number:02}.csv"): 1 for number in range(12)}
    cause = explained(a_failure(cause=FAILED), FakeS3(objects), FakeLogs())["Cause"]
    assert "12 of 12 files have no result: s3://data-in/churn/00.csv" in cause
    assert "and 7 more" in cause


def test_a_long_line_of_the_log_does_not_make_a_cause_too_long_for_step_functions() -> None:
    line = "t:[sagemaker logs]: data-in/churn/bad.csv: " + "x" * 250_000
    logs = FakeLogs(*((f"{JOB}/i-1/data-log", line) for _ in range(40)))
    assert len(explained(a_failure(cause=FAILED), FakeS3(OBJECTS), logs)["Cause"]) <= 32_768


def test_a_cause_that_was_cut_off_is_quoted_unchanged() -> None:
    cut = json.dumps(FAILED)[:-20]
    assert cut in explained(a_failure(cause=cut), FakeS3(OBJECTS), FakeLogs())["Cause"]


def test_the_consoles_folder_markers_are_no_files_without_a_result() -> None:
    cause = explained(a_failure(cause=FAILED), FakeS3(OBJECTS | {("data-in", "churn/"): 0}), FakeLogs())[
        "Cause"
    ]
    assert "1 of 3 files have no result: s3://data-in/churn/bad.csv" in cause


def test_a_refused_request_is_reported_in_the_words_of_the_service() -> None:
    run = a_failure("SageMaker.AmazonSageMakerException", 'Could not find model "churn".')
    cause = explained(run, FakeS3(OBJECTS), FakeLogs())["Cause"]
    assert 'Could not find model "churn".' in cause
    assert "have no result" not in cause


def test_a_timeout_names_the_setting_behind_it() -> None:
    cause = explained(a_failure("States.Timeout"), FakeS3(OBJECTS), FakeLogs())["Cause"]
    assert "transform.max_runtime_in_seconds" in cause
    assert JOB in cause


def test_a_job_stopped_from_outside_is_reported_as_such() -> None:
    stopped = {"TransformJobName": JOB, "TransformJobStatus": "Stopped"}
    assert "StopTransformJob" in explained(a_failure(cause=stopped), FakeS3(OBJECTS), FakeLogs())["Cause"]


@pytest.mark.parametrize(
    ("error", "reason", "step"),
    [
        ("States.TaskFailed", "ClientError: See job logs for more information", "fix the data"),
        ("States.TaskFailed", "AlgorithmError: See job logs for more information", "fix the model"),
        ("States.TaskFailed", "CapacityError: Unable to provision", "after ml.m5.large, ml.m5.xlarge in"),
        ("States.TaskFailed", "InternalServerError: We encountered an error", "AWS Support"),
        ("SageMaker.ResourceLimitExceededException", "the limit is 0 Instances", "Service Quotas"),
        ("States.Timeout", "", "increase transform.max_runtime_in_seconds"),
        ("SageMaker.AmazonSageMakerException", "Rate exceeded (Error Code: ThrottlingException)", "later"),
        (
            "SageMaker.AmazonSageMakerException",
            "User is not authorized to perform: x",
            "which policy denies",
        ),
        ("Some.OtherError", "something new", "fix the reason above"),
    ],
)
def test_every_failure_has_its_next_step(error: str, reason: str, step: str) -> None:
    failed: dict[str, str] | str = (
        {**FAILED, "FailureReason": reason} if error == "States.TaskFailed" else reason
    )
    lines = explained(a_failure(error, failed), FakeS3(OBJECTS), FakeLogs())["Cause"].splitlines()
    [advice] = [line for line in lines if line.startswith("next step: ")]
    assert step in advice


@pytest.mark.parametrize(
    ("reason", "is_said"),
    [("ClientError: 400", True), ("AlgorithmError: See job logs", True), ("CapacityError: None", False)],
)
def test_a_job_that_could_leave_bad_records_out_is_told_so(reason: str, is_said: bool) -> None:
    run = a_failure(cause={**FAILED, "FailureReason": reason})
    assert "bad_records" not in explained(run, FakeS3(OBJECTS), FakeLogs())["Cause"]
    could = dataclasses.replace(run, could_leave_out_records=True)
    lines = explained(could, FakeS3(OBJECTS), FakeLogs())["Cause"].splitlines()
    [advice] = [line for line in lines if line.startswith("next step: ")]
    assert ("bad_records in the job file" in advice) is is_said


def test_without_details_an_explanation_without_data_stays() -> None:
    said = (
        "ClientError: 400: of 'secret'; 2 of 3 sections failed in round 1: it is the model, not the records"
    )
    error = {
        "Error": "States.TaskFailed",
        "Cause": said,
        "Explanation": "2 of 3 sections failed in round 1: it is the model, not the records",
    }
    run = dataclasses.replace(a_failure(), error=error, details=False)
    cause = explained(run, FakeS3(OBJECTS), FakeLogs())["Cause"]
    assert "ClientError; 2 of 3 sections failed in round 1: it is the model, not the records" in cause
    assert "secret" not in cause
    assert "next step: check the log; fix the model and deploy it" in cause


def test_the_cause_has_the_result_of_stopping_the_transform_job() -> None:
    run = a_failure(
        "SageMaker.AmazonSageMakerException", "no", stop_result="the state machine stopped the transform job"
    )
    lines = explained(run, FakeS3(OBJECTS), FakeLogs())["Cause"].splitlines()
    assert lines[1] == "the state machine stopped the transform job"


def test_a_run_with_a_definition_of_release_0_1_is_explained_too() -> None:
    event = dataclasses.asdict(a_failure())
    event["fate"] = event.pop("stop_result") or "it was stopped"
    assert FailedRun.of(event) == a_failure(stop_result="it was stopped")


def test_a_manifest_is_named_as_it_is() -> None:
    cause = explained(a_failure(cause=FAILED, data_type="ManifestFile"), FakeS3(OBJECTS), FakeLogs())["Cause"]
    assert "input: s3://data-in/churn/ (ManifestFile)" in cause


def test_a_job_of_too_many_streams_is_found_among_those_of_the_whole_group() -> None:
    streams = [(f"{JOB}/i-{number:03}", f"line {number}") for number in range(101)]
    logs = FakeLogs(("another-job/i-1/data-log", "t:[sagemaker logs]: not/ours.csv: ClientError"), *streams)
    lines = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), logs)["Cause"].splitlines()
    assert lines[-2:] == ["line 99", "line 100"]
    assert "not/ours.csv" not in "\n".join(lines)


REFUSALS = [
    refused("ThrottlingException", "Rate exceeded", "FilterLogEvents"),
    refused("InvalidParameterException", "anything", "FilterLogEvents"),
    refused("AccessDeniedException", "not authorized", "FilterLogEvents"),
    ReadTimeoutError(endpoint_url="https://logs.eu-central-1.amazonaws.com"),
    KeyError("events"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
def test_a_log_that_cannot_be_read_is_a_line_and_the_rest_of_the_cause_stays(refusal: Exception) -> None:
    class Refusing(FakeLogs):
        def paginate(self, **_arguments: Any) -> Iterator[dict[str, Any]]:
            raise refusal

    lines = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), Refusing())["Cause"].splitlines()
    assert lines[1] == "1 of 3 files have no result: s3://data-in/churn/bad.csv"
    assert lines[2].startswith("next step: ")
    assert lines[3].startswith("log: group")
    assert "the log could not be read" in lines[4]
    assert str(refusal) in lines[4]


def test_lines_read_before_a_call_failed_are_quoted() -> None:
    class Breaking(FakeLogs):
        def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
            pages = super().paginate(**arguments)
            yield from itertools.islice(pages, 2)
            raise REFUSALS[0]

    logs = Breaking((f"{JOB}/i-1", "the first line"), (f"{JOB}/i-1", "the second line"))
    lines = explained(a_failure(cause=FAILED), FakeS3(OBJECTS), logs)["Cause"].splitlines()
    assert "Rate exceeded" in lines[4]
    assert lines[5:] == ["the container's last lines:", "the first line"]


@pytest.mark.parametrize("bucket", ["data-in", "out"])
def test_objects_that_cannot_be_listed_are_a_line_and_the_rest_of_the_cause_stays(bucket: str) -> None:
    class Throttled(FakeS3):
        def paginate(self, *, Bucket: str, Prefix: str, **asked: str) -> Iterator[dict[str, Any]]:  # noqa: N803  # AWS's names
            if Bucket == bucket:
                raise refused("SlowDown", "Please reduce your request rate.", "ListObjectsV2")
            return super().paginate(Bucket=Bucket, Prefix=Prefix, **asked)

    logs = FakeLogs((f"{JOB}/i-1", "the last line"))
    lines = explained(a_failure(cause=FAILED), Throttled(OBJECTS), logs)["Cause"].splitlines()
    assert lines[1].startswith("files without a result: could not be determined: ")
    assert "SlowDown" in lines[1]
    assert lines[2].startswith("next step: ")
    assert lines[-1] == "the last line"


def test_a_budget_that_is_over_says_what_was_looked_at() -> None:
    objects = {("data-in", f"churn/{number:02}.csv"): 1 for number in range(12)}
    logs = FakeLogs(*((f"{JOB}/i-1", f"line {number}") for number in range(100)))
    lines = explained(a_failure(cause=FAILED), FakeS3(objects, page_size=4), logs, NOTHING)[
        "Cause"
    ].splitlines()
    assert lines[1].startswith(
        "files compared with their results in the time there was: 4, not all; of these, 4 have no result: "
    )
    assert lines[4] == "the log was not read to its end in the time there was: 0 lines were looked at"


def test_results_that_were_not_listed_are_not_reported_as_missing() -> None:
    names = [f"{number:02}" for number in range(12)]
    objects = {("data-in", f"churn/{name}.csv"): 1 for name in names}
    objects |= {("out", f"churn/run/{name}.csv.out"): 1 for name in names}
    found = unserved_files(a_failure().request, FakeS3(objects, page_size=4), NOTHING)
    assert found == [
        "files compared with their results in the time there was: 4, not all; of these, all have a result"
    ]


@given(
    prefix=st.sampled_from(["churn/", "churn", "ch"]),
    keys=st.sets(st.text("ab/-.0", min_size=1, max_size=5).filter(lambda key: not key.endswith("/"))),
    data=st.data(),
)
def test_every_file_without_a_result_is_counted(prefix: str, keys: set[str], data: st.DataObject) -> None:
    keys = {f"{prefix}{key}" for key in keys}
    served = data.draw(st.sets(st.sampled_from(sorted(keys)))) if keys else set()
    alone = keys == {prefix}
    results = {output_key(key, prefix, "out/run", alone=alone) for key in served}
    # In the order of the results' names.
    named = sorted((output_key(key, prefix, "out/run", alone=alone), key) for key in keys)
    missing = [key for name, key in named if name not in results]
    request = a_failure().request | {"TransformOutput": {"S3OutputPath": "s3://out/out/run"}}
    request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://data-in/{prefix}"
    objects = {("data-in", key): 1 for key in keys} | {("out", key): 1 for key in results}
    lines = unserved_files(request, FakeS3(objects), PLENTY)
    assert (
        lines == []
        if not missing
        else lines[0].startswith(f"{len(missing)} of {len(keys)} files have no result: ")
    )
    assert all(f"s3://data-in/{key}" in lines[0] for key in missing[:5])


def test_text_in_braces_is_quoted_as_the_reason() -> None:
    assert "{not JSON}" in explained(a_failure(cause="{not JSON}"), FakeS3(OBJECTS), FakeLogs())["Cause"]


SECRET = "patient 4711, diagnosis E11.9"


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (FAILED | {"FailureReason": f"ClientError: {SECRET}"}, "ClientError"),
        (FAILED | {"FailureReason": f"{SECRET}: no kind"}, "the transform job failed"),
        (f'{{"FailureReason": "AlgorithmError: {SECRET}", "Cut', "the transform job failed"),
        (SECRET, "the transform job failed"),
    ],
)
def test_without_details_the_cause_names_everything_and_quotes_nothing(
    cause: dict[str, Any] | str, reason: str
) -> None:
    logs = FakeLogs(
        (f"{JOB}/i-1/data-log", f"t:[sagemaker logs]: data-in/churn/bad.csv: {SECRET}"),
        (f"{JOB}/i-1", SECRET),
    )
    run = dataclasses.replace(a_failure(cause=cause), details=False)
    lines = explained(run, FakeS3(OBJECTS), logs)["Cause"].splitlines()
    assert lines[0] == f"job churn (jobs/churn.yaml): transform job {JOB} on s3://data-in/churn/: {reason}"
    if isinstance(cause, dict):
        assert lines[1] == "1 of 3 files have no result: s3://data-in/churn/bad.csv"
    assert lines[-2].startswith("next step: ")
    assert lines[-1] == f"log: group {LOG_GROUP}, streams {JOB}/…"
    assert SECRET not in "\n".join(lines)


def test_without_details_a_call_that_aws_refused_is_explained_as_before() -> None:
    refusal = "The account-level service limit is 0 (Service: AmazonSageMaker)"
    run = dataclasses.replace(
        a_failure("SageMaker.ResourceLimitExceededException", cause=refusal), details=False
    )
    assert refusal in explained(run, FakeS3(OBJECTS), FakeLogs())["Cause"]
