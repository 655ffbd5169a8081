"""Resources of the constructs in any app have no findings except those that they acknowledge."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks

from batch_transform.job.values.job_spec import (
    InputSpec,
    JobSpec,
    ModelSpec,
    ScheduleSpec,
    TriggersSpec,
    UploadSpec,
)
from batch_transform_cdk import BatchTransform, CustomerKey
from batch_transform_nag import BatchTransformChecks

CHURN = JobSpec(
    name="churn",
    model=ModelSpec(
        artifact="s3://models/churn.tar.gz", image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:7"
    ),
    input=InputSpec(content_type="text/csv", split_type="Line", columns=("id", "age")),
    triggers=TriggersSpec(schedule=(ScheduleSpec(rate="1 hour"),), on_upload=UploadSpec()),
)


def test_a_job_alone_and_one_with_key_role_and_network_are_compliant(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "Own")
    BatchTransform(stack, "Alone", job=CHURN)
    BatchTransform(
        stack,
        "Given",
        job=CHURN,
        encryption_key=CustomerKey(stack, "Key").key,
        execution_role=iam.Role(stack, "Scorer", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com")),
        vpc=ec2.Vpc.from_vpc_attributes(
            stack,
            "Vpc",
            vpc_id="vpc-0a1b2c3d",
            availability_zones=["eu-west-1a"],
            private_subnet_ids=["subnet-0a1b2c3d"],
        ),
    )
    packs = (AwsSolutionsChecks, NIST80053R5Checks, HIPAASecurityChecks, PCIDSS321Checks)
    cdk.Validations.of(app).add_plugins(*(pack(app) for pack in packs), BatchTransformChecks())
    app.synth()
    reports = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    by_pack = {report["pluginName"]: report for report in reports}
    assert set(by_pack) == {
        "AwsSolutions",
        "NIST.800.53.R5",
        "HIPAA.Security",
        "PCI.DSS.321",
        "BatchTransform",
    }
    for report in by_pack.values():
        assert (report["conclusion"], report["violations"]) == ("success", []), report["pluginName"]
        assert report["suppressedViolations"]
