"""The CDK app: every job file in `jobs/` becomes a part of one stack, checked by cdk-nag in each synth."""

from __future__ import annotations

import sys
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from batch_transform.spec.errors import InputError
from batch_transform.spec.job_file import load_job_files
from stacks.batch_transform_stack import BatchTransformStack


def main() -> None:
    """Read the job files, define the stack, write the cloud assembly."""
    app = cdk.App()
    jobs_folder = Path(app.node.try_get_context("jobs") or "jobs")
    try:
        jobs = load_job_files(sorted(jobs_folder.glob("*.yaml")))
        BatchTransformStack(app, "BatchTransform", jobs=jobs)
    except InputError as error:
        sys.exit(f"{error}")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


main()
