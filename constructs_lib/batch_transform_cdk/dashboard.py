"""The CloudWatch dashboard of a stack's jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from batch_transform.job.errors import InputError
from batch_transform_cdk.batch_transform import BatchTransform
from batch_transform_cdk.watch.run_metrics import (
    ABORTED,
    COST,
    COST_PER_THOUSAND_RECORDS,
    DIMENSION,
    DURATION,
    FAILED,
    INPUT_OBJECTS,
    INSTANCE_SECONDS,
    OUTPUT_OBJECTS,
    STARTED,
    SUCCEEDED,
    TIMED_OUT,
    RunMetric,
)

Widget = dict[str, Any]

MOST_WIDGETS = 500
"""In one dashboard (CloudWatch quotas)."""

MOST_ALARMS = 100
"""In one widget (API reference, alarm widget properties)."""

_WIDTH = 24
_HEIGHT = 6
_HOUR = 3600

_GREEN, _RED, _ORANGE, _GREY, _BLUE = "#2ca02c", "#d62728", "#ff7f0e", "#7f7f7f", "#1f77b4"


@dataclass(frozen=True)
class DashboardJob:
    """The job of a row. All but the name may be tokens."""

    name: str
    state_machine_arn: str
    log_group_name: str
    alarm_arns: Sequence[str]


def dashboard_body(jobs: Sequence[DashboardJob], region: str) -> dict[str, Any]:
    """Return a row of widgets for each job, below the state of all alarms.

    A row has four widgets: runs, durations, objects with instance time, causes of failures. With more than 120 jobs it
    has as many as CloudWatch allows. Raises InputError if that is not even one.
    """
    alarms = [arn for job in jobs for arn in job.alarm_arns]
    shown = [alarms[at : at + MOST_ALARMS] for at in range(0, len(alarms), MOST_ALARMS)]
    room = (MOST_WIDGETS - len(shown)) // max(1, len(jobs))
    if room == 0:
        raise InputError(
            f"{len(jobs)} jobs do not fit on one dashboard, which allows {MOST_WIDGETS} widgets; define several"
        )
    widgets = [_alarms(arns, y=at * _HEIGHT) for at, arns in enumerate(shown)]
    for row, job in enumerate(jobs, start=len(shown)):
        parts = [_runs(job), _durations(job), _work(job), _causes(job), _costs(job)][:room]
        widgets += [
            {
                **part,
                "x": at * _WIDTH // len(parts),
                "y": row * _HEIGHT,
                "width": (at + 1) * _WIDTH // len(parts) - at * _WIDTH // len(parts),
                "height": _HEIGHT,
            }
            for at, part in enumerate(parts)
        ]
    for widget in widgets:
        if widget["type"] != "alarm":
            widget["properties"]["region"] = region
    return {"start": "-P14D", "periodOverride": "inherit", "widgets": widgets}


def _alarms(arns: Sequence[str], y: int) -> Widget:
    properties = {"title": "Alarms", "alarms": list(arns), "sortBy": "stateUpdatedTimestamp"}
    return {"type": "alarm", "x": 0, "y": y, "width": _WIDTH, "height": _HEIGHT, "properties": properties}


def _runs(job: DashboardJob) -> Widget:
    lines = [
        _line(job, STARTED, _BLUE),
        _line(job, SUCCEEDED, _GREEN),
        _line(job, FAILED, _RED),
        _line(job, TIMED_OUT, _ORANGE),
        _line(job, ABORTED, _GREY),
    ]
    return _graph(f"{job.name}: runs", lines, "runs")


def _durations(job: DashboardJob) -> Widget:
    shortest = RunMetric(DURATION.namespace, DURATION.name, "Minimum", "shortest run")
    lines = [_line(job, DURATION, _BLUE), _line(job, shortest, _GREY)]
    return _graph(f"{job.name}: durations", lines, "milliseconds")


def _work(job: DashboardJob) -> Widget:
    lines = [
        _line(job, INPUT_OBJECTS, _GREY),
        _line(job, OUTPUT_OBJECTS, _GREEN),
        _line(job, INSTANCE_SECONDS, _ORANGE, axis="right"),
    ]
    return _graph(f"{job.name}: objects and instance time", lines, "objects", right="seconds")


def _costs(job: DashboardJob) -> Widget:
    lines = [_line(job, COST, _ORANGE), _line(job, COST_PER_THOUSAND_RECORDS, _GREY, axis="right")]
    return _graph(f"{job.name}: cost", lines, "cost", right="per 1,000 records")


def _causes(job: DashboardJob) -> Widget:
    query = (
        f"SOURCE '{job.log_group_name}' | fields @timestamp, details.error, details.cause, execution_arn "
        "| filter type in ['ExecutionFailed', 'ExecutionTimedOut', 'ExecutionAborted'] "
        "| sort @timestamp desc | limit 20"
    )
    return {
        "type": "log",
        "properties": {"title": f"{job.name}: causes of failures", "query": query, "view": "table"},
    }


def _line(job: DashboardJob, metric: RunMetric, color: str, *, axis: str = "left") -> list[Any]:
    looks = {"stat": metric.statistic, "label": metric.label, "color": color, "yAxis": axis}
    return [metric.namespace, metric.name, DIMENSION, job.state_machine_arn, looks]


def _graph(title: str, lines: list[list[Any]], left: str, *, right: str | None = None) -> Widget:
    axes: dict[str, Any] = {"left": {"label": left, "min": 0, "showUnits": False}}
    if right is not None:
        axes["right"] = {"label": right, "min": 0, "showUnits": False}
    properties = {"title": title, "metrics": lines, "period": _HOUR, "view": "timeSeries", "yAxis": axes}
    return {"type": "metric", "properties": properties}


class Dashboard(Construct):
    """Define a CloudWatch dashboard with a row for each job: runs, durations, objects and instance time, cost, causes.

    Objects are those that completed runs read and wrote. Costs are in the currency of AWS's Price List, and those of a
    thousand records are known for jobs that count them (`reconcile: records`).

    Usage::

        Dashboard(self, "Dashboard", jobs=[churn, fraud])
    """

    def __init__(self, scope: Construct, construct_id: str, *, jobs: Sequence[BatchTransform]) -> None:
        super().__init__(scope, construct_id)
        self._jobs = jobs
        self.resource = cloudwatch.CfnDashboard(self, "Resource", dashboard_body=self._body())
        for job in jobs:
            job.monitoring.alarms.on_change(self._update)

    def _update(self) -> None:
        self.resource.dashboard_body = self._body()

    def _body(self) -> str:
        stack = cdk.Stack.of(self)
        rows = [
            DashboardJob(
                name=job.job_name,
                state_machine_arn=job.workflow.state_machine_arn,
                log_group_name=job.workflow.log_group.ref,
                alarm_arns=[alarm.attr_arn for alarm in job.monitoring.alarms.all],
            )
            for job in self._jobs
        ]
        return stack.to_json_string(dashboard_body(rows, stack.region))
