"""The alarms of a job, each with the next step in its description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from batch_transform.job.aws.console_links import DOMAIN_OF_PARTITION, queue_link, state_machine_link
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.ground.stack_part import StackPart, once_per_stack
from batch_transform_cdk.ground.tokens import ACCOUNT_ID, PARTITION, URL_SUFFIX, region, topic_arn
from batch_transform_cdk.machine.workflow import StateMachine
from batch_transform_cdk.starts.undelivered_starts import UndeliveredStarts
from batch_transform_cdk.watch.run_metrics import (
    BAD_RECORDS,
    DIMENSION,
    DURATION,
    FAILED,
    STARTED,
    TIMED_OUT,
    RunMetric,
)
from batch_transform_cdk.watch.start_watch import NotWatched, StartWatch, start_watch

_PERIOD_SECONDS = 300
_LEARNED_PERIOD_SECONDS = 3600
_LONGEST_JOB_FILE = 200
"""How much of its path a description shows: it has at most 1,024 characters (PutMetricAlarm), with links."""

_NOT_STARTED = "NotStarted"

_USUAL_DEVIATIONS = 3
"""Width of the band of usual durations. CloudWatch's default is 2, which one run in twenty exceeds by chance."""

_WHERE_THE_TIME_WENT = (
    "Check in its execution which state took the time: a wait for another run, a wait for capacity, "
    "or the transform job."
)


