from __future__ import annotations

import pytest

from batch_transform.job.errors import InputError
from batch_transform_cdk.dashboard import DashboardJob, dashboard_body


def _jobs(number: int) -> list[DashboardJob]:
    return [
        DashboardJob(
            name=f"job-{at}",
            state_machine_arn=f"arn:machine-{at}",
            log_group_name=f"/aws/vendedlogs/states/job-{at}",
            alarm_arns=[f"arn:alarm-{at}-{alarm}" for alarm in range(5)],
        )
        for at in range(number)
    ]


def test_a_job_has_a_row_below_the_alarms() -> None:
    alarms, runs, durations, work, causes, costs = dashboard_body(_jobs(1), "eu-central-1")["widgets"]
    assert alarms["properties"]["alarms"] == [f"arn:alarm-0-{alarm}" for alarm in range(5)]
    assert [widget["y"] for widget in (alarms, runs, durations, work, causes, costs)] == [0, *[6] * 5]
    row = (runs, durations, work, causes, costs)
    assert [(widget["x"], widget["width"]) for widget in row] == [(0, 4), (4, 5), (9, 5), (14, 5), (19, 5)]
    assert [line[1] for line in costs["properties"]["metrics"]] == ["Cost", "CostPerThousandRecords"]
    assert [line[1] for line in runs["properties"]["metrics"]] == [
        "ExecutionsStarted",
        "ExecutionsSucceeded",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
    ]
    assert {line[1] for line in durations["properties"]["metrics"]} == {"ExecutionTime"}
    assert [line[1] for line in work["properties"]["metrics"]] == [
        "InputObjects",
        "OutputObjects",
        "InstanceSeconds",
    ]
    assert "SOURCE '/aws/vendedlogs/states/job-0'" in causes["properties"]["query"]


@pytest.mark.parametrize("number", [0, 1, 16, 120, 121, 200, 470])
def test_cloudwatch_takes_any_number_of_jobs_that_fits(number: int) -> None:
    widgets = dashboard_body(_jobs(number), "eu-central-1")["widgets"]
    assert len(widgets) <= 500
    assert all(len(widget["properties"].get("alarms", [])) <= 100 for widget in widgets)
    assert sum(len(widget["properties"].get("metrics", [])) for widget in widgets) <= 2500
    names = {widget["properties"]["title"].partition(":")[0] for widget in widgets} - {"Alarms"}
    assert len(names) == number
    taken = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(set(taken)) == len(taken), "no widget hides another"


def test_fails_with_more_jobs_than_widgets() -> None:
    with pytest.raises(InputError, match="500 jobs do not fit on one dashboard"):
        dashboard_body(_jobs(500), "eu-central-1")
