"""The pack as a plugin: what it reads, what it reports, how a finding is acknowledged."""

from __future__ import annotations

import json
import re
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_stepfunctions as sfn

from batch_transform_nag import RULES, BatchTransformChecks
from nag.apps import definition, execution_role, findings, machine, machine_role, report, synthesised, task

LANGUAGES = pytest.mark.parametrize("language", ["JSONata", "JSONPath"])


def compliant_model(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Lake", enforce_ssl=True)
    role = execution_role(
        stack, iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects("churn/*")])
    )
    sagemaker.CfnModel(
        stack,
        "Model",
        execution_role_arn=role.role_arn,
        enable_network_isolation=True,
        primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
            image="111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:2.1"
        ),
    )


@LANGUAGES
def test_finds_nothing_in_a_compliant_stack(language: str) -> None:
    def define(stack: cdk.Stack) -> None:
        compliant_model(stack)
        machine(stack, language, {"Transform": task(language)})

    assert report(define)["violations"] == []


def test_finds_nothing_in_a_stack_without_batch_transform() -> None:
    def define(stack: cdk.Stack) -> None:
        iam.Role(
            stack,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AdministratorAccess")],
        )
        machine(stack, "JSONPath", {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}})

    assert findings(define) == set()


def test_reports_what_why_and_the_fix() -> None:
    def define(stack: cdk.Stack) -> None:
        machine(stack, "JSONata", {"Transform": task("JSONata", TimeoutSeconds=None)})

    [violation] = report(define)["violations"]
    assert violation["ruleName"] == "NoTimeout[Transform]"
    assert violation["description"] == "the transform job has no timeout: no TimeoutSeconds"
    assert violation["suggestedFix"].startswith("give the task TimeoutSeconds")
    assert "until someone notices" in violation["ruleMetadata"]["why"]
    [place] = violation["violatingConstructs"]
    assert place["constructPath"] == "Stack/Machine"


def test_an_acknowledged_finding_is_left_out_and_its_reason_kept() -> None:
    def define(stack: cdk.Stack) -> None:
        made = machine(stack, "JSONata", {"One job": task("JSONata", TimeoutSeconds=None)})
        cdk.Validations.of(made).acknowledge(
            cdk.Acknowledgment(id="BatchTransform::NoTimeout[One job]", reason="the caller stops it")
        )

    reported = report(define)
    assert reported["violations"] == []
    assert [found["reason"] for found in reported["suppressedViolations"]] == ["the caller stops it"]


def test_a_warning_does_not_fail_the_synth() -> None:
    def define(stack: cdk.Stack) -> None:
        retry = [{"ErrorEquals": ["States.TaskFailed"]}]
        machine(stack, "JSONata", {"Transform": task("JSONata", Retry=retry)})

    reported = report(define)
    assert reported["conclusion"] == "success"
    assert [found["severity"] for found in reported["violations"]] == ["warning"]


@pytest.mark.parametrize("name", ["odd ] name", "(", "{[("])
def test_a_finding_in_a_state_with_any_name_can_be_acknowledged(name: str) -> None:
    def define(stack: cdk.Stack) -> None:
        made = machine(stack, "JSONata", {name: task("JSONata", TimeoutSeconds=None)})
        [violation] = report(
            lambda inner: machine(inner, "JSONata", {name: task("JSONata", TimeoutSeconds=None)})
        )["violations"]
        cdk.Validations.of(made).acknowledge(
            cdk.Acknowledgment(id=f"BatchTransform::{violation['ruleName']}", reason="the caller stops it")
        )

    assert findings(define) == set()


def test_nested_stacks_are_read_too() -> None:
    def define(stack: cdk.Stack) -> None:
        inner = cdk.NestedStack(stack, "Inner")
        made = machine(inner, "JSONata", {"Transform": task("JSONata", TimeoutSeconds=None)})
        s3.Bucket(inner, "Open")
        cdk.Validations.of(made).acknowledge(
            cdk.Acknowledgment(id="BatchTransform::NoTimeout[Transform]", reason="the caller stops it")
        )

    assert findings(define) == {"BucketWithoutTls"}


