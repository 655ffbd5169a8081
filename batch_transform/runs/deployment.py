"""The jobs that are deployed in an environment, found by the outputs of its stacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from batch_transform.runs.aws_calls import aws_calls
from batch_transform.spec.environment import DEFAULT_ENVIRONMENT, EnvironmentSpec
from batch_transform.spec.errors import AwsCallError, NotDeployedError
from batch_transform.spec.stack_outputs import FIRST_STACK, SPLIT_INTO, job_of

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient


@dataclass(frozen=True)
class DeployedJob:
    """A job by its name in the job file, its name there (with the environment's prefix), and its machine's ARN."""

    name: str
    deployed_name: str
    state_machine_arn: str

    @property
    def region(self) -> str:
        """The region that it runs in."""
        return self.state_machine_arn.split(":")[3]


def deployed_jobs(environment: EnvironmentSpec, cloudformation: CloudFormationClient) -> list[DeployedJob]:
    """Return the jobs of all stacks of the environment, in the order of their names.

    Raises NotDeployedError where the first stack is not there, and AwsCallError.
    """
    jobs = [
        DeployedJob(name, f"{environment.prefix}{name}", output["OutputValue"])
        for output in _outputs(environment, cloudformation)
        if (name := job_of(output["OutputKey"], output.get("Description", ""))) is not None
    ]
    return sorted(jobs, key=lambda job: job.name)


def named_job(name: str, jobs: Sequence[DeployedJob], environment: EnvironmentSpec) -> DeployedJob:
    """Return the job of that name, with the environment's prefix or without. Raises NotDeployedError."""
    for job in jobs:
        if name in {job.name, job.deployed_name}:
            return job
    names = [job.name for job in jobs]
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise NotDeployedError(
        f"no job {name} is deployed in {environment.environment}; {hint}deployed are "
        f"{', '.join(names) or 'none'}; to deploy more: {deploy_command(environment)}"
    )


def deploy_command(environment: EnvironmentSpec) -> str:
    """Return what deploys all stacks of the environment."""
    name = environment.environment
    chosen = "" if name == DEFAULT_ENVIRONMENT else f" -c environment={name}"
    return f"npx cdk deploy --all{chosen}"


def _outputs(environment: EnvironmentSpec, cloudformation: CloudFormationClient) -> Iterator[Any]:
    """Yield the outputs of the first stack and of those that it and they have split into."""
    first = f"{environment.prefix}{FIRST_STACK}"
    stack = _described(first, cloudformation)
    if stack is None:
        raise NotDeployedError(
            f"there is no stack {first} in {_place(environment, cloudformation)}: deploy it "
            f"({deploy_command(environment)}), or choose another --environment, region or account"
        )
    _require_account(stack["StackId"], environment)
    waiting = [stack]
    while waiting:
        for output in waiting.pop().get("Outputs", []):
            yield output
            if output["OutputKey"].startswith(SPLIT_INTO):
                child = _described(output["OutputValue"], cloudformation)
                if child is not None:  # a stack is told of before it is there: it is deployed after this one
                    waiting.append(child)


def _described(name: str, cloudformation: CloudFormationClient) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as in aws_calls

    with aws_calls():
        try:
            stack: Any = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            # CloudFormation has no error of its own for it.
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
    return dict(stack)


def _require_account(stack_id: str, environment: EnvironmentSpec) -> None:
    account = stack_id.split(":")[4]
    if environment.account not in {None, account}:
        raise AwsCallError(
            f"environments.yaml has {environment.environment} in the account {environment.account}, and these "
            f"credentials are of {account}: choose others with AWS_PROFILE"
        )


def _place(environment: EnvironmentSpec, cloudformation: CloudFormationClient) -> str:
    region = f"the region {cloudformation.meta.region_name}"
    return f"{region}, account {environment.account}" if environment.account else f"{region} of this account"
