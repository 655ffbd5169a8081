"""The security rules that each `cdk synth` and `cdk deploy` runs."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct


def wants_security_checks(app: Construct) -> bool:
    """Whether they run; `-c security_checks=false` leaves them out."""
    return str(app.node.try_get_context("security_checks")).lower() != "false"


def add_security_checks(app: cdk.App) -> None:
    """Let the app's synthesis fail on a finding of cdk-nag or of our own pack that nobody acknowledged.

    `-c security_checks=false` leaves them out: `batch-transform run` does, on this machine only.
    """
    if not wants_security_checks(app):
        return
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415  # loading its rules takes a third of a second

    from batch_transform_nag import BatchTransformChecks  # noqa: PLC0415  # only where it is used

    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), BatchTransformChecks())
