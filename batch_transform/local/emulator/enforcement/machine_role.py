"""What Step Functions checks of a state machine's role when the machine is created or updated.

The role must trust Step Functions. It must allow log delivery if logging is on (Step Functions Developer Guide, "Using
CloudWatch Logs"). For a `.sync` task, it must allow the rule that reports the end of the job ("Run a Job", and "Create
and manage Amazon SageMaker AI jobs"). Otherwise AWS refuses the state machine, with the texts below, which are from
public reports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ministack.services import eventbridge, stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator import operations, resources
from batch_transform.local.emulator.enforcement.permissions import Denial, denial
from batch_transform.local.emulator.enforcement.roles import assume_role
from batch_transform.local.emulator.operations import HttpAnswer, Request, Serve
from batch_transform.local.emulator.patches.interpreter.checked_definitions import TYPE, definition_of
from batch_transform.local.emulator.sagemaker_service import current_scope

PRINCIPAL = "states.amazonaws.com"

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
MANAGED_RULES = {
    "sagemaker:createTransformJob.sync": (
        "StepFunctionsGetEventsForSageMakerTransformJobsRule",
        {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Transform Job State Change"]},
    ),
    "states:startExecution.sync": (
        "StepFunctionsGetEventsForStepFunctionsExecutionRule",
        {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]},
    ),
}
"""Integration -> the rule that Step Functions creates for it, and the events of that rule."""


def plug_in() -> None:
    """Check the role in calls and in templates."""
    operations.answer("states", {"CreateStateMachine": _change, "UpdateStateMachine": _change})
    resources.check_properties(TYPE, _check_resource)


async def _change(request: Request, serve: Serve) -> HttpAnswer:
    """Check the state machine as it will be: an update keeps what it doesn't name."""
    kept = stepfunctions._state_machines.get(request.get("stateMachineArn")) or {}
    wanted = {**kept, **request}
    if "roleArn" in wanted and "definition" in wanted:  # else the emulator refuses it
        try:
            check(wanted["roleArn"], wanted["definition"], _small(wanted.get("loggingConfiguration") or {}))
        except RefusedRequestError as error:
            return operations.refusal(error.code, error.message)
    return await serve(request)


def _check_resource(properties: Mapping[str, Any]) -> None:
    logging = _small(properties.get("LoggingConfiguration") or {})
    try:
        check(properties["RoleArn"], definition_of(properties), logging)
    except RefusedRequestError as error:
        # a ValueError fails the resource, with its text as the reason
        raise ValueError(error.message) from error


def check(role_arn: str, definition: str, logging: Mapping[str, Any]) -> None:
    """Raise RefusedRequestError AccessDeniedException if the role isn't sufficient."""
    scope = current_scope()
    source = f"arn:{scope.partition}:states:{scope.region}:{scope.account}:stateMachine:*"
    try:
        session = assume_role(role_arn, service=PRINCIPAL, session_name="StepFunctions", source_arn=source)
    except RefusedRequestError as error:
        raise _refused(
            f"Neither the global service principal {PRINCIPAL}, nor the regional one is authorized to assume "
            f"the provided role. ({error.message})"
        ) from error
    if str(logging.get("level", "OFF")) != "OFF":
        for action in LOG_DELIVERY:
            if why := denial(session.access_key, action, "*"):
                raise _refused(
                    f"The state machine IAM Role is not authorized to access the Log Destination ({why.message})"
                )
    for integration, (rule, pattern) in MANAGED_RULES.items():
        if integration in definition:
            if why := _managed_rule_denial(session.access_key, rule):
                raise _refused(f"'{role_arn}' is not authorized to create managed-rule. ({why.message})")
            eventbridge._put_rule({"Name": rule, "EventPattern": json.dumps(pattern)})


def _managed_rule_denial(access_key: str, rule: str) -> Denial | None:
    scope = current_scope()
    arn = f"arn:{scope.partition}:events:{scope.region}:{scope.account}:rule/{rule}"
    actions = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
    return next((why for action in actions if (why := denial(access_key, action, arn))), None)


def _small(logging: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members as the API names them: CloudFormation's start with a capital."""
    return {name[0].lower() + name[1:]: value for name, value in logging.items()}


def _refused(message: str) -> RefusedRequestError:
    return RefusedRequestError("AccessDeniedException", message)
