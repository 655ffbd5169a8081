"""The app of this repository, synthesized in the process of the tests.

Loading the CDK takes longer than a template, and is done once here for all files of a worker.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import aws_cdk as cdk

from batch_transform.job.values.environment import DEFAULT_ENVIRONMENT
from batch_transform.runs.app_command import app_command
from batch_transform_cdk.ground.acknowledgment import keep_acknowledgments
from stacks.example import add_stacks


def synthesise_here(
    app_folder: Path,
    *,
    jobs: Path,
    assembly: Path,
    environment: str = DEFAULT_ENVIRONMENT,
    security_checks: bool = False,
) -> None:
    """Do what `synthesise` does in a process of its own, for a folder with `cdk.json` and maybe `environments.yaml`."""
    context = {
        **app_command(app_folder).context,
        "jobs": str(jobs),
        "environment": environment,
        "security_checks": str(security_checks).lower(),
    }
    outdir = str(assembly.resolve())
    try:
        with contextlib.chdir(app_folder):
            app = cdk.App(outdir=outdir, context=context, builtin_cloud_formation_validation=False)
            add_stacks(app)
            app.synth()
    finally:
        keep_acknowledgments(keep=True)  # without checks the app has turned them off, for the whole process
