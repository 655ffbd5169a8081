"""The template that `cdk deploy` would ship, made by the real `app.py` from the project's own job files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import SynthError
from batch_transform.runs.synth import synthesise
from checks import template as checks
from checks.example_model import example_model_in

PROJECT = Path(__file__).resolve().parents[2]

Template = dict[str, Any]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the example job, with a trained model."""
    folder = tmp_path_factory.mktemp("project")
    example_model_in(folder / "build")
    (folder / "jobs").mkdir()
    (folder / "jobs/tumours.yaml").write_text((PROJECT / "jobs/tumours.yaml").read_text())
    synthesise(PROJECT, jobs=folder / "jobs", assembly=folder / "cdk.out")
    return folder / "cdk.out"


@pytest.fixture(scope="module")
def template(assembly: Path) -> Template:
    loaded: Template = json.loads((assembly / "BatchTransform.template.json").read_text())
    return loaded


def of_type(template: Template, kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == kind]


def statements(template: Template) -> Iterator[dict[str, Any]]:
    """Every statement that allows something to one of our roles."""
    for role in of_type(template, "AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]
    for policy in of_type(template, "AWS::IAM::Policy"):
        yield from policy["PolicyDocument"]["Statement"]


def definition(template: Template) -> dict[str, Any]:
    """The state machine's definition, with each reference replaced by its name."""
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine")
    parts = machine["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else str(next(iter(part.values()))) for part in parts)
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_it_has_what_a_job_needs(template: Template) -> None:
    kinds = [resource["Type"] for resource in template["Resources"].values()]
    expected = {
        "AWS::SageMaker::Model": 1,
        "AWS::S3::Bucket": 2,
        "AWS::StepFunctions::StateMachine": 1,
        "AWS::Scheduler::Schedule": 1,
        "AWS::Lambda::Function": 4,
        "AWS::Logs::LogGroup": 5,
        "AWS::CloudWatch::Alarm": 4,
        "AWS::CloudWatch::Dashboard": 1,
        "AWS::Events::Rule": 1,
        "AWS::SNS::Topic": 1,
    }
    assert {kind: kinds.count(kind) for kind in expected} == expected


def test_the_state_machine_creates_the_declared_transform_job(template: Template) -> None:
    states = definition(template)["States"]
    assert states["Transform"]["Resource"] == "arn:AWS::Partition:states:::sagemaker:createTransformJob.sync"
    assert states["PrepareRun"]["Assign"]["declared_request"]["DataProcessing"] == {
        "InputFilter": "$[1:]",
        "JoinSource": "Input",
        "OutputFilter": "$[0,-1]",
    }


def test_nothing_in_it_refers_to_the_local_aws(assembly: Path) -> None:
    text = (assembly / "BatchTransform.template.json").read_text().lower()
    for word in ("localhost", "127.0.0.1", "ministack", "4566", "endpoint_url", str(PROJECT).lower()):
        assert word not in text


def test_buckets_are_kept_private_encrypted_and_versioned(template: Template) -> None:
    for bucket in template["Resources"].values():
        if bucket["Type"] == "AWS::S3::Bucket":
            assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
            assert bucket["UpdateReplacePolicy"] == "Retain"
            assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
            assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
            assert bucket["Properties"]["BucketEncryption"]


def test_the_buckets_keep_their_logical_ids(template: Template) -> None:
    buckets = {
        name for name, resource in template["Resources"].items() if resource["Type"] == "AWS::S3::Bucket"
    }
    assert buckets == {"DataInputC289B3F3", "DataOutput0D5892B2"}


def test_no_role_has_a_managed_policy_or_a_wildcard_action(template: Template) -> None:
    assert not any(role.get("ManagedPolicyArns") for role in of_type(template, "AWS::IAM::Role"))
    for statement in statements(template):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not [action for action in actions if "*" in action]


def test_each_function_and_each_role_says_what_it_does_and_for_which_job(template: Template) -> None:
    described = {
        logical_id: resource["Properties"]["Description"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] in ("AWS::Lambda::Function", "AWS::IAM::Role")
    }
    assert described == {
        logical_id: text
        for logical_id, text in described.items()
        if len(text) > 20 and ("tumours" in text) == logical_id.startswith("Jobs")
    }


def test_only_actions_without_resources_are_allowed_on_everything(template: Template) -> None:
    on_everything = set()
    for statement in statements(template):
        if statement["Resource"] == "*":
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            on_everything.update(actions)
    assert {action for action in on_everything if not action.startswith("logs:")} == {
        "cloudwatch:PutMetricData",
        "ecr:GetAuthorizationToken",
        "pricing:GetProducts",
        "sagemaker:ListTransformJobs",
    }
    # The log delivery of Step Functions (Developer Guide, logging): none of these supports resource-level permissions.
    assert {action for action in on_everything if action.startswith("logs:")} == {
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    }


def documents(template: Template, role: str) -> Iterator[dict[str, Any]]:
    """The policies of the role whose logical id starts with this: its own, and those attached to it."""
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role" and name.startswith(role):
            yield from (policy["PolicyDocument"] for policy in properties["Policies"])
        if resource["Type"] == "AWS::IAM::Policy" and properties["Roles"][0]["Ref"].startswith(role):
            yield properties["PolicyDocument"]


def allowed(template: Template, role: str) -> dict[str, set[str]]:
    """Return a role's permissions as resource -> actions; references are written as their names."""

    def text(value: Any) -> str:
        if isinstance(value, str):
            return value
        [(function, argument)] = value.items()
        if function == "Fn::Join":
            return "".join(text(part) for part in argument[1])
        return ".".join(map(text, argument)) if isinstance(argument, list) else str(argument)

    found: dict[str, set[str]] = {}
    for document in documents(template, role):
        for statement in document["Statement"]:
            resources, actions = (
                value if isinstance(value, list) else [value]
                for value in (statement["Resource"], statement["Action"])
            )
            for arn in resources:
                found.setdefault(text(arn), set()).update(actions)
    assert found
    return found


LOCK = "DataOutput0D5892B2.Arn/.locks/tumours"
JOB_LOGS = "arn:AWS::Partition:logs:AWS::Region:AWS::AccountId:log-group:/aws/sagemaker/TransformJobs"
TRANSFORM_JOBS_RULE = (
    "arn:AWS::Partition:events:AWS::Region:AWS::AccountId:"
    "rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"
)
TRANSFORM_JOBS = f"arn:AWS::Partition:sagemaker:AWS::Region:AWS::AccountId:transform-job/tumours-{'?' * 15}-*"


def test_the_execution_role_may_do_this_and_no_more(template: Template) -> None:
    permissions = allowed(template, "JobstumoursModelExecutionRole")
    [artifact] = [arn for arn in permissions if "cdk-hnb659fds-assets" in arn]
    [repository] = [arn for arn in permissions if ":repository/" in arn]
    assert permissions == {
        "DataInputC289B3F3.Arn": {"s3:ListBucket"},
        "DataInputC289B3F3.Arn/tumours/*": {"s3:GetObject"},
        artifact: {"s3:GetObject"},
        "DataOutput0D5892B2.Arn/tumours/*": {"s3:PutObject", "s3:AbortMultipartUpload"},
        "DataOutput0D5892B2.Arn": {"s3:ListBucket"},
        "DataOutput0D5892B2.Arn/tumours/*/_retry-*.manifest": {"s3:GetObject"},
        repository: {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
        f"{JOB_LOGS}:*": {
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
        },
        "*": {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"},
    }


def test_the_state_machines_role_may_do_this_and_no_more(template: Template) -> None:
    permissions = allowed(template, "JobstumoursWorkflowRole")
    functions = {arn for arn in permissions if arn.endswith(".Arn") and "Role" not in arn}
    passed = {arn for arn in permissions if "ExecutionRole" in arn}
    assert (len(functions), len(passed)) == (3, 1)
    assert all(
        action.startswith("logs:") for action in permissions.pop("*")
    )  # log delivery has no resource-level permissions
    assert permissions == {
        **{arn: {"lambda:InvokeFunction"} for arn in functions},
        **{arn: {"iam:PassRole"} for arn in passed},
        TRANSFORM_JOBS: {
            "sagemaker:CreateTransformJob",
            "sagemaker:DescribeTransformJob",
            "sagemaker:StopTransformJob",
            "sagemaker:AddTags",
            "sagemaker:ListTags",
        },
        TRANSFORM_JOBS_RULE: {
            "events:PutTargets",
            "events:PutRule",
            "events:DescribeRule",
        },
        LOCK: {"s3:DeleteObjectVersion"},
    }


def test_the_record_of_a_run_may_be_written_and_no_result(template: Template) -> None:
    permissions = allowed(template, "JobstumoursWorkflowRecordRole")
    [own_log] = [arn for arn in permissions if "Logs" in arn and arn.endswith(".Arn")]
    [model] = [arn for arn in permissions if "Model" in arn]
    [executions] = [arn for arn in permissions if ":execution:" in arn]
    assert "StateMachine" in executions  # of this job's machine, and no other
    assert permissions == {
        own_log: {"logs:CreateLogStream", "logs:PutLogEvents"},
        "DataInputC289B3F3.Arn": {"s3:ListBucket"},
        "DataOutput0D5892B2.Arn": {"s3:ListBucket"},
        "DataOutput0D5892B2.Arn/tumours/*/_*": {"s3:PutObject", "s3:AbortMultipartUpload", "s3:GetObject"},
        model: {"sagemaker:DescribeModel"},
        TRANSFORM_JOBS: {"sagemaker:DescribeTransformJob"},
        executions: {"states:GetExecutionHistory"},
        "*": {"sagemaker:ListTransformJobs"},
    }


@pytest.mark.parametrize("function", ["Preflight", "Report"])
def test_a_function_may_do_this_and_no_more(template: Template, function: str) -> None:
    permissions = allowed(template, f"JobstumoursWorkflow{function}Role")
    [own_log] = [arn for arn in permissions if "Logs" in arn and arn.endswith(".Arn")]
    expected = {
        own_log: {"logs:CreateLogStream", "logs:PutLogEvents"},
        "DataInputC289B3F3.Arn": {"s3:ListBucket"},
    }
    if function == "Report":
        expected["DataOutput0D5892B2.Arn"] = {"s3:ListBucket"}
        expected[f"{JOB_LOGS}:*"] = {"logs:FilterLogEvents"}
        expected[TRANSFORM_JOBS] = {"sagemaker:StopTransformJob"}
        expected["*"] = {"sagemaker:ListTransformJobs"}
    else:
        expected["DataInputC289B3F3.Arn/tumours/*"] = {"s3:GetObject"}  # the first row may be a header
        taken = {"s3:PutObject", "s3:GetObject", "s3:DeleteObjectVersion"}
        expected |= {LOCK: taken, f"{LOCK}.waiting": taken}
        [executions] = [arn for arn in permissions if ":execution:" in arn]
        assert executions.startswith("arn:AWS::Partition:states:AWS::Region:AWS::AccountId:execution:")
        assert "StateMachine" in executions  # of this job's machine, and no other
        expected[executions] = {"states:DescribeExecution"}
        expected["*"] = {"pricing:GetProducts"}
    assert permissions == expected


def test_the_schedules_role_may_start_the_state_machine_and_report_an_undelivered_start(
    template: Template,
) -> None:
    permissions = allowed(template, "JobstumoursScheduleRole")
    [machine, queue] = sorted(permissions, key=lambda arn: "LostStarts" in arn)
    assert "StateMachine" in machine
    assert [permissions[machine], permissions[queue]] == [{"states:StartExecution"}, {"sqs:SendMessage"}]


def test_the_state_machine_may_pass_only_the_execution_role_and_only_to_sagemaker(template: Template) -> None:
    [passing] = [statement for statement in statements(template) if statement["Action"] == "iam:PassRole"]
    assert "ExecutionRole" in passing["Resource"]["Fn::GetAtt"][0]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_the_packs_find_nothing_that_is_not_acknowledged(assembly: Path) -> None:
    assert checks.pack_violations(assembly) == []


def test_every_acknowledged_finding_has_its_reason(assembly: Path) -> None:
    for report in checks.pack_reports(assembly):
        assert report["suppressedViolations"]
        assert all(len(finding["reason"]) > 20 for finding in report["suppressedViolations"])


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    assert checks.cfn_lint_complaints([assembly / "BatchTransform.template.json"]) == ""


def test_cloudformation_validate_finds_nothing(assembly: Path) -> None:
    assert checks.cloudformation_validate_findings(assembly / "BatchTransform.template.json") == []


def test_fails_on_jobs_that_would_share_an_output(tmp_path: Path) -> None:
    for name in ("a-b", "aB"):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\nmodel: {{existing: churn}}\n")
    with pytest.raises(SynthError, match="differ only in hyphens or capitals"):
        synthesise(PROJECT, jobs=tmp_path, assembly=tmp_path / "cdk.out")


def test_the_same_job_makes_the_same_template(assembly: Path, tmp_path: Path) -> None:
    synthesise(PROJECT, jobs=assembly.parent / "jobs", assembly=tmp_path / "again")
    names = ("BatchTransform.template.json", "BatchTransform.assets.json")
    assert [(tmp_path / "again" / name).read_bytes() for name in names] == [
        (assembly / name).read_bytes() for name in names
    ]
