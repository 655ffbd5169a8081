"""Small CDK apps for the tests of the nag pack: compliant ones, in which a test changes one thing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from batch_transform_nag import BatchTransformChecks

Definition = dict[str, Any]

NAME = {
    "JSONata": {
        "TransformJobName": "{% 'churn-' & $substring($states.context.Execution.Name, 0, 40) & '-' & "
        "$string($states.context.State.RetryCount) %}"
    },
    "JSONPath": {
        "TransformJobName.$": "States.Format('churn-{}-{}', $$.Execution.Name, $$.State.RetryCount)"
    },
}
OUTPUT_PATH = {
    "JSONata": {"S3OutputPath": "{% 's3://scores/churn/' & $states.context.Execution.Name %}"},
    "JSONPath": {"S3OutputPath.$": "States.Format('s3://scores/churn/{}', $$.Execution.Name)"},
}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SYNC_ACTIONS = [
    "sagemaker:CreateTransformJob",
    "sagemaker:DescribeTransformJob",
    "sagemaker:StopTransformJob",
    "sagemaker:AddTags",
    "sagemaker:ListTags",
]


def report(define: Callable[[cdk.Stack], object]) -> dict[str, Any]:
    """Synthesise an app with one stack and the pack, and return the pack's part of the CDK's report."""
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder, builtin_cloud_formation_validation=False)
        define(cdk.Stack(app, "Stack"))
        cdk.Validations.of(app).add_plugins(BatchTransformChecks())
        return synthesised(app, Path(folder))


def synthesised(app: cdk.App, folder: Path) -> dict[str, Any]:
    """Synthesise, and return the pack's part of the CDK's report, even if the synthesis fails."""
    failure: RuntimeError | None = None
    try:
        app.synth()
    except RuntimeError as error:
        failure = error
    written: dict[str, Any] = json.loads((folder / "validation-report.json").read_text())
    # A pack without findings is not in the report.
    nothing = {"conclusion": "success", "violations": [], "suppressedViolations": []}
    [ours] = [part for part in written["pluginReports"] if part["pluginName"] == "BatchTransform"] or [
        nothing
    ]
    assert (failure is not None) == (ours["conclusion"] == "failure"), failure or ours
    return dict(ours)


def findings(define: Callable[[cdk.Stack], object]) -> set[str]:
    """Return the ids of the pack's findings in a stack."""
    return {violation["ruleName"] for violation in report(define)["violations"]}


def request(language: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A compliant request; `changes` replaces members, and None removes one."""
    compliant = {
        **NAME[language],
        "ModelName": "churn",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/churn/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {
            **OUTPUT_PATH[language],
            "Accept": "text/csv",
            "AssembleWith": "Line",
            "KmsKeyId": KEY,
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": KEY},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    }
    return _changed(compliant, changes or {})


def task(language: str, *, members: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A compliant task; `members` changes its request, `changes` the state."""
    arguments = {"JSONata": "Arguments", "JSONPath": "Parameters"}[language]
    compliant = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        arguments: request(language, members),
        "TimeoutSeconds": 3600,
        "End": True,
    }
    return _changed(compliant, changes)


def _changed(compliant: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed = compliant | dict(changes)
    return {name: value for name, value in changed.items() if value is not None}


def definition(language: str, states: Mapping[str, Any], **members: Any) -> Definition:
    """A definition that starts with the first of its states."""
    return {
        "QueryLanguage": language,
        "StartAt": next(iter(states)),
        "States": dict(states),
        **members,
    }


def machine(
    scope: Construct,
    language: str,
    states: Mapping[str, Any],
    *,
    role: iam.IRole | None = None,
    **members: Any,
) -> sfn.CfnStateMachine:
    """Define a state machine with these states and a compliant role."""
    return sfn.CfnStateMachine(
        scope,
        "Machine",
        role_arn=(role or machine_role(scope)).role_arn,
        definition_string=cdk.Stack.of(scope).to_json_string(definition(language, states, **members)),
    )


def machine_role(scope: Construct, *statements: iam.PolicyStatement) -> iam.Role:
    """Define the role of a state machine with these statements, by default compliant ones."""
    compliant = [
        iam.PolicyStatement(
            actions=SYNC_ACTIONS,
            resources=["arn:aws:sagemaker:eu-west-1:111122223333:transform-job/churn-*"],
        ),
        iam.PolicyStatement(
            actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            resources=[
                "arn:aws:events:eu-west-1:111122223333:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"
            ],
        ),
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=["arn:aws:iam::111122223333:role/execution"],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    ]
    return iam.Role(
        scope,
        "MachineRole",
        assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
        inline_policies={"Machine": iam.PolicyDocument(statements=list(statements) or compliant)},
    )


def execution_role(scope: Construct, *statements: iam.PolicyStatement) -> iam.Role:
    """Define the role of a model's container with these statements."""
    return iam.Role(
        scope,
        "ExecutionRole",
        assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
        inline_policies={"Job": iam.PolicyDocument(statements=list(statements))} if statements else None,
    )
