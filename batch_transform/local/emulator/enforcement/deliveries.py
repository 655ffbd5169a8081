"""Permissions for what AWS's services start or send: schedules, EventBridge rules, alarms, subscriptions.

- A schedule acts with its role, for its dead-letter queue, too (EventBridge Scheduler User Guide).
- A rule starts a state machine with the target's role, and sends to topics, queues, functions and its dead-letter queue
  as `events.amazonaws.com`, which their policies must allow (EventBridge User Guide, "Using resource-based policies").
- An alarm publishes as `cloudwatch.amazonaws.com`; a topic invokes a function as `sns.amazonaws.com`.

A delivery without permission isn't made. The log has a line for it; on AWS nothing reports it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from ministack.core import responses  # type: ignore[import-untyped]  # it has no types
from ministack.services import cloudwatch, eventbridge, lambda_svc, sns  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator.enforcement import topics_and_queues
from batch_transform.local.emulator.enforcement.permissions import (
    Denial,
    ServiceCaller,
    denial,
    service_denial,
)
from batch_transform.local.emulator.enforcement.roles import assume_role
from batch_transform.local.emulator.enforcement.topics_and_queues import EVENTS
from batch_transform.local.emulator.patches.start_targets import delivered_to

SCHEDULER = "scheduler.amazonaws.com"
ALARMS, TOPICS = "cloudwatch.amazonaws.com", "sns.amazonaws.com"
_ACTIONS = {"states": "states:StartExecution", "lambda": "lambda:InvokeFunction"}
_SCHEDULE_SOURCE = "aws.scheduler"

logger = logging.getLogger(__name__)


def plug_in() -> None:
    """Check the permissions before each delivery."""
    _deliver_events()
    _publish_alarms()
    _invoke_subscribers()


def _deliver_events() -> None:
    invoke_target = eventbridge._invoke_target

    def invoke_allowed_target(
        target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, Any], view: object = None
    ) -> None:
        is_schedule = event.get("Source") == _SCHEDULE_SOURCE
        arn = delivered_to(target) if is_schedule else target["Arn"]
        why = (_schedule_denial if is_schedule else _rule_denial)(target, rule, arn)
        if why is None:
            invoke_target(target, event, rule, view)
            return
        logger.warning("%s is not delivered to: %s", arn, why)
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None:
            return
        refused = (_schedule_denial if is_schedule else _rule_denial)(target, rule, queue)
        if refused is None:
            invoke_target({"Arn": queue, "Input": target.get("Input")}, event, rule, view)
        else:
            logger.warning("%s gets no dead letter: %s", queue, refused)

    eventbridge._invoke_target = invoke_allowed_target


def _schedule_denial(target: Mapping[str, Any], schedule: Mapping[str, Any], arn: str) -> str | None:
    group = str(schedule["Arn"]).replace(":schedule/", ":schedule-group/").rpartition("/")[0]
    return _role_denial(target.get("RoleArn", ""), ServiceCaller(SCHEDULER, group), arn)


def _rule_denial(target: Mapping[str, Any], rule: Mapping[str, Any], arn: str) -> str | None:
    caller = ServiceCaller(EVENTS, _aws_name(str(rule["Arn"])))
    service = arn.split(":")[2]
    if service in ("sns", "sqs"):
        why = topics_and_queues.delivery_denial(caller, arn)
    elif service == "lambda":
        why = _function_denial(caller, arn)
    elif service == "states":
        return _role_denial(target.get("RoleArn", ""), caller, arn)
    else:
        return None  # buses and API destinations: nothing here uses them
    return why.message if why else None


def _role_denial(role_arn: str, caller: ServiceCaller, arn: str) -> str | None:
    if not role_arn:
        return f"{caller.principal} has no role for it"
    try:
        session = assume_role(
            role_arn, service=caller.principal, session_name="delivery", source_arn=caller.source_arn
        )
    except RefusedRequestError as error:
        return error.message
    service = arn.split(":")[2]
    if service in ("sns", "sqs"):
        why = topics_and_queues.sender_denial(session.access_key, arn)
    else:
        if service not in _ACTIONS:
            return f"the local AWS does not know which permission {arn} needs"
        why = denial(session.access_key, _ACTIONS[service], arn)
    return why.message if why else None


def _publish_alarms() -> None:
    dispatch = cloudwatch._dispatch_alarm_actions

    def dispatch_allowed(alarm: Mapping[str, Any], old_state: str, new_state: str, reason: str) -> None:
        arn = f"arn:aws:cloudwatch:{responses.get_region()}:{responses.get_account_id()}:alarm:{alarm['AlarmName']}"
        caller = ServiceCaller(ALARMS, arn)
        allowed = dict(alarm)
        for kind in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            allowed[kind] = [action for action in alarm.get(kind) or [] if _may_publish(action, caller)]
        dispatch(allowed, old_state, new_state, reason)

    cloudwatch._dispatch_alarm_actions = dispatch_allowed


def _may_publish(action: str, caller: ServiceCaller) -> bool:
    if action.split(":")[2] != "sns" or (why := topics_and_queues.delivery_denial(caller, action)) is None:
        return True
    logger.warning("%s is not notified: %s", action, why.message)
    return False


def _invoke_subscribers() -> None:
    deliver = sns._deliver_to_lambda

    def deliver_allowed(endpoint: str, envelope: str, topic_arn: str, *rest: Any) -> None:  # noqa: ANN401  # the emulator's
        if (why := _function_denial(ServiceCaller(TOPICS, topic_arn), endpoint)) is None:
            deliver(endpoint, envelope, topic_arn, *rest)
        else:
            logger.warning("%s is not invoked: %s", endpoint, why.message)

    sns._deliver_to_lambda = deliver_allowed


def _function_denial(caller: ServiceCaller, arn: str) -> Denial | None:
    found = lambda_svc.function_policy_for_arn(arn)
    return service_denial(caller, _ACTIONS["lambda"], arn, found[0] if found else {})


def _aws_name(rule_arn: str) -> str:
    """Return the ARN of a rule as AWS names it: without the bus, if that is the default one."""
    return rule_arn.replace(":rule/default/", ":rule/")
