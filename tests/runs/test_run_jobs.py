"""The transform jobs of a run are found by the hash of its execution."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from batch_transform.runs.run_jobs import run_jobs

RUN = "20261122T020001-1a2b3c4d"


class FakeSageMaker:
    """Lists names that contain a text, as SageMaker does, and describes each."""

    def __init__(self, *names: str) -> None:
        self._names = names

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
