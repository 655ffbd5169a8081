"""The CDK app: every job file in `jobs/`, deployed to one of the environments in `environments.yaml`.

cdk deploy                          # prod; --all where there are several stacks
cdk deploy -c environment=dev
"""

from __future__ import annotations

import dataclasses
import gc
import sys
from pathlib import Path

import aws_cdk as cdk

from batch_transform.spec.environment import DEFAULT_ENVIRONMENT
from batch_transform.spec.environment_file import load_environments
from batch_transform.spec.errors import InputError
from batch_transform.spec.job_file import job_files_in, load_job_files
from batch_transform_cdk.acknowledgment import keep_acknowledgments
from stacks.job_stacks import define_stacks
from stacks.security_checks import add_security_checks, wants_security_checks


def main() -> None:
    """Read environment and job files, define the stacks, write the cloud assembly."""
    app = cdk.App()
    keep_acknowledgments(keep=wants_security_checks(app))
    try:
        environment = load_environments().named(
            app.node.try_get_context("environment") or DEFAULT_ENVIRONMENT
        )
        if app.node.try_get_context("any_account") == "true":
            environment = dataclasses.replace(environment, account=None, region=None)
        paths = job_files_in(Path(app.node.try_get_context("jobs") or "jobs"))
        jobs = load_job_files(paths, environments=[environment])
        define_stacks(app, jobs=jobs, environment=environment)
    except InputError as error:
        sys.exit(f"{error}")
    add_security_checks(app)
    app.synth()


# The process ends with the synthesis, and needs nearly all that it makes until then: looking for garbage in it
# takes about a twentieth of its time (docs/speed.md).
gc.disable()
main()
