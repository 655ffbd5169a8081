"""Data in a bucket of another region: the preflight refuses the run before anything is billed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from e2e.workflow_stack import deployed_jobs

JOBS: dict[str, dict[str, Any]] = {
    "elsewhere": {
        "input": {"data": "s3://data-of-ireland/churn/", "content_type": "text/csv", "split_type": "Line"}
    }
}


def test_a_run_over_data_in_another_region_is_refused_with_both_regions(tmp_path: Path) -> None:
    """The job's own permissions, which are enforced, are enough to find out."""
    with deployed_jobs(tmp_path, JOBS, enforce_iam=True) as deployed:
        there = boto3.client(
            "s3",
            endpoint_url=deployed.aws.endpoint_url,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}, proxies={}),
        )
        there.create_bucket(
            Bucket="data-of-ireland", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        for key in ("others/a.csv", "churn/a.csv"):  # at first there is no data in the job's own prefix
            there.put_object(Bucket="data-of-ireland", Key=key, Body=b"id-1,2,3\n")
            described = deployed.run("elsewhere", {})
            assert (described["status"], described["error"]) == ("FAILED", "BucketRegionError"), described
            assert (
                "the bucket data-of-ireland of s3://data-of-ireland/churn/ is in eu-west-1, and the job runs in "
                "us-east-1: use a bucket in us-east-1, or deploy the job to eu-west-1" in described["cause"]
            )
            assert deployed.jobs_of(described["executionArn"]) == []
