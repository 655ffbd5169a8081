"""The stacks that this repository deploys, of the jobs in `jobs/`."""

from __future__ import annotations

import aws_cdk as cdk

from batch_transform_cdk import add_job_stacks, add_security_checks


def add_stacks(app: cdk.App) -> None:
    """Define the stacks of the example, which every synth checks with cdk-nag and our own pack."""
    add_job_stacks(app)
    add_security_checks(app)
