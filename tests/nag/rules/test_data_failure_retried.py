"""Retries of jobs that failed because of their data, and of calls that AWS could not serve."""

from __future__ import annotations

import pytest

from nag.apps import findings, machine, task


@pytest.mark.parametrize("error", ["States.ALL", "States.TaskFailed"])
@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_noncompliance_of_a_retry_of_any_failed_job(language: str, error: str) -> None:
    states = {"Transform": task(language, Retry=[{"ErrorEquals": [error]}])}
    assert findings(lambda stack: machine(stack, language, states)) == {"DataFailureRetried[Transform]"}


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_compliance_of_a_retry_of_what_aws_could_not_serve(language: str) -> None:
    errors = ["SageMaker.ResourceLimitExceededException", "SageMaker.AmazonSageMakerException"]
    states = {
        "Transform": task(
            language, Retry=[{"ErrorEquals": errors}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}]
        )
    }
    assert findings(lambda stack: machine(stack, language, states)) == set()
