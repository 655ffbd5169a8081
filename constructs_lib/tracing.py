"""X-Ray, where a job asks for it: `workflow.tracing`."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn

from constructs_lib.statement import Statement

NO_RESOURCES = {"*": "the actions of X-Ray know no resources"}
"""The wildcard of these statements and its reason (Service Authorization Reference, AWS X-Ray)."""

_WRITE = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_SAMPLE = ("xray:GetSamplingRules", "xray:GetSamplingTargets")


def trace_machine(machine: sfn.StateMachine) -> None:
    """Trace each execution (Step Functions Developer Guide, "IAM policies for X-Ray")."""
    resource = machine.node.default_child
    if not isinstance(resource, sfn.CfnStateMachine):
        raise TypeError(f"{machine.node.path} is no state machine of this app")
    resource.tracing_configuration = sfn.CfnStateMachine.TracingConfigurationProperty(enabled=True)


def trace_function(function: lambda_.Function) -> None:
    """Trace each call (Lambda Developer Guide, "Visualize Lambda function invocations using AWS X-Ray")."""
    resource = function.node.default_child
    if not isinstance(resource, lambda_.CfnFunction):
        raise TypeError(f"{function.node.path} is no function of this app")
    resource.tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="Active")


def machine_statement() -> Statement:
    """Return what the role of a traced state machine may do."""
    return Statement((*_WRITE, *_SAMPLE), ("*",))


def function_statement() -> Statement:
    """Return what the role of a traced function may do."""
    return Statement(_WRITE, ("*",))