def test_the_stacks_of_a_stage_are_read_too(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    stack = cdk.Stack(cdk.Stage(app, "Prod"), "Stack")
    s3.Bucket(stack, "Open")
    cdk.Validations.of(app).add_plugins(BatchTransformChecks())
    [violation] = synthesised(app, tmp_path)["violations"]
    assert violation["violatingConstructs"][0]["constructPath"] == "Prod/Stack/Open/Resource"


def test_several_resources_with_the_same_finding_are_reported_together() -> None:
    def define(stack: cdk.Stack) -> None:
        s3.Bucket(stack, "One")
        s3.Bucket(stack, "Two")

    [violation] = report(define)["violations"]
    assert len(violation["violatingConstructs"]) == 2


WITHOUT_TIMEOUT = definition("JSONata", {"Transform": task("JSONata", TimeoutSeconds=None)})


def with_sub(stack: cdk.Stack) -> None:
    """As in templates written by hand: text with references."""
    text = json.dumps(WITHOUT_TIMEOUT).replace("arn:aws:states", "arn:${AWS::Partition}:states")
    sfn.CfnStateMachine(
        stack, "Machine", role_arn=machine_role(stack).role_arn, definition_string=cdk.Fn.sub(text)
    )


def with_sub_of_values(stack: cdk.Stack) -> None:
    text = json.dumps(WITHOUT_TIMEOUT).replace("sagemaker:createTransformJob.sync", "${Call}")
    sfn.CfnStateMachine(
        stack,
        "Machine",
        role_arn=machine_role(stack).role_arn,
        definition_string=cdk.Fn.sub(text, {"Call": "sagemaker:createTransformJob.sync"}),
    )


def with_substitutions(stack: cdk.Stack) -> None:
    text = json.dumps(WITHOUT_TIMEOUT).replace("sagemaker:createTransformJob.sync", "${Call}")
    sfn.CfnStateMachine(
        stack,
        "Machine",
        role_arn=machine_role(stack).role_arn,
        definition_string=text,
        definition_substitutions={"Call": "sagemaker:createTransformJob.sync"},
    )


def as_object(stack: cdk.Stack) -> None:
    sfn.CfnStateMachine(stack, "Machine", role_arn=machine_role(stack).role_arn, definition=WITHOUT_TIMEOUT)


def from_file(stack: cdk.Stack) -> None:
    app = cdk.App.of(stack)
    assert isinstance(app, cdk.App)
    file = Path(app.outdir) / "machine.asl.json"
    file.write_text(json.dumps(WITHOUT_TIMEOUT))
    sfn.StateMachine(
        stack,
        "Machine",
        role=machine_role(stack).without_policy_updates(),
        definition_body=sfn.DefinitionBody.from_file(str(file)),
    )


def with_number_of_a_parameter(stack: cdk.Stack) -> None:
    seconds = cdk.CfnParameter(stack, "Seconds", type="Number")
    states = {"Wait": {"Type": "Wait", "Seconds": seconds.value_as_number, "Next": "Transform"}}
    machine(stack, "JSONata", states | {"Transform": task("JSONata", TimeoutSeconds=None)})


def of_state_constructs(stack: cdk.Stack) -> None:
    state = sfn.CustomState(stack, "Transform", state_json=task("JSONPath", TimeoutSeconds=None))
    sfn.StateMachine(
        stack,
        "Machine",
        role=machine_role(stack).without_policy_updates(),
        definition_body=sfn.DefinitionBody.from_chainable(state),
    )


def in_a_branch_and_a_map(stack: cdk.Stack) -> None:
    """In a Map, the name must differ for each item; here it does, through the input."""
    inner = task(
        "JSONata", TimeoutSeconds=None, members={"TransformJobName": "{% $states.input.name & $uuid() %}"}
    )
    map_state = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "Transform", "States": {"Transform": inner}},
        "End": True,
    }
    branch = {"StartAt": "Each", "States": {"Each": map_state}}
    machine(stack, "JSONata", {"Both": {"Type": "Parallel", "Branches": [branch], "End": True}})


@pytest.mark.parametrize(
    "define",
    [
        with_sub,
        with_sub_of_values,
        with_substitutions,
        as_object,
        from_file,
        with_number_of_a_parameter,
        of_state_constructs,
        in_a_branch_and_a_map,
    ],
)
def test_a_definition_is_read_however_it_is_given(define: object) -> None:
    assert callable(define)
    assert findings(define) == {"NoTimeout[Transform]"}


def test_each_rule_is_a_function_of_its_own_module() -> None:
    for rule in RULES:
        assert rule.check.__module__ == f"batch_transform_nag.rules.{rule.check.__name__}"
        assert rule.severity in {"error", "warning"}
        assert re.fullmatch(r"(?:[A-Z][a-z]+)+", rule.id)
    assert BatchTransformChecks().rule_ids == [rule.id for rule in RULES]


def test_the_page_has_what_why_and_fix_of_each_rule() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/reference/nag-pack.md").read_text()
    sections = {part.partition("\n")[0].strip(): " ".join(part.split()) for part in page.split("\n### ")[1:]}
    assert list(sections) == [rule.id for rule in RULES]
    for rule in RULES:
        for reported in (rule.info, rule.explanation, rule.fix, rule.severity):
            assert " ".join(reported.split()).lower() in sections[rule.id].lower(), (rule.id, reported)
