"""The stacks of all jobs: what `app.py` asks for, in one call."""

from __future__ import annotations

import dataclasses
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from batch_transform.job.errors import InputError
from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.files.job_file import job_files_in, load_job_files
from batch_transform.job.values.environment import DEFAULT_ENVIRONMENT, EnvironmentSpec
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.stack_outputs import FIRST_STACK, SPLIT_INTO, state_machine_output
from batch_transform_cdk.app.job_stack import JobStack
from batch_transform_cdk.app.placement import parent_of, stacks_of
from batch_transform_cdk.app.security_checks import wants_security_checks
from batch_transform_cdk.ground.acknowledgment import keep_acknowledgments


def add_job_stacks(app: Construct) -> None:
    """Define the stacks of every job file, in one of the environments of `environments.yaml`.

    Usage, as the whole of an `app.py`::

        app = cdk.App()
        add_job_stacks(app)
        add_security_checks(app)
        app.synth()

    Context chooses: `environment` (default `prod`), `jobs`, a folder or one file (default `jobs`), and `any_account`,
    which leaves out the environment's account and region. Paths are relative to the folder of `cdk.json`.

    Ends the process with what is wrong in the files, and no traceback: they are a person's input.
    """
    keep_acknowledgments(keep=wants_security_checks(app))
    try:
        environment = _environment(app)
        jobs = load_job_files(_job_files(app), environments=[environment])
        with _no_garbage_collection():
            define_stacks(app, jobs=jobs, environment=environment)
    except InputError as error:
        sys.exit(str(error))


def _environment(app: Construct) -> EnvironmentSpec:
    name = app.node.try_get_context("environment") or DEFAULT_ENVIRONMENT
    environment = load_environments().named(str(name))
    if str(app.node.try_get_context("any_account")).lower() == "true":
        return dataclasses.replace(environment, account=None, region=None)
    return environment


def _job_files(app: Construct) -> list[Path]:
    place = Path(str(app.node.try_get_context("jobs") or "jobs"))
    if not place.exists():
        raise InputError(
            f"there is no folder {place} with job files; make a first one with batch-transform new, or name the "
            "folder: cdk deploy -c jobs=FOLDER"
        )
    return job_files_in(place)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Let nobody look for garbage while constructs are made: nearly all of them last until the end (speed.md)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def define_stacks(scope: Construct, *, jobs: Sequence[JobSpec], environment: EnvironmentSpec) -> None:
    """Define the first stack, with what all jobs share, and as many more as the jobs need.

    Stacks are called alike in each environment, so that their templates can be compared; the names that
    CloudFormation knows begin with the environment's prefix.
    """
    _require_outputs_apart(jobs)
    placed = stacks_of(jobs)
    stacks: dict[int, JobStack] = {}
    for number, members in placed.items():
        construct_id = FIRST_STACK if number == 0 else f"{FIRST_STACK}-{number}"
        stacks[number] = JobStack(
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
