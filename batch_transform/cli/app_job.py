"""The job that `run` runs, as the CDK app in this folder defines it: in a job file or in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_transform.job.values.environment import EnvironmentSpec, in_environment
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.local.settings import DEFAULT_ACCOUNT, DEFAULT_REGION
from batch_transform.runs.app_command import app_command
from batch_transform.runs.assembly_jobs import AssemblyStack, stack_with, stacks_in, with_needed
from batch_transform.runs.synth import synthesise


@dataclass(frozen=True)
class AppJob:
    """A job and the stacks to deploy for it.

    `spec` is the job with the settings of the environment; for a job defined in Python, it has only what the template
    says. `listed_as` is the name by which the commands find it, and `source` says where it was read. `stacks` are in
    the order of their deployment; the last one has the job.
    """

    spec: JobSpec
    listed_as: str
    source: str
    stacks: Sequence[AssemblyStack]

    @property
    def region(self) -> str:
        """The region to deploy to: that of its stack, if the stack sets one."""
        return self.stacks[-1].region or DEFAULT_REGION


def app_job(
    job: str,
    declared: JobSpec | None,
    *,
    environment: EnvironmentSpec,
    stack: str | None,
    folder: Path,
) -> AppJob:
    """Synthesize the app, with its assembly in `folder`, and return the job that it defines.

    `declared` is the job from its job file; if it is None, the assembly is searched for the name `job`. `stack` selects
    one of several stacks that have the job. Raises SynthError with the app's output, and InputError if there is no
    such job.
    """
    assembly = folder / "cdk.out"
    synthesise(
        Path(),
        jobs=Path(declared.job_file) if declared else None,
        assembly=assembly,
        environment=environment.environment,
        security_checks=False,  # nothing is deployed to AWS; `cdk deploy` runs them
        any_account=True,
        default_place=(DEFAULT_ACCOUNT, DEFAULT_REGION),
        temporary=folder,
    )
    name = declared.name if declared else job
    stacks = stacks_in(assembly)
    found, its_stack = stack_with(dict.fromkeys([f"{environment.prefix}{name}", name]), stacks, stack)
    return AppJob(
        spec=in_environment(declared, environment) if declared else its_stack.jobs[found],
        listed_as=name,
        source=declared.job_file if declared else app_command(Path()).text,
        stacks=with_needed(its_stack, stacks),
    )
