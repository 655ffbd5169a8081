"""What `cdk diff` shows of a job, with the names of the job file."""

from __future__ import annotations

import json
from pathlib import Path

from batch_transform.job.files.job_file import load_job_file
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec, ModelSpec
from batch_transform_cdk.job_listing import job_metadata

PROJECT = Path(__file__).resolve().parents[2]


def test_every_field_of_the_fullest_job_is_there_as_json() -> None:
    metadata = job_metadata(load_job_file(PROJECT / "tests/jobs/fullest.yaml"))
    assert json.loads(json.dumps(metadata)) == metadata
    assert metadata["transform"]["instance_type"] == ["ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge"]
    assert metadata["triggers"]["schedule"][0]["name"] == "nightly"
    assert metadata["notify"]["email"] == ["team@example.com", "night@example.com"]
    assert metadata["workflow"] == {
        "overlapping_runs": "wait",
        "tracing": True,
        "log_retention_in_days": 365,
        "architecture": "x86_64",
        "log_execution_data": False,
        "max_cost": 25,
    }


def test_nothing_of_this_machine_is_in_it() -> None:
    model = ModelSpec(source=PROJECT / "build/churn", image=FrameworkImage("sklearn", "1.2-1"))
    metadata = job_metadata(JobSpec("churn", model, job_file=str(PROJECT / "jobs/churn.yaml")))
    assert metadata["model"] == {"image": {"framework": "sklearn", "version": "1.2-1"}}
    assert str(PROJECT) not in json.dumps(metadata)
