from __future__ import annotations

import pytest

from batch_transform.runs.deployment import DeployedJob, named_job
from batch_transform.spec.environment import EnvironmentSpec
from batch_transform.spec.errors import NotDeployedError
from batch_transform.spec.stack_outputs import job_of, state_machine_description, state_machine_output

ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn"
DEV = EnvironmentSpec(environment="dev", prefix="dev-")
JOBS = [DeployedJob("churn-nightly", "dev-churn-nightly", ARN), DeployedJob("tumours", "dev-tumours", ARN)]


@pytest.mark.parametrize("name", ["churn", "churn-nightly", "a-B-3"])
def test_the_output_of_a_machine_tells_the_whole_name_of_its_job(name: str) -> None:
    assert job_of(state_machine_output(name), state_machine_description(name)) == name


@pytest.mark.parametrize(
    ("key", "description"), [("InputBucketName", "runs the job x"), ("StateMachineX", "")]
)
def test_other_outputs_tell_of_no_job(key: str, description: str) -> None:
    assert job_of(key, description) is None


@pytest.mark.parametrize("name", ["churn-nightly", "dev-churn-nightly"])
def test_a_job_is_found_with_the_prefix_of_its_environment_and_without(name: str) -> None:
    assert named_job(name, JOBS, DEV) is JOBS[0]
    assert JOBS[0].region == "eu-west-1"


def test_fails_for_a_job_that_is_not_deployed_with_the_nearest_name_and_the_command() -> None:
    with pytest.raises(NotDeployedError) as failed:
        named_job("tumour", JOBS, DEV)
    assert str(failed.value) == (
        "no job tumour is deployed in dev; did you mean tumours? deployed are churn-nightly, tumours; to deploy more: "
        "npx cdk deploy --all -c environment=dev"
    )
