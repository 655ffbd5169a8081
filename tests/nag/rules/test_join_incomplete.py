"""Joins that the API refuses, and joins that it accepts."""

from __future__ import annotations

from typing import Any

import pytest

from nag.apps import KEY, OUTPUT_PATH, findings, machine, task

JOIN = {"InputFilter": "$", "JoinSource": "Input", "OutputFilter": "$"}
SOURCE = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/churn/"}}


def found(language: str, sent: dict[str, Any], received: dict[str, Any]) -> set[str]:
    members = {
        "DataProcessing": JOIN,
        "TransformInput": {"DataSource": SOURCE, **sent},
        "TransformOutput": {**OUTPUT_PATH[language], "KmsKeyId": KEY, **received},
    }
    states = {"Transform": task(language, members=members)}
    return findings(lambda stack: machine(stack, language, states))


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize(
    ("sent", "received", "at"),
    [
        (
            {"SplitType": "Line"},
            {"Accept": "text/csv", "AssembleWith": "Line"},
            "TransformInput.ContentType",
        ),
        (
            {"ContentType": "text/csv", "SplitType": "Line"},
            {"AssembleWith": "Line"},
            "TransformOutput.Accept",
        ),
        (
            {"ContentType": "text/csv", "SplitType": "Line"},
            {"Accept": "application/json", "AssembleWith": "Line"},
            "TransformOutput.Accept",
        ),
        (
            {"ContentType": "application/jsonlines", "SplitType": "Line"},
            {"Accept": "application/jsonlines"},
            "TransformOutput.AssembleWith",
        ),
    ],
)
def test_noncompliance_of_a_join(
    language: str, sent: dict[str, Any], received: dict[str, Any], at: str
) -> None:
    assert found(language, sent, received) == {f"JoinIncomplete[Transform/{at}]"}


@pytest.mark.parametrize("type_", ["text/csv", "application/jsonlines"])
def test_compliance_of_a_join(type_: str) -> None:
    sent = {"ContentType": type_, "SplitType": "Line"}
    assert found("JSONata", sent, {"Accept": type_, "AssembleWith": "Line"}) == set()


def test_compliance_of_a_type_that_only_the_run_knows() -> None:
    sent = {"ContentType": "{% $states.input.type %}", "SplitType": "Line"}
    assert found("JSONata", sent, {"Accept": "text/csv", "AssembleWith": "Line"}) == set()