class RunAlarms(StackPart):
    """Define the alarms of a job. Each notifies `topic` when it fires, but not when it returns to OK.

    - `Failed`: a run failed, for example because its transform job ran longer than `transform.max_runtime_in_seconds`.
    - `TimedOut`: a run as a whole took longer than the timeout of its state machine.
    - `NotStarted`: no run started within the longest time between two starts of the schedules, or within
      `monitoring.starts_within_hours`. A job with neither has no such alarm.
    - `TookLonger`: a run took longer than `monitoring.longest_duration_in_seconds`, or without it, longer than
      CloudWatch's anomaly detection expects. The duration is known only when a run ends.
    - `BadRecords`: a run completed without some of its records. Only a job with `bad_records` has this alarm.
    - `StartLost`: a message is in the dead-letter queue of the job's triggers.

    Missing data triggers the alarm `NotStarted`, and no other.

    Usage::

        RunAlarms(self, "Alarms", job=job, state_machine=machine, undelivered_starts=None, topic=topic)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: JobSpec,
        state_machine: StateMachine,
        undelivered_starts: UndeliveredStarts | None,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._job = job
        self._topic_arn = topic_arn(topic)
        self._region = region(self.stack)
        self._domain = _console_domain(self.stack) if is_token(self._region) else None
        self._machine_arn = state_machine.state_machine_arn
        self.failed = self._one_run(
            "Failed",
            FAILED,
            "A run failed. A notification about it, and its execution, give the cause and the next step.",
        )
        self.timed_out = self._one_run(
            "TimedOut",
            TIMED_OUT,
            "A run reached the timeout of its state machine and was ended. If its transform job is still running, "
            "stop it; then start the run again.",
        )
        longest = job.monitoring.longest_duration_in_seconds
        self.took_longer = (
            self._longer_than_usual() if longest is None else self._longer_than_allowed(longest)
        )
        self.bad_records = self._bad_records() if job.bad_records is not None else None
        self.not_started: cloudwatch.CfnAlarm | None = None
        self.start_lost: cloudwatch.CfnAlarm | None = None
        self._changed: list[Callable[[], None]] = []
        self.watch_starts(job, undelivered_starts)

    def watch_starts(self, job: JobSpec, undelivered_starts: UndeliveredStarts | None) -> None:
        """Define or update the alarms on starts, after the job's triggers have changed.

        Triggers are only ever added, and another schedule never makes a job wait longer for its next start. So an
        existing alarm stays, if necessary with a shorter window.
        """
        watch = start_watch(job)
        if isinstance(watch, StartWatch):
            self._watch_next_start(watch)
        elif watch.reason and self.not_started is None:
            self._warn_of_unwatched_starts(job, watch)
        if self.start_lost is None and undelivered_starts is not None:
            self.start_lost = self._start_lost(undelivered_starts)
        for tell in self._changed:
            tell()

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever an alarm is added later, so that a list of the alarms can be updated."""
        self._changed.append(callback)

    @property
    def all(self) -> list[cloudwatch.CfnAlarm]:
        """Every alarm that the job has."""
        alarms = (
            self.failed,
            self.timed_out,
            self.not_started,
            self.took_longer,
            self.start_lost,
            self.bad_records,
        )
        return [alarm for alarm in alarms if alarm is not None]

    def _bad_records(self) -> cloudwatch.CfnAlarm:
        return self._one_run(
            "BadRecords",
            BAD_RECORDS,
            "A run completed without some of its records, which the model refused. _bad_records.jsonl, below the run's "
            "output, lists them with their reasons: fix the data or the model.",
        )

    def _one_run(self, construct_id: str, metric: RunMetric, what: str) -> cloudwatch.CfnAlarm:
        return self._alarm(
            construct_id,
            what,
            **self._of_machine(metric),
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
        )

    def _warn_of_unwatched_starts(self, job: JobSpec, watch: NotWatched) -> None:
        # In the place of the alarm: the warning is removed when a schedule is added that can be watched.
        self.node.try_remove_child(_NOT_STARTED)
        cdk.Annotations.of(Construct(self, _NOT_STARTED)).add_warning_v2(
            "batch-transform:start-not-watched",
            f"no alarm fires when the job {job.name} does not start: {watch.reason}; if it starts at least once a "
            "week, set monitoring.starts_within_hours, at most 168",
        )

    def _watch_next_start(self, watch: StartWatch) -> None:
        period = int(watch.period.total_seconds())
        what = (
            f"No run has started for {_shown(watch.window.total_seconds())}. Check that the job's schedules exist and "
            "are enabled, and whether their dead-letter queue has a message; then start a run."
        )
        # A job that was just deployed has not started yet, and is not late.
        warm_up = cloudwatch.CfnAlarm.WarmUpConfigurationProperty(
            warm_up_period_duration_in_minutes=watch.warm_up_minutes,
            only_start_evaluating_after_warm_up_period_ends=True,
        )
        if self.not_started is not None:
            self.not_started.alarm_description = self._description(what)
            self.not_started.period = period
            self.not_started.evaluation_periods = watch.periods
            self.not_started.warm_up_configuration = warm_up
            return
        self.node.try_remove_child(_NOT_STARTED)  # the warning that stood in its place
        self.not_started = self._alarm(
            _NOT_STARTED,
            what,
            **self._of_machine(STARTED, period),
            comparison_operator="LessThanThreshold",
            threshold=1,
            evaluation_periods=watch.periods,
            treat_missing_data="breaching",
            warm_up_configuration=warm_up,
        )

    def _longer_than_allowed(self, longest: int) -> cloudwatch.CfnAlarm:
        return self._alarm(
            "TookLonger",
            f"A run took longer than {_shown(longest)}, its monitoring.longest_duration_in_seconds. "
            f"{_WHERE_THE_TIME_WENT}",
            **self._of_machine(DURATION),
            comparison_operator="GreaterThanThreshold",
            threshold=longest * 1000,
        )

    def _longer_than_usual(self) -> cloudwatch.CfnAlarm:
        of_machine = self._of_machine(DURATION)
        return self._alarm(
            "TookLonger",
            f"A run took longer than runs of this job usually do. {_WHERE_THE_TIME_WENT} If runs will take this long "
            "from now on, do nothing: CloudWatch adapts within two weeks.",
            metrics=[
                cloudwatch.CfnAlarm.MetricDataQueryProperty(
                    id="duration",
                    metric_stat=cloudwatch.CfnAlarm.MetricStatProperty(
                        metric=cloudwatch.CfnAlarm.MetricProperty(
                            namespace=DURATION.namespace,
                            metric_name=DURATION.name,
                            dimensions=of_machine["dimensions"],
                        ),
                        # There are few runs a day: a shorter period would add nothing.
                        period=_LEARNED_PERIOD_SECONDS,
                        stat=DURATION.statistic,
                    ),
                    return_data=True,
                ),
                cloudwatch.CfnAlarm.MetricDataQueryProperty(
                    id="usual",
                    expression=f"ANOMALY_DETECTION_BAND(duration, {_USUAL_DEVIATIONS})",
                    label="usual",
                    return_data=True,
                ),
            ],
            threshold_metric_id="usual",
            comparison_operator="GreaterThanUpperThreshold",
        )

    def _start_lost(self, undelivered_starts: UndeliveredStarts) -> cloudwatch.CfnAlarm:
        queue_name = undelivered_starts.queue_name
        return self._alarm(
            "StartLost",
            "A run could not be started. A message in the dead-letter queue has its input, and the reason in its "
            "attributes: start the run again with that input, then delete the message.",
            queue_link(self._region, ACCOUNT_ID, queue_name, URL_SUFFIX, self._domain),
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="QueueName", value=queue_name)],
            statistic="Maximum",
            period=_PERIOD_SECONDS,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
        )

    def _of_machine(self, metric: RunMetric, period: int = _PERIOD_SECONDS) -> dict[str, Any]:
        return {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": [cloudwatch.CfnAlarm.DimensionProperty(name=DIMENSION, value=self._machine_arn)],
            "statistic": metric.statistic,
            "period": period,
        }

    def _alarm(self, construct_id: str, what: str, *links: str, **settings: Any) -> cloudwatch.CfnAlarm:  # noqa: ANN401  # CfnAlarm's
        return cloudwatch.CfnAlarm(
            self,
            construct_id,
            alarm_description=self._description(what, *links),
            alarm_actions=[self._topic_arn],
            **{"evaluation_periods": 1, "treat_missing_data": "notBreaching", **settings},
        )

    def _description(self, what: str, *links: str) -> str:
        job_file = self._job.job_file
        if len(job_file) > _LONGEST_JOB_FILE:
            job_file = f"…{job_file[1 - _LONGEST_JOB_FILE :]}"
        job = f"{self._job.name} ({job_file})" if job_file else self._job.name
        executions = f"executions: {state_machine_link(self._region, self._machine_arn, self._domain)}"
        return "\n\n".join([f"Batch transform job {job}: {what}", *links, executions])


def _shown(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def _console_domain(stack: cdk.Stack) -> str:
    """Return the console's domain as a token: a stack without a region of its own may be deployed in any partition."""
    return once_per_stack(stack, (__name__, "domains"), _define_domains).find_in_map(PARTITION, "domain")


def _define_domains(stack: cdk.Stack) -> cdk.CfnMapping:
    domains = {partition: {"domain": domain} for partition, domain in DOMAIN_OF_PARTITION.items()}
    return cdk.CfnMapping(stack, "ConsoleDomains", mapping=domains)
