"""The queue in which a start of a job lands that could not be made."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from constructs_lib.acknowledgment import OWN_KEY_IS_A_CHOICE, acknowledge_each
from constructs_lib.arn import REGION, URL_SUFFIX
from constructs_lib.key_policy import let_rules_fill_queues
from constructs_lib.kms_key import KmsKey
from constructs_lib.statement import Statement

# The longest that SQS keeps a message: time to see the alarm after a holiday.
_KEPT = cdk.Duration.days(14)


class LostStarts(Construct):
    """Define the dead-letter queue that all triggers of a job share: encrypted, TLS only, kept two weeks.

    A message in it is a run that did not take place: its body is the run's input, or the event that should
    have led to one. It is under `encryption_key`, if the job has one, and otherwise under a key of SQS's own.
    The policy of a key that this app does not define must itself let `events.amazonaws.com` generate data keys
    and decrypt, for what a rule cannot deliver.

    Usage::

        lost = LostStarts(self, "LostStarts", encryption_key=key)
        role.add_to_policy(statement) for statement in lost.send_statements()
        Alarm(self, "Lost", metric=lost.queue.metric_approximate_number_of_messages_visible(), …)
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, encryption_key: kms.IKey | None = None
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = encryption_key
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.KMS if encryption_key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=encryption_key,
            enforce_ssl=True,
            retention_period=_KEPT,
        )
        acknowledge_each(
            self.queue,
            {
                "AwsSolutions-SQS3": "it is itself the dead-letter queue of the job's triggers",
                **({} if encryption_key else {"CKV_AWS_27": OWN_KEY_IS_A_CHOICE}),
            },
        )

    def send_statements(self) -> list[Statement]:
        """Allow a role to send to the queue (SQS Developer Guide, "Configuring KMS permissions")."""
        statements = [Statement(actions=["sqs:SendMessage"], resources=[self.queue.queue_arn])]
        if self._key is not None:
            through_sqs = {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.{URL_SUFFIX}"}}
            statements.append(
                KmsKey.of(self._key).statement("kms:GenerateDataKey", "kms:Decrypt", conditions=through_sqs)
            )
        return statements

    def let_in_rule(self, rule_arn: str) -> None:
        """Let a rule of EventBridge send what it could not deliver, which it does as a service and not with a role.

        EventBridge User Guide, "Using dead-letter queues".
        """
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                resources=[self.queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": rule_arn}},
            )
        )
        if self._key is not None:
            let_rules_fill_queues(self._key)
