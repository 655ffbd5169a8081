"""The queue for starts of a job that could not be delivered."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from batch_transform_cdk.ground.acknowledgment import OWN_KEY_IS_A_CHOICE, acknowledge_each
from batch_transform_cdk.ground.kms_key import KmsKey, let_rules_fill_queues
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import REGION, URL_SUFFIX

# The longest that SQS keeps a message: enough to see the alarm after a holiday.
_KEPT_SECONDS = 14 * 24 * 3600


class UndeliveredStarts(Construct):
    """Define the dead-letter queue of a job's triggers: encrypted, TLS only, with messages kept for two weeks.

    A message in it is a run that did not start: its body has the arguments of StartExecution, or is the event that
    should have led to a run. `encryption_key` encrypts the queue. Default: SQS's own key. The policy of an imported key
    must let `events.amazonaws.com` generate data keys and decrypt, for events that a rule cannot deliver.

    Usage::

        undelivered = UndeliveredStarts(self, "UndeliveredStarts", encryption_key=key)
        undelivered.queue.metric_approximate_number_of_messages_visible()
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, encryption_key: kms.IKey | None = None
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = encryption_key
        key_arn = encryption_key.key_arn if encryption_key else None
        self.resource = sqs.CfnQueue(
            self,
            "Queue",
            kms_master_key_id=key_arn,
            message_retention_period=_KEPT_SECONDS,
            # Set in both cases: a queue has one kind of encryption, and a key may be added or removed later.
            sqs_managed_sse_enabled=encryption_key is None,
        )
        acknowledge_each(
            self.resource,
            {
                "AwsSolutions-SQS3": "it is the dead-letter queue of the job's triggers",
                **({} if encryption_key else {"CKV_AWS_27": OWN_KEY_IS_A_CHOICE}),
            },
        )
        self._policy_statements: list[dict[str, Any]] = [
            {
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": "sqs:*",
                "Resource": self.queue_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
        self._policy = sqs.CfnQueuePolicy(
            self, "QueuePolicy", policy_document=self._policy_document(), queues=[self.resource.ref]
        )

    @cached_property
    def queue_arn(self) -> str:
        """The queue's ARN, as a token."""
        return self.resource.attr_arn

    @cached_property
    def queue_name(self) -> str:
        """The queue's name, as a token."""
        return self.resource.attr_queue_name

    @cached_property
    def queue(self) -> sqs.IQueue:
        """The queue as an `sqs.IQueue`: for its metrics, or to read it."""
        return sqs.Queue.from_queue_attributes(
            self,
            "Given",
            key_arn=self._key.key_arn if self._key else None,
            queue_arn=self.queue_arn,
            queue_url=self.resource.ref,
        )

    def send_statements(self) -> list[Statement]:
        """Allow sending to the queue (SQS Developer Guide, "Configuring KMS permissions")."""
        statements = [Statement(actions=["sqs:SendMessage"], resources=[self.queue_arn])]
        if self._key is not None:
            through_sqs = {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.{URL_SUFFIX}"}}
            statements.append(
                KmsKey.of(self._key).statement("kms:GenerateDataKey", "kms:Decrypt", conditions=through_sqs)
            )
        return statements

    def let_in_rule(self, rule_arn: str) -> None:
        """Let an EventBridge rule send undelivered events, which it does as a service and not with a role.

        EventBridge User Guide, "Using dead-letter queues".
        """
        self._policy_statements.append(
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": self.queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            }
        )
        self._policy.policy_document = self._policy_document()
        if self._key is not None:
            let_rules_fill_queues(self._key)

    def _policy_document(self) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": self._policy_statements}
