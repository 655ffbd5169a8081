"""The transform jobs of a run are found by the hash of its execution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from batch_transform.runs.execution import Clients
from batch_transform.runs.past_runs import FoundRun
from batch_transform.runs.run_jobs import own_jobs, run_jobs
from batch_transform.runs.run_place import output_place

RUN = "20261122T020001-1a2b3c4d"


class FakeSageMaker:
    """Lists names that contain a text, as SageMaker does, and describes each."""

    def __init__(self, *names: str, paths: Mapping[str, str] | None = None) -> None:
        self._names = names
        self._paths = paths or {}

    def get_paginator(self, operation_name: str) -> FakeSageMaker:
        assert operation_name == "list_transform_jobs"
        return self

    def paginate(self, **given: str) -> Iterator[dict[str, Any]]:
        found = [name for name in self._names if given["NameContains"] in name]
        for name in found:
            yield {"TransformJobSummaries": [{"TransformJobName": name}]}

    def describe_transform_job(self, *, TransformJobName: str) -> dict[str, Any]:  # noqa: N803  # AWS's name
        return {
            "TransformJobName": TransformJobName,
            "TransformJobStatus": "Completed",
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            "TransformOutput": {"S3OutputPath": self._paths.get(TransformJobName, "s3://out/churn")},
            "CreationTime": datetime(2026, 11, 22, 2, tzinfo=UTC),
        }


def test_a_transform_job_is_found_though_its_time_differs_from_that_of_the_runs_id() -> None:
    mine = ["churn-20261122T020001-1a2b3c4d-1", "churn-20261122T020002-1a2b3c4d-2"]
    others = [
        "churn-20261122T020001-ffffffff-1",
        "a-1a2b3c4d-job-of-somebody-else",
        "churn-20261122T020001-1a2b3c4d-1-copy",
    ]
    client: Any = FakeSageMaker(*mine, *others)
    assert [job.name for job in run_jobs(RUN, client)] == mine


def test_the_results_are_where_the_run_writes_and_not_its_last_section_of_bad_records() -> None:
    names = [f"churn-20261122T020001-1a2b3c4d-{number}" for number in (1, 2, 3)]
    own, sections = "s3://out/churn/20261122T020001-1a2b3c4d", "s3://out/_sections/churn/out/x/1"
    sagemaker: Any = FakeSageMaker(*names, paths={names[0]: own, names[1]: own, names[2]: sections})
    assert [job.name for job in own_jobs(run_jobs(RUN, sagemaker))] == names[:2]
    nothing: Any = None
    found = FoundRun(nothing, RUN, "arn", datetime(2026, 11, 22, 2, tzinfo=UTC))
    clients = Clients(stepfunctions=nothing, sagemaker=sagemaker, logs=nothing)
    assert str(output_place(found, clients)) == own
