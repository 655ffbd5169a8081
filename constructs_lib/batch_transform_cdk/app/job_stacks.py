"""The stacks of all job files of an app, and the security checks of each synth."""

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
from batch_transform.job.values.environment import DEFAULT_ENVIRONMENT, EnvironmentSpec, in_environment
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.stack_outputs import FIRST_STACK, SPLIT_INTO, state_machine_output
from batch_transform_cdk.app.placement import parent_of, stacks_of
from batch_transform_cdk.app.shared_resources import (
    ImportedBuckets,
    define_shared,
    export_topic,
    shared_notifications,
)
from batch_transform_cdk.batch_transform import BatchTransform
from batch_transform_cdk.dashboard import Dashboard
from batch_transform_cdk.data.data_buckets import Buckets
from batch_transform_cdk.ground.acknowledgment import keep_acknowledgments
from batch_transform_cdk.ground.stack_part import StackPart


class JobStack(cdk.Stack):
    """Define jobs that use the shared resources of `first`. Without `first`, this is the first stack.

    `has_others` says that the first stack isn't the only one. It then always has a topic, even if none of its jobs
    needs one, since an export that others import cannot be added and removed. A single stack has a topic only while a
    job or an address needs it.

    The outputs are for people who start a job, and for the command line.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        jobs: Sequence[JobSpec],
        environment: EnvironmentSpec,
        first: JobStack | None = None,
        has_others: bool = False,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="SageMaker batch transform jobs, run by Step Functions",
            env=cdk.Environment(account=environment.account, region=environment.region),
            stack_name=f"{environment.prefix}{construct_id}",
            suppress_template_indentation=True,  # blanks count for CloudFormation's limit of 1 MB
            tags=environment.all_tags(),
            termination_protection=environment.is_protected,
        )
        # `placement` keeps the size below the limit, with estimates that tests compare with templates.
        cdk.Annotations.of(self).acknowledge_warning("@aws-cdk/core:Stack.templateSize")
        buckets: Buckets = (
            ImportedBuckets.of(first.stack_name, self, environment)
            if first
            else define_shared(self, environment)
        )
        notifications = shared_notifications(
            self,
            environment.notify,
            encryption_key=buckets.encryption_key,
            first_stack_name=first.stack_name if first else None,
        )
        namespace = StackPart(self, "Jobs")
        defined = []
        for job in jobs:
            transform = BatchTransform(
                namespace,
                job.name,
                job=in_environment(job, environment),
                buckets=buckets,
                notifications=notifications,
                listed_as=job.name,
            )
            defined.append(transform)
            cdk.Tags.of(transform).add("job", job.name)
        if first is None and environment.notify.topic is None and (has_others or notifications.has_topic):
            export_topic(self, notifications)
        Dashboard(self, "Dashboard", jobs=defined)


def wants_security_checks(app: Construct) -> bool:
    """Whether the security checks run: `-c security_checks=false` turns them off."""
    return str(app.node.try_get_context("security_checks")).lower() != "false"


def add_security_checks(app: cdk.App) -> None:
    """Check every synth with cdk-nag and `batch_transform_nag`: it fails on a finding that isn't acknowledged.

    `-c security_checks=false` turns the checks off, as `batch-transform run` does on this machine.
    """
    if not wants_security_checks(app):
        return
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415  # loading its rules takes a third of a second

    from batch_transform_nag import BatchTransformChecks  # noqa: PLC0415  # only where it is used

    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), BatchTransformChecks())


def add_job_stacks(app: Construct) -> None:
    """Define the stacks of every job file, in one of the environments of `environments.yaml`.

    Usage, as the whole of an `app.py`::

        app = cdk.App()
        add_job_stacks(app)
        add_security_checks(app)
        app.synth()

    CDK context selects `environment` (default `prod`); `jobs`, a folder or a single file (default `jobs`); and
    `any_account`, which leaves out the environment's account and region. Paths are relative to the folder of
    `cdk.json`.

    Problems in the files end the process with their list, without a traceback.
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
            f"there is no folder {place} with job files; create a job file with batch-transform new, or name another "
            "folder: cdk deploy -c jobs=FOLDER"
        )
    return job_files_in(place)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause garbage collection while constructs are made: nearly all of them live to the end (speed.md)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def define_stacks(scope: Construct, *, jobs: Sequence[JobSpec], environment: EnvironmentSpec) -> None:
    """Define the first stack, with the shared resources, and as many more as the jobs need.

    Construct ids are the same in each environment, so that templates can be compared; names in CloudFormation start
    with the environment's prefix.
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
    """Let CloudFormation refuse an update that moves a stack's jobs back while that stack is still deployed.

    The jobs of a stack that is no longer needed return to its parent, and would exist twice. An export that is still
    imported cannot be removed, and CloudFormation's error names the stack to delete.
    """
    export = f"{parent.stack_name}-split-into-{child.stack_name}"
    cdk.CfnOutput(parent, f"{SPLIT_INTO}{child.node.id}", value=child.stack_name, export_name=export)
    cdk.CfnOutput(child, "SplitFrom", value=cdk.Fn.import_value(export))
    child.add_stack_dependency(parent)


def _require_outputs_apart(jobs: Sequence[JobSpec]) -> None:
    """Raise InputError for two names with the same output, by which the command line finds a job."""
    taken: dict[str, JobSpec] = {}
    for job in jobs:
        other = taken.setdefault(state_machine_output(job.name), job)
        if other is not job:
            raise InputError(
                f"{other.job_file or other.name} and {job.job_file or job.name}: the names {other.name} and {job.name} "
                "differ only in hyphens or capitals and would share a stack output; rename one of the jobs"
            )
