"""The construct in an app: the template for each kind of model and location of data."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match, Template

from batch_transform.job.errors import ConstructError, JobSpecError
from batch_transform.job.values.job_spec import (
    BatchDataCaptureConfig,
    ContainerSpec,
    DataProcessingSpec,
    FrameworkImage,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    ScheduleSpec,
    TransformSpec,
    TriggersSpec,
    UploadSpec,
    VpcConfig,
    WorkflowSpec,
)
from batch_transform_cdk.batch_transform import BatchTransform
from batch_transform_cdk.data.data_buckets import DataBuckets
from checks.policies import listed, statements, text

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/our/model:7"
ARTIFACT = JobSpec(name="churn", model=ModelSpec(artifact="s3://models/churn/model.tar.gz", image=IMAGE))


@pytest.fixture
def template_of() -> Callable[[JobSpec], Template]:
    def synthesise(job: JobSpec) -> Template:
        stack = cdk.Stack(cdk.App(), "Stack")
        BatchTransform(stack, "Job", job=job, buckets=DataBuckets(stack, "Data"))
        return Template.from_stack(stack)

    return synthesise


def actions_on(template: Template, resource: Any) -> set[str]:
    """What roles may do with exactly this resource."""
    allowed = set()
    for role in template.find_resources("AWS::IAM::Role").values():
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                resources = statement["Resource"]
                if resource in (resources if isinstance(resources, list) else [resources]):
                    actions = statement["Action"]
                    allowed.update(actions if isinstance(actions, list) else [actions])
    return allowed


def s3_arn(path: str) -> dict[str, Any]:
    return {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":s3:::{path}"]]}


def test_an_artifact_in_s3_is_the_models_data_and_the_role_may_read_that_object(
    template_of: Callable[[JobSpec], Template],
) -> None:
    template = template_of(ARTIFACT)
    template.has_resource_properties(
        "AWS::SageMaker::Model",
        {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://models/churn/model.tar.gz"}},
    )
    assert actions_on(template, s3_arn("models/churn/model.tar.gz")) == {"s3:GetObject"}


def test_a_custom_image_may_be_pulled_from_its_repository_only(
    template_of: Callable[[JobSpec], Template],
) -> None:
    arn = {
        "Fn::Join": [
            "",
            ["arn:", {"Ref": "AWS::Partition"}, ":ecr:eu-west-1:123456789012:repository/our/model"],
        ]
    }
    assert "ecr:BatchGetImage" in actions_on(template_of(ARTIFACT), arn)


def test_an_existing_model_makes_no_model_and_no_execution_role(
    template_of: Callable[[JobSpec], Template],
) -> None:
    template = template_of(replace(ARTIFACT, model=ModelSpec(existing="churn-v7")))
    template.resource_count_is("AWS::SageMaker::Model", 0)
    principals = [
        role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
        for role in template.find_resources("AWS::IAM::Role").values()
    ]
    assert {"Service": "sagemaker.amazonaws.com"} not in principals


def test_a_framework_image_is_found_in_every_region(
    template_of: Callable[[JobSpec], Template], tmp_path: Path
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/inference.py").write_text("")
    model = ModelSpec(source=tmp_path, image=FrameworkImage("sklearn", "1.2-1"), env={"LEVEL": "2"})
    template = template_of(replace(ARTIFACT, model=model))
    [accounts] = (table for table in template.to_json()["Mappings"].values() if "eu-west-1" in table)
    assert accounts["eu-west-1"] == {"account": "141502667606"}
    assert len(accounts) > 25
    template.has_resource_properties(
        "AWS::SageMaker::Model",
        {"PrimaryContainer": {"Environment": {"SAGEMAKER_PROGRAM": "inference.py", "LEVEL": "2"}}},
    )


IN_ARCHIVE = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
XGBOOST_URI = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"


@pytest.mark.parametrize(
    ("image", "files", "env", "expected"),
    [
        # what the containers' own code reads; see batch_transform.job.model.framework_containers
        (FrameworkImage("sklearn", "1.2-1"), ["code/inference.py"], {}, IN_ARCHIVE),
        (FrameworkImage("sklearn", "1.2-1"), None, {}, IN_ARCHIVE),
        (
            FrameworkImage("sklearn", "1.2-1"),
            None,
            {"SAGEMAKER_PROGRAM": "predict.py"},
            {**IN_ARCHIVE, "SAGEMAKER_PROGRAM": "predict.py"},
        ),
        (FrameworkImage("xgboost", "1.7-1"), ["code/inference.py"], {}, IN_ARCHIVE),
        (FrameworkImage("xgboost", "1.7-1"), ["xgboost-model"], {}, {}),
        (XGBOOST_URI, ["xgboost-model"], {}, {}),
        (XGBOOST_URI, None, {}, {}),
        (
            XGBOOST_URI,
            None,
            {"SAGEMAKER_PROGRAM": "serve.py"},
            {**IN_ARCHIVE, "SAGEMAKER_PROGRAM": "serve.py"},
        ),
        (FrameworkImage("pytorch", "2.6"), ["code/inference.py"], {}, IN_ARCHIVE),
        (FrameworkImage("pytorch", "2.6"), None, {}, {}),
        (IMAGE, ["code/inference.py"], {}, IN_ARCHIVE),
        (IMAGE, None, {}, {}),
    ],
)
def test_a_container_gets_the_variables_by_which_it_finds_its_code(  # noqa: PLR0917  # one column a parameter
    template_of: Callable[[JobSpec], Template],
    tmp_path: Path,
    image: FrameworkImage | str,
    files: list[str] | None,
    env: dict[str, str],
    expected: dict[str, str],
) -> None:
    for file in files or ():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    place = {"artifact": "s3://models/m.tar.gz"} if files is None else {"source": tmp_path}
    template = template_of(replace(ARTIFACT, model=ModelSpec(image=image, env=env, **place)))
    [model] = template.find_resources("AWS::SageMaker::Model").values()
    assert model["Properties"]["PrimaryContainer"]["Environment"] == expected


def test_the_role_may_also_read_code_in_s3(template_of: Callable[[JobSpec], Template]) -> None:
    env = {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "s3://code/churn/sourcedir.tar.gz",
    }
    sklearn = replace(ARTIFACT.model, image=FrameworkImage("sklearn", "1.2-1"), env=env)
    template = template_of(replace(ARTIFACT, model=sklearn))
    assert actions_on(template, s3_arn("code/churn/sourcedir.tar.gz")) == {"s3:GetObject"}
    assert actions_on(template, s3_arn("models/churn/model.tar.gz")) == {"s3:GetObject"}
    pytorch = replace(sklearn, image=FrameworkImage("pytorch", "2.6"))
    assert "sourcedir" not in str(
        template_of(replace(ARTIFACT, model=pytorch)).find_resources("AWS::IAM::Role")
    )


def test_data_in_other_buckets_are_what_the_role_may_use(template_of: Callable[[JobSpec], Template]) -> None:
    job = replace(
        ARTIFACT, input=InputSpec(data="s3://lake/customers/"), output=OutputSpec(path="s3://scores/churn")
    )
    template = template_of(job)
    assert actions_on(template, s3_arn("lake/customers/*")) == {"s3:GetObject"}
    assert actions_on(template, s3_arn("scores/churn/*")) == {"s3:PutObject", "s3:AbortMultipartUpload"}


def test_a_manifest_lets_the_role_read_its_bucket(template_of: Callable[[JobSpec], Template]) -> None:
    listed = InputSpec(data="s3://lake/manifests/day.json", data_type="ManifestFile")
    template = template_of(replace(ARTIFACT, input=listed))
    assert actions_on(template, s3_arn("lake/*")) == {"s3:GetObject"}


def test_a_job_with_capitals_may_create_jobs_in_both_spellings_and_no_other_jobs(
    template_of: Callable[[JobSpec], Template],
) -> None:
    template = template_of(replace(ARTIFACT, name="Churn"))
    jobs = [
        part
        for role in template.find_resources("AWS::IAM::Role").values()
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if "sagemaker:CreateTransformJob" in statement["Action"]
        for part in (arn["Fn::Join"][1][-1] for arn in statement["Resource"])
    ]
    moment = "?" * 15
    assert jobs == [f":transform-job/Churn-{moment}-*", f":transform-job/churn-{moment}-*"]


def test_a_paused_schedule_is_disabled(template_of: Callable[[JobSpec], Template]) -> None:
    schedule = ScheduleSpec(rate="1 hour", enabled=False)
    template = template_of(replace(ARTIFACT, triggers=TriggersSpec((schedule,))))
    template.has_resource_properties(
        "AWS::Scheduler::Schedule",
        {
            "ScheduleExpression": "rate(1 hour)",
            "State": "DISABLED",
            "Target": {
                "Input": {"Fn::Join": ["", Match.array_with([Match.string_like_regexp(r'"Input":"{}"}$')])]}
            },
        },
    )


def test_a_job_without_a_schedule_has_none(template_of: Callable[[JobSpec], Template]) -> None:
    template_of(ARTIFACT).resource_count_is("AWS::Scheduler::Schedule", 0)


def test_names_reach_the_state_machine_as_paths(template_of: Callable[[JobSpec], Template]) -> None:
    csv = InputSpec(content_type="text/csv", split_type="Line", columns=("id", "age", "plan"))
    job = replace(
        ARTIFACT,
        input=csv,
        output=OutputSpec(accept="text/csv", assemble_with="Line", columns=("label",)),
        data_processing=DataProcessingSpec(send_except=("id",), join_source="Input", keep=("id", "label")),
    )
    [machine] = template_of(job).find_resources("AWS::StepFunctions::StateMachine").values()
    definition = str(machine["Properties"]["DefinitionString"])
    assert '"InputFilter":"$[1:]","JoinSource":"Input","OutputFilter":"$[0,-1]"' in definition


KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_all_functions_run_on_the_architecture_of_the_job(
    template_of: Callable[[JobSpec], Template], architecture: str
) -> None:
    uploads = TriggersSpec(on_upload=UploadSpec())
    job = replace(ARTIFACT, workflow=WorkflowSpec(architecture=architecture), triggers=uploads)
    functions = template_of(job).find_resources("AWS::Lambda::Function").values()
    ours = [one["Properties"]["Architectures"] for one in functions if "Architectures" in one["Properties"]]
    assert ours == [[architecture]] * 5, "preflight, report, record, notify and on_upload"


def test_each_state_waits_longer_than_the_function_that_it_calls_may_take(
    template_of: Callable[[JobSpec], Template],
) -> None:
    template = template_of(ARTIFACT)
    [machine] = template.find_resources("AWS::StepFunctions::StateMachine").values()
    definition = json.loads(text(machine["Properties"]["DefinitionString"]))
    timeouts = {
        f"{function}.Arn": properties["Properties"]["Timeout"]
        for function, properties in template.find_resources("AWS::Lambda::Function").items()
    }
    waits = {
        name: (state["TimeoutSeconds"], timeouts[state["Arguments"]["FunctionName"]])
        for name, state in definition["States"].items()
        if "FunctionName" in state.get("Arguments", {})
    }
    assert {"Preflight", "CountResults", "Diagnose", "Reconcile", "WriteRecord"} <= waits.keys()
    assert {name for name, (state, function) in waits.items() if state <= function} == set()


def test_roles_may_use_the_keys_that_they_write_with(template_of: Callable[[JobSpec], Template]) -> None:
    job = replace(
        ARTIFACT,
        output=OutputSpec(kms_key=KEY),
        transform=TransformSpec(volume_kms_key="1234abcd"),
        batch_data_capture_config=BatchDataCaptureConfig("s3://captured/churn/", KEY),
    )
    template = template_of(job)
    assert "kms:GenerateDataKey" in actions_on(template, KEY)
    region, account = {"Ref": "AWS::Region"}, {"Ref": "AWS::AccountId"}
    partition = {"Ref": "AWS::Partition"}
    volume_key = {"Fn::Join": ["", ["arn:", partition, ":kms:", region, ":", account, ":key/1234abcd"]]}
    assert actions_on(template, volume_key) == {"kms:CreateGrant", "kms:DescribeKey"}
    assert actions_on(template, s3_arn("captured/churn/*")) == {"s3:PutObject", "s3:AbortMultipartUpload"}


def on_keys(template: Template) -> list[dict[str, Any]]:
    """What the execution role may do with keys, in plain text."""
    return [
        {
            "may": listed(one["Action"]),
            "on": text(one["Resource"]),
            "of": [
                text(arn)
                for arn in listed(one["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"])
            ],
            "through": text(one["Condition"]["StringEquals"]["kms:ViaService"]),
            "alias": one["Condition"].get("ForAnyValue:StringEquals"),
        }
        for one in statements(template, "ExecutionRole")
        if "kms:" in str(one["Action"])
    ]


_THROUGH_S3 = "s3.AWS::Region.AWS::URLSuffix"
_ARCHIVE = ["arn:AWS::Partition:s3:::models", "arn:AWS::Partition:s3:::models/churn/model.tar.gz"]


def test_an_archive_under_a_key_is_decrypted_through_s3_and_nothing_else_is(
    template_of: Callable[[JobSpec], Template],
) -> None:
    template = template_of(replace(ARTIFACT, model=replace(ARTIFACT.model, kms_key=KEY)))
    assert on_keys(template) == [
        {"may": ["kms:Decrypt"], "on": KEY, "of": _ARCHIVE, "through": _THROUGH_S3, "alias": None}
    ]


def test_an_archive_under_a_key_that_its_alias_names_is_limited_to_that_alias(
    template_of: Callable[[JobSpec], Template],
) -> None:
    [statement] = on_keys(
        template_of(replace(ARTIFACT, model=replace(ARTIFACT.model, kms_key="alias/models")))
    )
    assert statement["alias"] == {"kms:ResourceAliases": "alias/models"}
    assert statement["on"].endswith(":key/*")


def test_each_archive_of_a_pipeline_has_its_own_key(
    template_of: Callable[[JobSpec], Template], tmp_path: Path
) -> None:
    (tmp_path / "inference.py").touch()
    other = KEY.replace("1234abcd", "5678abcd")
    pipeline = (
        # the same folder twice: one archive, in the bucket of `cdk bootstrap`, which has one key
        ContainerSpec(IMAGE, source=tmp_path, kms_key=other),
        ContainerSpec(IMAGE, source=tmp_path, kms_key=other),
        ContainerSpec(IMAGE, artifact="s3://models/churn/model.tar.gz", kms_key=KEY),
        ContainerSpec(IMAGE, artifact="s3://models/open.tar.gz"),
    )
    shipped, named = on_keys(template_of(replace(ARTIFACT, model=ModelSpec(containers=pipeline))))
    assert (shipped["on"], named["on"]) == (other, KEY)
    bucket, archive = shipped["of"]
    assert bucket.startswith("arn:AWS::Partition:s3:::cdk-hnb659fds-assets-")
    assert archive.startswith(f"{bucket}/")
    assert named["of"] == _ARCHIVE


def test_fails_for_more_statements_than_a_role_may_have(template_of: Callable[[JobSpec], Template]) -> None:
    def pipeline(length: int) -> JobSpec:
        keys = [KEY.replace("1234abcd", f"1234abc{at:x}") for at in range(15)]
        containers = tuple(
            ContainerSpec(IMAGE, artifact=f"s3://models/{'a' * length}/model.tar.gz", kms_key=key)
            for key in keys
        )
        return replace(ARTIFACT, model=ModelSpec(containers=containers))

    template_of(pipeline(1))
    with pytest.raises(
        ConstructError, match=r"the role of Stack/Job/Model/ExecutionRole needs a policy of at least"
    ):
        template_of(pipeline(200))


def test_a_given_role_gets_no_permission_on_the_archives_key(
    template_of: Callable[[JobSpec], Template],
) -> None:
    role = "arn:aws:iam::123456789012:role/churn"
    template = template_of(replace(ARTIFACT, model=replace(ARTIFACT.model, kms_key=KEY, role=role)))
    assert actions_on(template, KEY) == set()


@pytest.mark.parametrize(
    "alias", ["alias/scores", "arn:aws:kms:eu-west-1:123456789012:alias/scores"], ids=["name", "ARN"]
)
def test_a_key_that_only_its_alias_names_is_limited_to_that_alias(
    template_of: Callable[[JobSpec], Template], alias: str
) -> None:
    template = template_of(replace(ARTIFACT, output=OutputSpec(kms_key=alias)))
    template.has_resource_properties(
        "AWS::IAM::Role",
        {
            "Policies": [
                {
                    "PolicyDocument": {
                        "Statement": Match.array_with(
                            [
                                Match.object_like(
                                    {
                                        "Action": Match.array_with(["kms:GenerateDataKey"]),
                                        "Condition": {
                                            "ForAnyValue:StringEquals": {
                                                "kms:ResourceAliases": "alias/scores"
                                            }
                                        },
                                    }
                                )
                            ]
                        )
                    }
                }
            ]
        },
    )


def test_several_containers_are_a_pipeline_in_their_order(
    template_of: Callable[[JobSpec], Template], tmp_path: Path
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/inference.py").write_text("")
    pipeline = (
        ContainerSpec(FrameworkImage("sklearn", "1.2-1"), source=tmp_path, env={"STEP": "prepare"}),
        ContainerSpec(IMAGE, artifact="s3://models/churn/model.tar.gz"),
        ContainerSpec("registry.example.com/post:1"),
    )
    template = template_of(replace(ARTIFACT, model=ModelSpec(containers=pipeline)))
    [model] = template.find_resources("AWS::SageMaker::Model").values()
    first, second, third = model["Properties"]["Containers"]
    assert "PrimaryContainer" not in model["Properties"]
    assert first["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    assert first["Environment"]["STEP"] == "prepare"
    assert second == {"Image": IMAGE, "ModelDataUrl": "s3://models/churn/model.tar.gz", "Environment": {}}
    assert third == {"Image": "registry.example.com/post:1", "Environment": {}}
    assert actions_on(template, s3_arn("models/churn/model.tar.gz")) == {"s3:GetObject"}


def test_a_model_in_a_network_may_join_that_network_only(template_of: Callable[[JobSpec], Template]) -> None:
    network = VpcConfig(("subnet-1", "subnet-2"), ("sg-1",))
    model = replace(ARTIFACT.model, vpc_config=network, enable_network_isolation=True)
    template = template_of(replace(ARTIFACT, model=model))
    template.has_resource_properties(
        "AWS::SageMaker::Model",
        {
            "EnableNetworkIsolation": True,
            "VpcConfig": {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        },
    )
    parts = ["arn:", {"Ref": "AWS::Partition"}, ":ec2:", {"Ref": "AWS::Region"}, ":"]
    subnet = {"Fn::Join": ["", [*parts, {"Ref": "AWS::AccountId"}, ":subnet/subnet-2"]]}
    assert actions_on(template, subnet) == {"ec2:CreateNetworkInterface"}


def test_a_given_role_replaces_the_stacks(template_of: Callable[[JobSpec], Template]) -> None:
    role = "arn:aws:iam::123456789012:role/models"
    template = template_of(replace(ARTIFACT, model=replace(ARTIFACT.model, role=role)))
    template.has_resource_properties("AWS::SageMaker::Model", {"ExecutionRoleArn": role})
    assert actions_on(template, role) == {"iam:PassRole"}
    assert actions_on(template, s3_arn("models/churn/model.tar.gz")) == set()


def test_fails_with_every_problem_of_a_job_that_the_rules_refuse(
    template_of: Callable[[JobSpec], Template],
) -> None:
    wrong = replace(
        ARTIFACT, name="under_score", data_processing=DataProcessingSpec(send=("age",), input_filter="$[1]")
    )
    with pytest.raises(JobSpecError) as caught:
        template_of(wrong)
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["filter-twice", "names-need-type", "name-malformed"]


def test_fails_for_a_second_job_of_the_same_name_over_the_same_buckets() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    data = DataBuckets(stack, "Data")
    BatchTransform(stack, "First", job=ARTIFACT, buckets=data)
    with pytest.raises(
        ConstructError, match="Stack/First has the job name churn as well, in the same buckets"
    ):
        BatchTransform(stack, "Second", job=ARTIFACT, buckets=data)
    BatchTransform(stack, "Third", job=replace(ARTIFACT, name="leads"), buckets=data)
    BatchTransform(stack, "Fourth", job=ARTIFACT)


def test_the_commands_find_a_job_by_an_output_and_its_fields_by_metadata() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    BatchTransform(stack, "Job", job=replace(ARTIFACT, name="churn-nightly"))
    template = Template.from_stack(stack)
    [(machine, resource)] = template.find_resources("AWS::StepFunctions::StateMachine").items()
    template.has_output(
        "StateMachineChurnNightly", {"Value": {"Ref": machine}, "Description": "runs the job churn-nightly"}
    )
    assert resource["Metadata"]["Job"]["name"] == "churn-nightly"


def test_jobs_of_one_name_over_buckets_of_their_own_have_outputs_of_their_own() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    for construct_id in ("One", "Two"):
        BatchTransform(stack, construct_id, job=ARTIFACT)
    outputs = Template.from_stack(stack).find_outputs("*")
    assert len(outputs) == 2
    assert "StateMachineChurn" in outputs
    assert {output["Description"] for output in outputs.values()} == {"runs the job churn"}


def test_a_job_is_listed_by_another_name_where_it_is_given_one() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    BatchTransform(stack, "Job", job=replace(ARTIFACT, name="dev-churn"), listed_as="churn")
    assert (
        Template.from_stack(stack).find_outputs("*")["StateMachineChurn"]["Description"]
        == "runs the job churn"
    )
