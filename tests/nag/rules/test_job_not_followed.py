"""Tasks that end as soon as the job has been created, and tasks that wait for it."""

from __future__ import annotations

import pytest

from nag.apps import findings, machine, task


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::sagemaker:createTransformJob",
        "arn:aws:states:::aws-sdk:sagemaker:createTransformJob",
    ],
)
@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_noncompliance_of_a_call_that_does_not_wait(language: str, resource: str) -> None:
    states = {"Transform": task(language, Resource=resource)}
    assert findings(lambda stack: machine(stack, language, states)) == {"JobNotFollowed[Transform]"}


def test_compliance_of_a_call_whose_job_is_described_until_it_ended() -> None:
    states = {
        "Transform": task(
            "JSONata", Resource="arn:aws:states:::sagemaker:createTransformJob", End=None, Next="Look"
        ),
        "Look": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeTransformJob",
            "Arguments": {"TransformJobName": "{% $states.context.Execution.Name %}"},
            "Next": "Ended",
        },
        "Ended": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.TransformJobStatus = 'Completed' %}", "Next": "Done"},
                {"Condition": "{% $states.input.TransformJobStatus = 'InProgress' %}", "Next": "Look"},
            ],
            "Default": "Failed",
        },
        "Done": {"Type": "Succeed"},
        "Failed": {"Type": "Fail"},
    }
    assert findings(lambda stack: machine(stack, "JSONata", states)) == set()
