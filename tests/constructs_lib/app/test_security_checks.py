"""The security rules of each synth: which run, and what leaves them out."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from batch_transform_cdk.app.job_stacks import add_security_checks


def app_with_an_open_bucket(folder: Path, **context: str) -> cdk.App:
    app = cdk.App(outdir=str(folder), context=context, builtin_cloud_formation_validation=False)
    s3.Bucket(cdk.Stack(app, "Stack"), "Bucket")
    add_security_checks(app)
    return app


def test_fails_on_what_either_pack_finds(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app_with_an_open_bucket(tmp_path).synth()
    reports = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    found = {report["pluginName"]: {one["ruleName"] for one in report["violations"]} for report in reports}
    assert "AwsSolutions-S10" in found["AwsSolutions"]
    assert found["BatchTransform"] == {"BucketWithoutTls"}


def test_a_synth_without_security_checks_passes(tmp_path: Path) -> None:
    app_with_an_open_bucket(tmp_path, security_checks="false").synth()
