from __future__ import annotations

from typing import Any

import pytest

from batch_transform.job.errors import NotDeployedError
from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.stack_outputs import job_of, state_machine_description
from batch_transform.runs.deployment import DeployedJob, deployed_jobs, named_job
from fakes.cloudformation import FakeCloudFormation, stack

ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn"
DEV = EnvironmentSpec(environment="dev", prefix="dev-")
JOBS = [
    DeployedJob("churn-nightly", "dev-churn-nightly", ARN, "dev-BatchTransform"),
    DeployedJob("tumours", "dev-tumours", ARN, "dev-BatchTransform"),
]


@pytest.mark.parametrize("name", ["churn", "churn-nightly", "a-B-3"])
def test_the_output_for_a_state_machine_has_the_full_job_name(name: str) -> None:
    assert job_of(state_machine_description(name), ARN) == name


@pytest.mark.parametrize(("description", "value"), [("runs the job x", "a-bucket"), ("", ARN)])
def test_other_outputs_name_no_job(description: str, value: str) -> None:
    assert job_of(description, value) is None


@pytest.mark.parametrize("name", ["churn-nightly", "dev-churn-nightly"])
def test_a_job_is_found_with_and_without_the_environments_prefix(name: str) -> None:
    assert named_job(name, JOBS, DEV) is JOBS[0]
    assert JOBS[0].region == "eu-west-1"


def test_fails_for_a_job_that_is_not_deployed_and_suggests_the_nearest_name_and_the_command() -> None:
    with pytest.raises(NotDeployedError) as failed:
        named_job("tumour", JOBS, DEV)
    assert str(failed.value) == (
        "no job tumour is deployed in dev; did you mean tumours? deployed are churn-nightly, tumours; to deploy more: "
        "npx aws-cdk@2 deploy --all -c environment=dev"
    )


PROD = EnvironmentSpec()


def found(
    *stacks: dict[str, Any], environment: EnvironmentSpec = PROD, may_list: bool = True, **options: Any
) -> list[tuple[str, str]]:
    """Return the jobs that are found, each with its stack."""
    client: Any = FakeCloudFormation(*stacks, may_list=may_list)
    return [(job.name, job.stack) for job in deployed_jobs(environment, client, **options)]


def test_jobs_are_found_in_any_stack() -> None:
    stacks = [stack("Network"), stack("Vault"), stack("Scoring", "churn"), stack("BatchTransform", "tumours")]
    assert found(*stacks) == [("churn", "Scoring"), ("tumours", "BatchTransform")]


def test_stacks_of_other_environments_are_left_out_but_not_stacks_with_similar_names() -> None:
    stacks = [
        stack("BatchTransform", "a"),
        stack("dev-BatchTransform-1", "a"),
        stack("dev-BatchTransformer", "b"),
    ]
    assert found(*stacks, others=[PROD, DEV]) == [("a", "BatchTransform"), ("b", "dev-BatchTransformer")]
    of_dev = found(*stacks, environment=DEV, others=[PROD, DEV])
    assert of_dev == [("a", "dev-BatchTransform-1"), ("b", "dev-BatchTransformer")]


def test_one_stack_can_be_chosen() -> None:
    stacks = [stack("BatchTransform", "a"), stack("Scoring", "a")]
    assert found(*stacks, stack="Scoring") == [("a", "Scoring")]


def test_without_permission_to_list_stacks_those_of_the_environment_are_found() -> None:
    stacks = [
        stack("BatchTransform", "a", splits=("BatchTransform-1", "BatchTransform-2")),
        stack("BatchTransform-1", "b"),
        stack("Scoring", "c"),
    ]
    assert found(*stacks, may_list=False) == [("a", "BatchTransform"), ("b", "BatchTransform-1")]


def test_fails_for_a_name_in_two_stacks_and_names_the_option_that_selects_one() -> None:
    client: Any = FakeCloudFormation(stack("BatchTransform", "churn"), stack("Scoring", "churn"))
    jobs = deployed_jobs(PROD, client)
    with pytest.raises(NotDeployedError) as failed:
        named_job("churn", jobs, PROD)
    assert str(failed.value) == (
        "the job churn is deployed in 2 stacks, BatchTransform and Scoring: choose one of them with --stack"
    )


def test_fails_for_a_name_that_one_stack_has_twice() -> None:
    client: Any = FakeCloudFormation(stack("Scoring", "churn", "churn"))
    with pytest.raises(NotDeployedError, match="stack Scoring has 2 jobs with the name churn"):
        named_job("churn", deployed_jobs(PROD, client), PROD)


def test_fails_if_no_stack_has_a_job() -> None:
    with pytest.raises(
        NotDeployedError, match="no stack BatchTransform in the region eu-west-1 of this account, and"
    ):
        found(stack("Network"))
    with pytest.raises(NotDeployedError, match="stack Network has no job: deploy it"):
        found(stack("Network"), stack="Network")
    with pytest.raises(NotDeployedError, match="there is no stack Nowhere in the region eu-west-1"):
        found(stack("Network"), stack="Nowhere")
