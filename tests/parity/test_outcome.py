from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from batch_transform.parity.case import Case, Expected
from batch_transform.parity.endpoint import Clients, Endpoint
from batch_transform.parity.outcome import Outcome, run_case, summary

JOB: dict[str, Any] = {"TransformJobStatus": "Completed", "DataProcessing": {"InputFilter": "$"}}
OUTPUTS = {"parity/r/c/out/a.out": b"1\n"}
LINES = ["2026-11-22T19:00:00.000:[sagemaker logs]: b/parity/r/c/in/a: odd"]


class FakeAws:
    """Answers for each AWS service in turn: a job that has ended, its objects, its log."""

    def __init__(self, refusal: str | None = None) -> None:
        self.refusal = refusal
        self.requests: list[dict[str, Any]] = []
        self.put: dict[str, bytes] = {}

    def create_transform_job(self, **request: Any) -> None:
        self.requests.append(request)
        if self.refusal:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": self.refusal}}, "Create")

    def describe_transform_job(self, **_: Any) -> dict[str, Any]:
        return JOB

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - AWS's names
        del Bucket
        self.put[Key] = Body

    def get_paginator(self, _: str) -> FakeAws:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": key} for key in OUTPUTS]}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        del Bucket

        class Body:
            def read(self) -> bytes:
                return OUTPUTS[Key]

        return {"Body": Body()}

    def describe_log_streams(self, **_: Any) -> dict[str, Any]:
        return {"logStreams": [{"logStreamName": "j/i/data-log"}, {"logStreamName": "j/progress"}]}

    def get_log_events(self, *, logStreamName: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's names
        assert logStreamName == "j/i/data-log"
        return {"events": [{"message": line} for line in LINES]}


def case(expected: Expected, **fields: Any) -> Case:
    whole = Case("c", "title", "documented", "https://example.com", {"in/a": b"1"}, {}, {}, expected)
    return replace(whole, **fields)


def differences(expected: Expected, refusal: str | None = None, **fields: Any) -> tuple[str, ...]:
    aws = FakeAws(refusal)
    endpoint = Endpoint(Clients(aws, aws, aws, aws), "b", "m", "r", log_wait=0.0)
    return run_case(endpoint, case(expected, **fields)).differences


SAME = Expected(
    status="Completed",
    outputs={"a.out": b"1\n"},
    log=("<bucket>/<prefix>/in/a: odd",),
    described={"DataProcessing": {"InputFilter": "$"}, "BatchStrategy": None},
)


def test_an_expected_outcome_has_no_differences() -> None:
    assert differences(SAME) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "Failed"}, "status 'Completed', not 'Failed'"),
        ({"failure_reason": "x"}, "FailureReason None, not 'x'"),
        ({"outputs": {"a.out": b"2\n"}}, r"a.out: '1\n', not '2\n'"),
        ({"outputs": {}}, r"a.out: '1\n', not missing"),
        ({"matches": {r"a\.out": "[2]\n"}}, "a.out: '1\\n' does not match [2]\n"),
        ({"log": ("other",)}, "the data log has no line 'other'"),
        ({"described": {"DataProcessing": None}}, "DataProcessing is {'InputFilter': '$'}, not None"),
        ({"refused": "x"}, "the request was not refused"),
    ],
)
def test_each_difference_is_listed(change: dict[str, Any], said: str) -> None:
    assert differences(replace(SAME, **change)) == (said,)


def test_a_failure_reason_is_compared_by_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JOB, "FailureReason", "AlgorithmError: no ping. On this machine: exit code 1")
    assert differences(Expected(failure_reason="AlgorithmError: no ping")) == ()
    assert differences(Expected(failure_reason="ClientError")) == (
        "FailureReason 'AlgorithmError: no ping. On this machine: exit code 1', not 'ClientError'",
    )


def test_outputs_may_be_compared_by_regular_expressions() -> None:
    assert differences(Expected(matches={r"\w\.out": r"\d\n"})) == ()
    assert differences(Expected(matches={r"b\.out": r"\d\n"})) == (
        r"no output matches b\.out",
        r"a.out: '1\n', not missing",
    )


def test_a_refusal_is_compared_by_its_text() -> None:
    assert differences(Expected(refused="no <bucket>"), "there is no b") == ()
    assert differences(Expected(refused="other"), "no") == (
        "refused with a different text: ValidationException: no",
    )
    assert differences(SAME, "no") == ("refused: ValidationException: no",)


def test_an_unknown_outcome_has_no_differences() -> None:
    assert differences(Expected(), evidence="unknown", register="U1") == ()
    assert differences(Expected(), "no", evidence="unknown", register="U1") == ()


def test_members_are_nested_as_in_the_request() -> None:
    aws = FakeAws()
    settings = {"InputFilter": "$[1:]", "S3Uri": "in/a", "MaxPayloadInMB": 2, "ContentType": "text/csv"}
    run_case(Endpoint(Clients(aws, aws, aws, aws), "b", "m", "r"), case(Expected(), settings=settings))
    (request,) = aws.requests
    assert request["DataProcessing"] == {"InputFilter": "$[1:]"}
    assert request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/parity/r/c/in/a"
    assert request["TransformInput"]["ContentType"] == "text/csv"
    assert request["MaxPayloadInMB"] == 2
    assert request["TransformOutput"] == {"S3OutputPath": "s3://b/parity/r/c/out"}
    assert aws.put == {"parity/r/c/in/a": b"1"}


def test_a_long_output_is_truncated_in_the_table() -> None:
    text = summary(Expected(status="Completed", outputs={"a.out": b"x" * 1000}))
    assert text.startswith("Completed\na.out: 'xxx")
    assert text.endswith("… (1,000 bytes)")


def test_the_summary_of_a_failure_leaves_out_the_name_of_the_object() -> None:
    outcome = Outcome(
        status="Failed",
        failure_reason="ClientError: See job logs for more information",
        log=(
            "MaxConcurrentTransforms=1, MaxPayloadInMB=6",
            "b/k: ClientError: 400",
            "b/k: ",
            "b/k: Message:",
        ),
    )
    assert summary(outcome).splitlines() == [
        "Failed",
        "ClientError: See job logs for more information",
        "ClientError: 400",
        "Message:",
    ]
