"""The jobs that are deployed in an account and region, found by the outputs of their stacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from batch_transform.job.errors import AwsCallError, NotDeployedError
from batch_transform.job.values.environment import DEFAULT_ENVIRONMENT, EnvironmentSpec
from batch_transform.job.values.stack_outputs import FIRST_STACK, SPLIT_INTO, is_stack_of, job_of
from batch_transform.runs.aws_calls import DENIED, aws_calls

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

Stack = Mapping[str, Any]
"""A stack, as DescribeStacks returns it."""


@dataclass(frozen=True)
class DeployedJob:
    """A deployed job: its name in the job file, the same with the environment's prefix, its state machine and stack."""

    name: str
    deployed_name: str
    state_machine_arn: str
    stack: str

    @property
    def region(self) -> str:
        """The region where it runs."""
        return self.state_machine_arn.split(":")[3]


def deployed_jobs(
    environment: EnvironmentSpec,
    cloudformation: CloudFormationClient,
    *,
    stack: str | None = None,
    others: Iterable[EnvironmentSpec] = (),
) -> list[DeployedJob]:
    """Return the jobs of an environment, sorted by name; with `stack`, only those of that stack.

    These are the jobs in the environment's own stacks, and in any other stack of the account and region that has a
    `BatchTransform`, except the stacks of `others`, the project's other environments. Without permission to list all
    stacks, only the environment's own stacks are searched.

    Raises NotDeployedError if there is no job, and AwsCallError.
    """
    stacks = [_named(stack, cloudformation)] if stack else list(_stacks(environment, cloudformation, others))
    for one in stacks:
        if is_stack_of(environment.prefix, one["StackName"]):
            _require_account(one["StackId"], environment)
    jobs = [
        DeployedJob(
            name,
            f"{environment.prefix}{name}" if is_stack_of(environment.prefix, one["StackName"]) else name,
            output["OutputValue"],
            one["StackName"],
        )
        for one in stacks
        for output in one.get("Outputs", [])
        if (name := job_of(output.get("Description", ""), output["OutputValue"])) is not None
    ]
    has_own = any(is_stack_of(environment.prefix, one["StackName"]) for one in stacks)
    if not jobs and not has_own:
        first = f"{environment.prefix}{FIRST_STACK}"
        what = (
            f"stack {stack} has no job"
            if stack
            else f"there is no stack {first} in {_place(environment, cloudformation)}, and no other stack with a job"
        )
        raise NotDeployedError(
            f"{what}: deploy it ({deploy_command(environment)}), or choose another --stack, --environment, region or "
            "account"
        )
    return sorted(jobs, key=lambda job: (job.name, job.stack))


def named_job(name: str, jobs: Sequence[DeployedJob], environment: EnvironmentSpec) -> DeployedJob:
    """Return the job with that name, which may include the environment's prefix.

    Raises NotDeployedError if there is none, or more than one.
    """
    named = jobs_named(name, jobs)
    if named:
        return named[0]
    names = list(dict.fromkeys(job.name for job in jobs))
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise NotDeployedError(
        f"no job {name} is deployed in {environment.environment}; {hint}deployed are "
        f"{', '.join(names) or 'none'}; to deploy more: {deploy_command(environment)}"
    )


def jobs_named(name: str, jobs: Sequence[DeployedJob]) -> list[DeployedJob]:
    """Return the job with that name in a list, or an empty list. Raises NotDeployedError if several jobs have it."""
    named = [job for job in jobs if name in {job.name, job.deployed_name}]
    stacks = list(dict.fromkeys(job.stack for job in named))
    if len(stacks) > 1:
        raise NotDeployedError(
            f"the job {name} is deployed in {len(stacks)} stacks, {' and '.join(stacks)}: choose one of them with "
            "--stack"
        )
    if len(named) > 1:
        raise NotDeployedError(
            f"stack {stacks[0]} has {len(named)} jobs with the name {name}: give one of them another name, or another "
            "listed_as, and deploy again"
        )
    return named


def deploy_command(environment: EnvironmentSpec) -> str:
    """Return the command that deploys all stacks of the environment."""
    name = environment.environment
    chosen = "" if name == DEFAULT_ENVIRONMENT else f" -c environment={name}"
    return f"npx aws-cdk@2 deploy --all{chosen}"


def _stacks(
    environment: EnvironmentSpec, cloudformation: CloudFormationClient, others: Iterable[EnvironmentSpec]
) -> Iterator[Stack]:
    """Yield all stacks except those of other environments."""
    elsewhere = {other.prefix for other in others} - {environment.prefix}
    try:
        found = _all_stacks(cloudformation)
    except PermissionError:
        yield from own_stacks(environment, cloudformation)
        return
    for stack in found:
        if not any(is_stack_of(prefix, stack["StackName"]) for prefix in elsewhere):
            yield stack


def _all_stacks(cloudformation: CloudFormationClient) -> list[Stack]:
    """Return every stack of the account and region. Raises PermissionError without permission to list them."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as in aws_calls

    with aws_calls():
        try:
            pages = cloudformation.get_paginator("describe_stacks").paginate()
            return [dict(stack) for page in pages for stack in page["Stacks"]]
        except ClientError as error:
            if error.response["Error"].get("Code") in DENIED:
                raise PermissionError(str(error)) from error
            raise


def own_stacks(environment: EnvironmentSpec, cloudformation: CloudFormationClient) -> Iterator[Stack]:
    """Yield the environment's first stack, and the stacks that its jobs are split into. Raises AwsCallError."""
    first = _described(f"{environment.prefix}{FIRST_STACK}", cloudformation)
    waiting = [first] if first else []
    while waiting:
        stack = waiting.pop()
        yield stack
        for output in stack.get("Outputs", []):
            if output["OutputKey"].startswith(SPLIT_INTO):
                child = _described(output["OutputValue"], cloudformation)
                if child is not None:  # the output may name a stack that is not deployed yet
                    waiting.append(child)


def _named(name: str, cloudformation: CloudFormationClient) -> Stack:
    found = _described(name, cloudformation)
    if found is None:
        region = cloudformation.meta.region_name
        raise NotDeployedError(
            f"there is no stack {name} in the region {region} of this account; pass --stack the name that the stack "
            "has in CloudFormation"
        )
    return found


def _described(name: str, cloudformation: CloudFormationClient) -> Stack | None:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as in aws_calls

    with aws_calls():
        try:
            stack: Any = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            # CloudFormation has no specific error for a stack that doesn't exist.
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
    return dict(stack)


def _require_account(stack_id: str, environment: EnvironmentSpec) -> None:
    account = stack_id.split(":")[4]
    if environment.account not in {None, account}:
        raise AwsCallError(
            f"{environment.environment} belongs to the account {environment.account} (environments.yaml), but your "
            f"credentials are for the account {account}: choose others with AWS_PROFILE"
        )


def _place(environment: EnvironmentSpec, cloudformation: CloudFormationClient) -> str:
    region = f"the region {cloudformation.meta.region_name}"
    return f"{region}, account {environment.account}" if environment.account else f"{region} of this account"
