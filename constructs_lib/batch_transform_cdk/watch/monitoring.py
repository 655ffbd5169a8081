"""The monitoring of a job: its alarms, and the notifications about its failed runs."""

from __future__ import annotations

from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from batch_transform.job.values.job_spec import JobSpec, WorkflowSpec
from batch_transform_cdk.ground.stack_part import StackPart
from batch_transform_cdk.ground.workflow_function import WorkflowFunction
from batch_transform_cdk.machine.record_function import RecordFunction
from batch_transform_cdk.machine.workflow import StateMachine
from batch_transform_cdk.starts.undelivered_starts import UndeliveredStarts
from batch_transform_cdk.watch.failed_runs import FailedRuns
from batch_transform_cdk.watch.notifications import Notifications, NotificationTopic
from batch_transform_cdk.watch.run_alarms import RunAlarms


class Monitoring(StackPart):
    """Define the alarms of a job, the notifications about its failed runs, and the stop of leftover transform jobs.

    Alarms and notifications go to the topic that the job's `notify` names, with its addresses as subscribers, or to a
    new topic for these addresses. A job without `notify` uses `topic`, or else the shared topic of `notifications`.

    Usage::

        Monitoring(
            self,
            "Monitoring",
            job=job,
            state_machine=workflow,
            report=workflow.report,
            record=workflow.record,
            undelivered_starts=None,
            notifications=Notifications(self, "Notifications"),
        )
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: JobSpec,
        state_machine: StateMachine,
        report: WorkflowFunction,
        record: RecordFunction,
        undelivered_starts: UndeliveredStarts | None,
        bad_records: WorkflowFunction | None = None,
        notifications: Notifications,
        topic: sns.ITopic | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = self._topic(job, notifications, topic)
        self.alarms = RunAlarms(
            self,
            "Alarms",
            job=job,
            state_machine=state_machine,
            undelivered_starts=undelivered_starts,
            topic=self.topic,
        )
        if job.workflow.architecture != WorkflowSpec.architecture:
            # The stack's jobs share it: it has the other architecture as soon as one of them wants it.
            notifications.notify.run_on(job.workflow.architecture)
        self.failed_runs = FailedRuns(
            self,
            "EndedBadly",
            job=job,
            state_machine=state_machine,
            report=report,
            record=record,
            bad_records=bad_records,
            notify=notifications.notify,
            topic=self.topic,
        )

    def _topic(self, job: JobSpec, shared: Notifications, chosen: sns.ITopic | None) -> sns.ITopic:
        if job.notify.topic is not None:
            given = sns.Topic.from_topic_arn(self, "Topic", job.notify.topic)
            for address in job.notify.email:
                given.add_subscription(subscriptions.EmailSubscription(address))
            shared.let_publish_to(given)
            return given
        if not job.notify.email:
            if chosen is None:
                return shared.topic
            shared.let_publish_to(chosen)
            return chosen
        own = NotificationTopic(self, "Topic", encryption_key=shared.key_for_topic(), email=job.notify.email)
        shared.let_publish_to(own.topic, own.key)
        return own.topic
