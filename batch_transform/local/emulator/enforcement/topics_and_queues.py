"""Permissions for SNS topics and SQS queues: their policies and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ministack.services import sns, sqs  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.enforcement.calls import Call, refuse_calls
from batch_transform.local.emulator.enforcement.keys import KeyUse, refusal
from batch_transform.local.emulator.enforcement.permissions import (
    Denial,
    ServiceCaller,
    denial,
    service_denial,
)
from batch_transform.local.emulator.operations import HttpAnswer
from batch_transform.local.emulator.resources import Properties, apply_properties

EVENTS = "events.amazonaws.com"
_TOPIC = "AWS::SNS::Topic"
_SEND = {"sns": "sns:Publish", "sqs": "sqs:SendMessage"}
# SNS Developer Guide, "Key management"; SQS Developer Guide, "Key management"
_PUBLISHING = ("kms:GenerateDataKey", "kms:Decrypt")
_GUARDED: dict[str, dict[str, tuple[str, ...]]] = {
    "sns": {"Publish": _PUBLISHING, "PublishBatch": _PUBLISHING},
    "sqs": {
        "SendMessage": _PUBLISHING,
        "SendMessageBatch": _PUBLISHING,
        "ReceiveMessage": ("kms:Decrypt",),
    },
}


def plug_in() -> None:
    """Check the key in calls, and policy and key in deliveries of SNS and S3."""
    for service in _GUARDED:
        refuse_calls(service, _refuse)
    sqs.queue_policy_allows = _allows
    sns.topic_policy_allows = _allows


def keep_topic_keys() -> None:
    """Keep a topic's key, which the emulator's CloudFormation ignores, unlike a queue's."""
    apply_properties(_TOPIC, _set_key)


def _set_key(arn: str, _old: Properties, properties: Properties) -> None:
    topic = sns._topic_by_arn_any_scope(arn)
    topic["attributes"].pop("KmsMasterKeyId", None)
    if key := properties.get("KmsMasterKeyId"):
        topic["attributes"]["KmsMasterKeyId"] = key


def policy_of(arn: str) -> str | None:
    """Return the policy of a topic or queue; None if it has none or doesn't exist."""
    attributes = _attributes(arn)
    return str(attributes["Policy"]) if attributes.get("Policy") else None


def delivery_denial(caller: ServiceCaller, arn: str) -> Denial | None:
    """Return why a service may not publish to this topic, or send to this queue; None if it may."""
    denied = service_denial(caller, _SEND[arn.split(":")[2]], arn, policy_of(arn) or "")
    return denied or key_denial(arn, caller)


def sender_denial(access_key: str, arn: str) -> Denial | None:
    """Return why the holder of the access key may not publish to this topic, or send to this queue."""
    denied = denial(access_key, _SEND[arn.split(":")[2]], arn, policy=policy_of(arn))
    return denied or key_denial(arn, access_key)


def key_denial(
    arn: str, caller: str | ServiceCaller, actions: tuple[str, ...] = _PUBLISHING
) -> Denial | None:
    """Return why the caller, an access key or a service, may not use the key of a topic or a queue."""
    key = _attributes(arn).get("KmsMasterKeyId")
    if not key:
        return None
    service = arn.split(":")[2]
    if str(key).rpartition(":")[2].startswith("alias/aws/"):
        return _managed_key_denial(caller, str(key))
    if isinstance(caller, ServiceCaller) and (caller.principal, service) == (EVENTS, "sns"):
        # SNS Developer Guide, "Key management": the keys aws:Source… of a KMS policy are "not supported for
        # EventBridge-to-encrypted topics"
        caller = replace(caller, shows_source=False)
    context = {f"aws:{service}:{'topicArn' if service == 'sns' else 'arn'}": arn}
    for action in actions:
        if (why := refusal(KeyUse(str(key), action, service, context), caller)) is not None:
            principal = caller.principal if isinstance(caller, ServiceCaller) else caller
            return Denial(principal, action, str(key), explicit=False, reason=why.message)
    return None


def _managed_key_denial(caller: str | ServiceCaller, key: str) -> Denial | None:
    """Callers of the account may use an AWS managed key; other services never may (SNS, "Key management")."""
    if not isinstance(caller, ServiceCaller):
        return None
    reason = (
        f"{caller.principal} may not use {key}: the policy of an AWS managed key lets no other service in"
    )
    return Denial(caller.principal, _PUBLISHING[0], key, explicit=False, reason=reason)


def _allows(arn: str, service: str, source_arn: str, source_account: str) -> bool:
    """Decide, for the emulator, whether S3 or SNS may deliver."""
    del source_account  # it is in the ARN, or the account of the request
    return delivery_denial(ServiceCaller(service, source_arn), arn) is None


def _attributes(arn: str) -> dict[str, Any]:
    find: Callable[[str], dict[str, Any] | None] = (
        sns._topic_by_arn_any_scope if arn.split(":")[2] == "sns" else sqs._queue_by_arn
    )
    found = find(arn)
    return dict(found["attributes"]) if found else {}


def _refuse(call: Call) -> HttpAnswer | None:
    actions = _GUARDED[call.service].get(call.operation)
    if actions is None:
        return None
    denied = key_denial(call.resource, call.caller, actions) if call.resource.startswith("arn:") else None
    return call.refused(denied) if denied else None
