"""Jobs that use every feature of a job file, through the real `app.py` and the checks of each synth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.request.request import members_of
from checks import template as checks
from checks.state_machine import findings
from checks.synthesis import synthesise_here

PROJECT = Path(__file__).resolve().parents[2]

JOBS = {
    "pipeline": """\
name: pipeline
model:
  containers:
    - {source: ../model, image: {framework: sklearn, version: 1.2-1}, env: {STEP: 1}}
    - {artifact: s3://models/churn/model.tar.gz, image: {framework: xgboost, version: 1.7-1}}
    - {image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/post:1}
  vpc_config: {subnets: [subnet-0a1b2c3d, subnet-4e5f6a7b], security_group_ids: [sg-0a1b2c3d]}
  enable_network_isolation: true
input:
  {data: s3://lake/churn/, content_type: text/csv, split_type: Line, columns: [id, age, plan]}
transform:
  instance_type: ml.m5.large
  volume_kms_key: alias/volume
  env: {LEVEL: debug}
data_processing: {send_except: [id], join_source: Input, keep: [id, label]}
output:
  path: s3://scores/churn/
  accept: text/csv
  assemble_with: Line
  kms_key: arn:aws:kms:eu-west-1:123456789012:alias/scores
  columns: [label]
batch_data_capture_config:
  destination_s3_uri: s3://captured/churn/
  kms_key_id: 1234abcd-12ab-34cd-56ef-1234567890ab
  generate_inference_id: true
experiment_config: {experiment_name: churn, trial_name: churn-1, run_name: nightly}
tags: {team: churn}
""",
    "live": """\
name: live
model: {endpoint: Churn-Live}
input: {content_type: application/jsonlines, split_type: Line}
data_processing: {send: [text], join_source: Input, keep: [id, SageMakerOutput]}
output: {accept: application/jsonlines, assemble_with: Line}
""",
    "registry": """\
name: Registry
model:
  package_group: churn
  role: arn:aws:iam::123456789012:role/models
  env: {LEVEL: debug}
  vpc_config: {subnets: [subnet-0a1b2c3d], security_group_ids: [sg-0a1b2c3d]}
input: {data_type: ManifestFile, data: s3://lake/manifest.json}
""",
}


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "model/code").mkdir(parents=True)
    (folder / "model/code/inference.py").touch()
    (folder / "jobs").mkdir()
    for name, text in JOBS.items():
        (folder / f"jobs/{name}.yaml").write_text(text)
    synthesise_here(PROJECT, jobs=folder / "jobs", assembly=folder / "cdk.out", security_checks=True)
    return folder / "cdk.out"


@pytest.fixture(scope="module")
def template(assembly: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((assembly / "BatchTransform.template.json").read_text())
    return loaded


def definitions(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The definitions by job, with each reference replaced by its name."""
    found = {}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            parts = resource["Properties"]["DefinitionString"]["Fn::Join"][1]
            texts = (part if isinstance(part, str) else str(next(iter(part.values()))) for part in parts)
            definition = json.loads("".join(texts).replace("AWS::Partition", "aws"))
            found[definition["States"]["PrepareRun"]["Assign"]["job_name"]] = definition
    return found


def allowed_to_preflight(template: dict[str, Any], job: str) -> set[str]:
    [role] = [
        resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role" and f"Jobs{job}WorkflowPreflightRole" in name
    ]
    [policy] = role["Policies"]
    allowed = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        actions = statement["Action"]
        allowed.update(actions if isinstance(actions, list) else [actions])
    return allowed


def test_packages_may_be_listed_and_deployed_whichever_permission_aws_requires(
    template: dict[str, Any],
) -> None:
    [role] = [
        resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role" and "JobsRegistryWorkflowPreflightRole" in name
    ]
    [policy] = role["Policies"]
    asked = [
        (statement["Action"], json.dumps(statement["Resource"]))
        for statement in policy["PolicyDocument"]["Statement"]
        if str(statement["Action"]).startswith("sagemaker:")
    ]
    [listed, (made, models), (made_of, packages)] = asked
    assert listed == ("sagemaker:ListModelPackages", '"*"')
    assert made == made_of == "sagemaker:CreateModel"
    assert ":model/Registry-*" in models
    assert ":model-package/churn/*" in packages


def test_the_packs_find_nothing_that_is_not_acknowledged(assembly: Path) -> None:
    assert checks.pack_violations(assembly) == []


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    assert checks.cfn_lint_complaints([assembly / "BatchTransform.template.json"]) == ""


def test_cloudformation_validate_finds_nothing(assembly: Path) -> None:
    assert checks.cloudformation_validate_findings(assembly / "BatchTransform.template.json") == []


def test_the_checks_of_definitions_find_nothing(template: dict[str, Any], tmp_path: Path) -> None:
    found = {job: findings(definition, tmp_path) for job, definition in definitions(template).items()}
    assert found == {job: [] for job in found}


def test_the_request_has_all_members_and_the_call_sends_them(template: dict[str, Any]) -> None:
    states = definitions(template)["pipeline"]["States"]
    request = states["PrepareRun"]["Assign"]["declared_request"]
    assert request["DataProcessing"] == {
        "InputFilter": "$[1:]",
        "JoinSource": "Input",
        "OutputFilter": "$[0,-1]",
    }
    assert request["DataCaptureConfig"]["GenerateInferenceId"] is True
    arguments = states["Transform"]["Arguments"]
    assert list(members_of(arguments)) == [("TransformJobName",), *members_of(request)]
    assert arguments["DataCaptureConfig"]["KmsKeyId"] == "{% $sent_request.DataCaptureConfig.KmsKeyId %}"


def test_the_preflight_gets_what_it_must_find_and_may_find_nothing_else(
    template: dict[str, Any],
) -> None:
    payloads = {
        job: definition["States"]["Preflight"]["Arguments"]["Payload"]
        for job, definition in definitions(template).items()
    }
    assert payloads["pipeline"]["model"] == {}
    assert payloads["pipeline"]["columns"] == {"input": ["id", "age", "plan"], "output": ["label"]}
    assert payloads["live"]["model"] == {"endpoint": "Churn-Live"}
    assert payloads["Registry"]["model"] == {
        "package_group": "churn",
        "role": "arn:aws:iam::123456789012:role/models",
        "env": {"LEVEL": "debug"},
        "vpc_config": {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]},
    }
    lock = {"s3:PutObject", "s3:GetObject", "s3:DeleteObjectVersion"}
    basic = {"logs:CreateLogStream", "logs:PutLogEvents", "s3:ListBucket", "pricing:GetProducts", *lock}
    assert allowed_to_preflight(template, "pipeline") == basic
    assert allowed_to_preflight(template, "live") == {
        *basic,
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
    }
    assert allowed_to_preflight(template, "Registry") == {
        *basic,
        "iam:PassRole",
        "sagemaker:CreateModel",
        "sagemaker:ListModelPackages",
    }


def test_a_models_network_reaches_the_template(template: dict[str, Any]) -> None:
    [model] = [one for one in template["Resources"].values() if one["Type"] == "AWS::SageMaker::Model"]
    assert len(model["Properties"]["Containers"]) == 3
    assert model["Properties"]["EnableNetworkIsolation"] is True
