from __future__ import annotations

from typing import Any

import pytest

from batch_transform.job.errors import NotDeployedError, RunInputError
from batch_transform.job.request.request import transform_job_request
from batch_transform.job.values.job_spec import InputSpec, JobSpec, ModelSpec, OutputSpec, TransformSpec
from batch_transform.runs.deployed_request import DeployedRequest
from batch_transform_cdk.machine.definition import Parts, state_machine_definition

JOB = JobSpec(
    name="churn",
    model=ModelSpec(existing="churn-model"),
    input=InputSpec(content_type="text/csv", split_type="Line", columns=("id", "age")),
    output=OutputSpec(accept="text/csv", assemble_with="Line"),
    transform=TransformSpec(instance_type=("ml.m5.large", "ml.c5.xlarge")),
)


@pytest.fixture
def definition() -> dict[str, Any]:
    """The state machine definition that the stack deploys."""
    request = transform_job_request(
        JOB, model_name="m", data="s3://data/churn/", output_path="s3://data/out/"
    )
    return state_machine_definition(
        JOB, request, Parts(preflight_arn="p", report_arn="r", record_arn="k", lock=None)
    )


def test_a_definition_contains_the_input_of_its_preflight(definition: dict[str, Any]) -> None:
    deployed = DeployedRequest.of(definition)
    assert deployed.instance_types == JOB.transform.instance_type
    assert deployed.columns.input == ("id", "age")
    assert deployed.request["ModelName"] == "m"


def test_a_definition_from_release_0_1_can_be_read(definition: dict[str, Any]) -> None:
    declared = definition["States"].pop("PrepareRun")["Assign"]["declared_request"]
    definition["States"]["Request"] = {"Assign": {"declared": declared}}
    assert DeployedRequest.of(definition).request["ModelName"] == "m"


def test_a_definition_of_a_release_without_limits_limits_no_run(definition: dict[str, Any]) -> None:
    del definition["States"]["Preflight"]["Arguments"]["Payload"]["limits"]
    checked = DeployedRequest.of(definition).checked({"transform.instance_count": 8})
    assert checked.request["TransformResources"]["InstanceCount"] == 8


def test_overrides_can_use_column_names(definition: dict[str, Any]) -> None:
    checked = DeployedRequest.of(definition).checked({"data_processing.send_except": ["id"]})
    assert checked.request["DataProcessing"]["InputFilter"] == "$[1]"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"input.data": "s3://data/out/"}, "output-under-input"),
        ({"transform.instance_count": 2}, "override-beyond-limits"),
        ({"transform.instance_cuont": 2}, "did you mean transform.instance_count"),
        ({"output.path": "s3://elsewhere/"}, "change it in the job file, and deploy"),
        ({"transform.instance_type": ["ml.m5.large", "t2.nano"]}, "transform.instance_type"),
    ],
)
def test_fails_for_overrides_that_the_preflight_would_reject(
    definition: dict[str, Any], overrides: dict[str, Any], message: str
) -> None:
    with pytest.raises(RunInputError, match=message):
        DeployedRequest.of(definition).checked(overrides)


@pytest.mark.parametrize("other", [{}, {"States": {"Preflight": {}}}, {"States": []}])
def test_fails_for_a_state_machine_from_elsewhere(other: dict[str, Any]) -> None:
    with pytest.raises(NotDeployedError, match="deploy it again"):
        DeployedRequest.of(other)
