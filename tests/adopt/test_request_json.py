from __future__ import annotations

import json
from typing import Any

import pytest

from batch_transform.adopt.request_json import adopt_json
from batch_transform.job.errors import InputError

REQUEST: dict[str, Any] = {
    "TransformJobName": "churn-20261122T020001-1a2b3c4d-1",
    "ModelName": "churn-model",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in-bucket/x"}}
    },
    "TransformOutput": {"S3OutputPath": "s3://out-bucket/y"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}
WITHOUT_NAME = {name: value for name, value in REQUEST.items() if name != "TransformJobName"}
RESOURCE = "arn:aws:states:::sagemaker:createTransformJob.sync"


def task(**members: object) -> dict[str, Any]:
    return {"Type": "Task", "Resource": RESOURCE, **members}


def adopt(document: object, **options: Any) -> Any:
    return adopt_json(json.dumps(document), origin="file.json", **options)


def test_a_request_is_read_unchanged_and_its_name_without_the_suffix() -> None:
    adopted = adopt(REQUEST)
    assert adopted.request == WITHOUT_NAME
    assert adopted.transform_job_name == "churn-20261122T020001-1a2b3c4d-1"
    assert adopted.job_name == "churn"


@pytest.mark.parametrize(
    ("transform_job_name", "job_name"),
    [
        ("churn-2026-01-02-10-00-00-123", "churn"),
        ("churn-260102-1000", "churn"),
        ("churn-2", "churn-2"),
        ("a" * 63, "a" * 32),
        (None, "adopted-job"),
    ],
)
def test_the_jobs_name_is_legal(transform_job_name: str | None, job_name: str) -> None:
    assert adopt({**WITHOUT_NAME, "TransformJobName": transform_job_name}).job_name == job_name


def test_a_description_is_read_without_its_read_only_members() -> None:
    described = {
        **REQUEST,
        "TransformJobArn": "arn:aws:sagemaker:eu-west-1:1:transform-job/churn",
        "TransformJobStatus": "Failed",
        "FailureReason": "ClientError: See job logs for more information",
        "CreationTime": "2026-11-22T02:00:01+00:00",
        "TransformOutput": {"S3OutputPath": "s3://out-bucket/y", "KmsKeyId": ""},
    }
    assert adopt(described).request == WITHOUT_NAME


def test_an_event_is_a_description_with_tags_by_name() -> None:
    tags = {
        "team": "data",
        "MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS",
        "aws:cloudformation:stack-name": "x",
    }
    event = {"detail-type": "SageMaker Transform Job State Change"}
    adopted = adopt({**event, "detail": {**REQUEST, "TransformJobStatus": "Completed", "Tags": tags}})
    assert adopted.request["Tags"] == [{"Key": "team", "Value": "data"}]


@pytest.mark.parametrize("member", ["Parameters", "Arguments"])
def test_a_state_is_read_wherever_it_is_nested(member: str) -> None:
    machine = {
        "StartAt": "Map",
        "States": {"Map": {"Iterator": {"States": {"Score": task(**{member: REQUEST})}}}},
    }
    adopted = adopt(machine)
    assert adopted.request == WITHOUT_NAME
    assert adopted.origin == "the state Score in file.json"


def test_the_definition_of_a_described_state_machine_is_read() -> None:
    definition = json.dumps({"States": {"Score": task(Parameters=REQUEST)}})
    assert adopt({"name": "machine", "definition": definition}).request == WITHOUT_NAME


def test_one_state_of_several_is_chosen_by_name() -> None:
    machine = {
        "States": {"A": task(Parameters=REQUEST), "B": task(Parameters={**REQUEST, "ModelName": "other"})}
    }
    assert adopt(machine, state="B").request["ModelName"] == "other"
    with pytest.raises(
        InputError, match=r"has 2 states that create a transform job \(A, B\); choose one with --state"
    ):
        adopt(machine)
    with pytest.raises(InputError, match="has no state C"):
        adopt(machine, state="C")


def test_expressions_are_unknown_until_run_time() -> None:
    arguments = {
        **WITHOUT_NAME,
        "TransformJobName": "{% $states.context.Execution.Name %}",
        "ModelName": "{% $model %}",
        "TransformOutput": {"S3OutputPath": "s3://${Bucket}/y"},
        "Environment": {"A": "{% $a %}", "B": "b"},
    }
    adopted = adopt({"States": {"Score": task(Arguments=arguments)}})
    assert adopted.unknown == {
        ("ModelName",): "{% $model %}",
        ("TransformOutput", "S3OutputPath"): "s3://${Bucket}/y",
        ("Environment", "A"): "{% $a %}",
    }
    assert adopted.request["Environment"] == {"B": "b"}
    assert adopted.transform_job_name is None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([REQUEST], "must be a JSON object"),
        ({"Hello": 1}, "has no transform job"),
        ({**REQUEST, "MaxPayload": 6}, "MaxPayload is not a member of CreateTransformJob"),
        ({**REQUEST, "TransformInput": "s3://x"}, "TransformInput must be an object"),
        ({**REQUEST, "Environment": {"A": 1}}, "Environment must be an object of strings"),
        ({**REQUEST, "ModelName": ["a"]}, "ModelName must be one value"),
        ({**REQUEST, "Tags": [{"Key": "a"}]}, "Tags must be a list of"),
        (
            {**REQUEST, "Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
            "two tags have the key a",
        ),
        ({"States": {"A": {"Type": "Pass"}}}, "has 0 states that create a transform job"),
        ({"States": {"A": task(Arguments="{% $all %}")}}, "has no Parameters and no Arguments"),
    ],
)
def test_fails_and_says_what_is_wrong(document: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        adopt(document)


def test_fails_for_text_that_is_not_json() -> None:
    with pytest.raises(InputError, match=r"file\.json: is not valid JSON"):
        adopt_json("name: churn", origin="file.json")
    with pytest.raises(InputError, match="nested too deeply"):
        adopt_json("[" * 100_000, origin="file.json")


def test_a_state_given_by_itself_has_no_name() -> None:
    assert adopt(task(Parameters=WITHOUT_NAME)).origin == "the state in file.json"


@pytest.mark.parametrize("name", ["ModelName", "TransformInput", "TransformOutput", "TransformResources"])
def test_fails_for_a_request_without_required_members(name: str) -> None:
    with pytest.raises(InputError, match=f"it lacks {name}, which AWS requires"):
        adopt({member: value for member, value in REQUEST.items() if member != name})
    assert adopt({**REQUEST, name: None, f"{name}.$": "$.it"})
