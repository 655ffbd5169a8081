"""All stacks of one environment."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from batch_transform.spec.environment import EnvironmentSpec
from batch_transform.spec.errors import InputError
from batch_transform.spec.job_spec import JobSpec
from batch_transform.spec.stack_outputs import FIRST_STACK, SPLIT_INTO, state_machine_output
from stacks.batch_transform_stack import BatchTransformStack
from stacks.placement import parent_of, stacks_of


def define_stacks(scope: Construct, *, jobs: Sequence[JobSpec], environment: EnvironmentSpec) -> None:
    """Define the first stack, with what all jobs share, and as many more as the jobs need.

    Stacks are called alike in each environment, so that their templates can be compared; the names that
    CloudFormation knows begin with the environment's prefix.
    """
    _require_outputs_apart(jobs)
    placed = stacks_of(jobs)
    stacks: dict[int, BatchTransformStack] = {}
    for number, members in placed.items():
        construct_id = FIRST_STACK if number == 0 else f"{FIRST_STACK}-{number}"
        stacks[number] = BatchTransformStack(
            scope,
            construct_id,
            jobs=members,
            environment=environment,
            first=stacks[0] if number else None,
            has_others=number == 0 and len(placed) > 1,
        )
        if number:
            _tie(stacks[parent_of(number, stacks)], stacks[number])


def _tie(parent: cdk.Stack, child: cdk.Stack) -> None:
    """Let CloudFormation refuse an update that takes a stack's jobs back while that stack is still deployed.

    The jobs of a stack that is not needed any more belong to its parent again, and would be there twice:
    an export that is still imported cannot be removed, and the error names the stack to delete.
    """
    export = f"{parent.stack_name}-split-into-{child.stack_name}"
    cdk.CfnOutput(parent, f"{SPLIT_INTO}{child.node.id}", value=child.stack_name, export_name=export)
    cdk.CfnOutput(child, "SplitFrom", value=cdk.Fn.import_value(export))
    child.add_stack_dependency(parent)


def _require_outputs_apart(jobs: Sequence[JobSpec]) -> None:
    """Fail for names that would share the output by which the command line finds a job."""
    taken: dict[str, JobSpec] = {}
    for job in jobs:
        other = taken.setdefault(state_machine_output(job.name), job)
        if other is not job:
            raise InputError(
                f"{other.job_file or other.name} and {job.job_file or job.name}: the names {other.name} and {job.name} "
                "differ only in hyphens or capitals, and would share a stack output; rename one"
            )
