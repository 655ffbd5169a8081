"""Filters that SageMaker does not support, and filters that it does."""

from __future__ import annotations

from typing import Any

import pytest

from nag.apps import findings, machine, report, task


def states(language: str, **processing: Any) -> dict[str, Any]:
    members = {"DataProcessing": {"JoinSource": "Input", **processing}}
    return {"Transform": task(language, members=members)}


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize("text", ["1:", "$[0,2:3]", "$.first_name", "$[?(@.age>3)]", "$" + "[1]" * 30])
def test_noncompliance_of_a_filter_that_sagemaker_does_not_support(language: str, text: str) -> None:
    assert findings(lambda stack: machine(stack, language, states(language, InputFilter=text))) == {
        "FilterIllegal[Transform/DataProcessing.InputFilter]"
    }


def test_the_finding_says_why() -> None:
    [violation] = report(lambda stack: machine(stack, "JSONata", states("JSONata", OutputFilter="$[0,2:3]")))[
        "violations"
    ]
    assert violation["ruleName"] == "FilterIllegal[Transform/DataProcessing.OutputFilter]"
    assert "only single range filters" in violation["description"]


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize("text", ["$", "$[1:]", "$[0,-1]", "$[2]"])
def test_compliance_of_a_supported_filter(language: str, text: str) -> None:
    assert findings(lambda stack: machine(stack, language, states(language, InputFilter=text))) == set()


def test_compliance_of_a_filter_that_only_the_run_knows() -> None:
    given = states("JSONata", InputFilter="{% $states.input.filter %}")
    assert findings(lambda stack: machine(stack, "JSONata", given)) == set()


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize("join", ["Input", "None"])
def test_noncompliance_of_a_filter_without_the_type_that_it_needs(language: str, join: str) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/churn/"}}
    members = {
        "DataProcessing": {"JoinSource": join, "InputFilter": "$[1:]"},
        "TransformInput": {"DataSource": source, "ContentType": "image/png"},
    }
    [violation] = [
        each
        for each in report(lambda stack: machine(stack, language, {"T": task(language, members=members)}))[
            "violations"
        ]
        if each["ruleName"].startswith("FilterIllegal")
    ]
    assert violation["ruleName"] == "FilterIllegal[T/DataProcessing.InputFilter]"
    assert 'Invalid ContentType: "image/png" when InputFilter is: "$[1:]"' in violation["description"]
    assert "Write one of them in TransformInput.ContentType" in violation["description"]
