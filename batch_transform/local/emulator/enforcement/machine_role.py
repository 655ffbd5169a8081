"""What Step Functions checks of a state machine's role when the machine is created or updated.

The role must trust Step Functions; it must allow log delivery when logging is on (Developer Guide of Step
Functions, "Using CloudWatch Logs"); and it must allow the rule that a `.sync` task is told by that its job has
ended ("Run a Job", and "Create and manage Amazon SageMaker AI jobs"). AWS refuses the machine otherwise, with
the texts below, which are from public reports.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import eventbridge, stepfunctions  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator.enforcement.permissions import Denial, denial
from batch_transform.local.emulator.roles import assume_role
from batch_transform.local.emulator.service import HttpAnswer, current_scope

PRINCIPAL = "states.amazonaws.com"
TYPE = "AWS::StepFunctions::StateMachine"

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
"""Integration -> the rule that Step Functions keeps for it, and the events that it waits for."""


def plug_in() -> None:
    """Check each machine that the API or CloudFormation creates or updates."""
    for name in ("_create_state_machine", "_update_state_machine"):
        setattr(stepfunctions, name, _checked(getattr(stepfunctions, name)))
    handlers = provisioners._RESOURCE_HANDLERS[TYPE]
    create = handlers["create"]

    def create_checked(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> object:
        definition = properties.get("DefinitionString") or json.dumps(properties.get("Definition") or {})
        try:
            check(properties["RoleArn"], definition, _small(properties.get("LoggingConfiguration") or {}))
        except RefusedRequestError as error:
            # the emulator makes a failed resource of any ValueError, with its text as the reason
            raise ValueError(error.message) from error
        return create(logical_id, properties, stack_name)

    handlers["create"] = create_checked


def check(role_arn: str, definition: str, logging: Mapping[str, Any]) -> None:
    """Raise RefusedRequestError AccessDeniedException when the role would not do."""
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


def _checked(change: Callable[[dict[str, Any]], HttpAnswer]) -> Callable[[dict[str, Any]], HttpAnswer]:
    """Return the emulator's operation with the check before it; an update keeps what it does not name."""

    def checked(data: dict[str, Any]) -> HttpAnswer:
        kept = stepfunctions._state_machines.get(data.get("stateMachineArn")) or {}
        wanted = {**kept, **data}
        if "roleArn" not in wanted or "definition" not in wanted:
            return change(data)  # the emulator says what is missing
        try:
            check(wanted["roleArn"], wanted["definition"], _small(wanted.get("loggingConfiguration") or {}))
        except RefusedRequestError as error:
            answer = {"__type": error.code, "message": error.message}
            return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()
        return change(data)

    return checked


def _small(logging: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation writes the members with a capital."""
    return {name[0].lower() + name[1:]: value for name, value in logging.items()}


def _refused(message: str) -> RefusedRequestError:
    return RefusedRequestError("AccessDeniedException", message)
