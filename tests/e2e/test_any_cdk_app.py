"""The constructs in another CDK app, under one customer key, on a local AWS that enforces IAM and KMS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from botocore.exceptions import ClientError

from batch_transform.cli.main import main
from batch_transform.job.files.job_file import load_job_files
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from batch_transform_cdk import BatchTransform, CustomerKey
from e2e.result_objects import result_objects
from patience import PATIENCE_SECONDS

JOB = """\
name: tumours
model: {source: MODEL, image: {framework: sklearn, version: 1.2-1}}
input: {content_type: text/csv, split_type: Line, columns: [case_id, COLUMNS]}
data_processing: {send_except: [case_id], join_source: Input, keep: [case_id, prediction]}
output: {accept: text/csv, assemble_with: Line, columns: [probability, prediction]}
triggers: {schedule: {rate: 1 hour, enabled: false}}
"""

COLUMNS = ",".join(f"c{number}" for number in range(30))


def nested_workflow(machine: sfn.IStateMachine) -> dict[str, Any]:
    """A workflow with the run of a job as one of its tasks."""
    score = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": machine.state_machine_arn, "Input": {}},
        "End": True,
    }
    return {"StartAt": "Score", "QueryLanguage": "JSONata", "States": {"Score": score}}


class OwnStack(cdk.Stack):
    """A stack of an existing app: a job, with people and a workflow that use it."""

    def __init__(self, scope: cdk.App, construct_id: str, *, job_file: Path) -> None:
        super().__init__(scope, construct_id)
        key = CustomerKey(self, "Key").key
        [job] = load_job_files([job_file])
        tumours = BatchTransform(self, "Tumours", job=job, encryption_key=key)
        writer, reader, nobody = (
            iam.Role(self, name, assumed_by=iam.AccountRootPrincipal())
            for name in ("Writer", "Reader", "Nobody")
        )
        tumours.grant_write_input(writer)
        tumours.grant_read_output(reader)
        tumours.grant_start(reader)
        nested = sfn.StateMachine(
            self,
            "Nested",
            definition_body=sfn.DefinitionBody.from_string(
                self.to_json_string(nested_workflow(tumours.state_machine))
            ),
        )
        tumours.grant_start_and_wait(nested)
        failures, queue = sns.Topic(self, "Failures", master_key=key), sqs.Queue(self, "Received")
        failures.add_subscription(subscriptions.SqsSubscription(queue))
        tumours.on_failed("TellOfFailures", target=targets.SnsTopic(failures))
        for name, value in {
            "Received": queue.queue_url,
            "Machine": tumours.state_machine.state_machine_arn,
            "Nested": nested.state_machine_arn,
            "Input": tumours.data.bucket.bucket_name,
            "Output": tumours.output.bucket.bucket_name,
            "Key": key.key_arn,
            "Writer": writer.role_arn,
            "Reader": reader.role_arn,
            "Nobody": nobody.role_arn,
        }.items():
            cdk.CfnOutput(self, f"{name}Is", value=value)


class Deployed:
    """The stack in the local AWS."""

    def __init__(self, aws: LocalAws, outputs: dict[str, str]) -> None:
        self.aws = aws
        self._outputs = outputs

    def __getitem__(self, name: str) -> str:
        return self._outputs[f"{name}Is"]

    def as_role(self, name: str, service: str) -> Any:
        """A client with the permissions of one of the stack's roles."""
        session = self.aws.client("sts").assume_role(RoleArn=self[name], RoleSessionName="test")
        credentials = session["Credentials"]
        client: Callable[..., Any] = boto3.client
        return client(
            service,
            region_name=self.aws.region,
            endpoint_url=self.aws.endpoint_url,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    def run(self, machine: str = "Machine", states: Any = None) -> dict[str, Any]:
        """Start a state machine, and return the execution at its end."""
        started = (states or self.aws.client("stepfunctions")).start_execution(stateMachineArn=self[machine])
        owner = self.aws.client("stepfunctions")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            described: dict[str, Any] = owner.describe_execution(executionArn=started["executionArn"])
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.2)
        raise AssertionError(f"{started['executionArn']} did not end")

    def failed_run(self) -> str:
        """Run the job on data that it cannot score, and return the execution's ARN."""
        s3 = self.aws.client("s3")
        version = s3.put_object(Bucket=self["Input"], Key="tumours/b.csv", Body=b"no row\n")["VersionId"]
        try:
            failed = self.run()
        finally:
            s3.delete_object(Bucket=self["Input"], Key="tumours/b.csv", VersionId=version)
        assert failed["status"] == "FAILED"
        return str(failed["executionArn"])

    def is_notified_of(self, execution: str) -> bool:
        """Receive messages of the topic of failures, and return whether one is about this execution."""
        found = self.aws.client("sqs").receive_message(QueueUrl=self["Received"], MaxNumberOfMessages=10)
        return any(execution in message["Body"] for message in found.get("Messages", []))

    def without(self, role_part: str, action: str) -> Callable[[], None]:
        """Remove an action on keys from the policies of a role, by a part of its name; return what restores it."""
        iam_client = self.aws.client("iam")
        [role] = [one["RoleName"] for one in iam_client.list_roles()["Roles"] if role_part in one["RoleName"]]
        kept = {
            name: iam_client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in iam_client.list_role_policies(RoleName=role)["PolicyNames"]
        }

        def put(documents: dict[str, dict[str, Any]]) -> None:
            for name, document in documents.items():
                iam_client.put_role_policy(
                    RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document)
                )

        left = {name: lacking(document, action) for name, document in kept.items()}
        assert left != kept, f"{role} has no {action}"
        put(left)
        return lambda: put(kept)


def soon(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (came := is_so()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return came


def lacking(document: dict[str, Any], action: str) -> dict[str, Any]:
    """The policy without this action."""
    statements = []
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if left := [one for one in actions if one != action]:
            statements.append({**statement, "Action": left})
    return {**document, "Statement": statements}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, example_model: Path) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("own-app")
    data = (example_model / "data/tumours.csv").read_bytes()
    (folder / "job.yaml").write_text(
        JOB.replace("MODEL", str(example_model / "tumours")).replace("COLUMNS", COLUMNS)
    )
    app = cdk.App(outdir=str(folder / "cdk.out"))
    OwnStack(app, "Own", job_file=folder / "job.yaml")
    app.synth()
    with LocalAws(enforce_iam=True, wait_scale=0.002) as aws:
        stack = Deployed(aws, deploy(folder / "cdk.out", "Own", aws.client, lambda _event: None))
        stack.as_role("Writer", "s3").put_object(Bucket=stack["Input"], Key="tumours/a.csv", Body=data)
        yield stack


def test_a_run_encrypts_everything_with_the_key(deployed: Deployed) -> None:
    execution = deployed.run(states=deployed.as_role("Reader", "stepfunctions"))
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    s3 = deployed.aws.client("s3")
    for bucket in (deployed["Input"], deployed["Output"]):
        for found in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            head = s3.head_object(Bucket=bucket, Key=found["Key"])
            assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", deployed["Key"])
    job = deployed.aws.client("sagemaker").describe_transform_job(
        TransformJobName=json.loads(execution["output"])["TransformJobName"]
    )
    assert job["TransformResources"]["VolumeKmsKeyId"] == deployed["Key"]
    assert job["TransformOutput"]["KmsKeyId"] == deployed["Key"]
    groups = deployed.aws.client("logs").describe_log_groups()["logGroups"]
    own = [group for group in groups if not group["logGroupName"].startswith("/aws/sagemaker/")]
    assert [group.get("kmsKeyId") for group in own] == [deployed["Key"]] * len(own) != []
    sqs = deployed.aws.client("sqs")
    [queue] = sqs.list_queues(QueueNamePrefix="Own-TumoursLostStarts")["QueueUrls"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["KmsMasterKeyId"])["Attributes"]
    assert deployed["Key"].endswith(attributes["KmsMasterKeyId"].rpartition("/")[2])


def test_a_role_that_may_read_the_output_reads_it_and_nothing_else(deployed: Deployed) -> None:
    execution = deployed.run()
    prefix = json.loads(execution["output"])["S3OutputPath"].split("/", 3)[3]
    reader = deployed.as_role("Reader", "s3")
    [result] = result_objects(reader, deployed["Output"], prefix)
    rows = reader.get_object(Bucket=deployed["Output"], Key=result["Key"])["Body"].read()
    assert rows.startswith(b"case-")
    nobody = deployed.as_role("Nobody", "s3")
    refused: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (reader.get_object, {"Bucket": deployed["Input"], "Key": "tumours/a.csv"}),
        (reader.list_objects_v2, {"Bucket": deployed["Output"]}),
        (reader.put_object, {"Bucket": deployed["Output"], "Key": result["Key"], "Body": b""}),
        (nobody.get_object, {"Bucket": deployed["Output"], "Key": result["Key"]}),
    ]
    for call, arguments in refused:
        with pytest.raises(ClientError, match="AccessDenied"):
            call(**arguments)


def test_another_state_machine_starts_a_run_and_waits_for_it(deployed: Deployed) -> None:
    execution = deployed.run("Nested")
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert "TransformJobName" in execution["output"]


@pytest.mark.parametrize(
    ("role", "action"),
    [
        ("ExecutionRole", "kms:Decrypt"),
        ("ExecutionRole", "kms:GenerateDataKey"),
        ("ExecutionRole", "kms:Encrypt"),
        ("WorkflowRole", "kms:CreateGrant"),
    ],
)
def test_fails_when_a_role_may_not_use_the_key(deployed: Deployed, role: str, action: str) -> None:
    put_back = deployed.without(role, action)
    try:
        execution = deployed.run()
    finally:
        put_back()
    assert execution["status"] == "FAILED"
    assert action in execution["cause"]


def test_fails_on_a_header_row_under_the_key(deployed: Deployed) -> None:
    s3 = deployed.aws.client("s3")
    header = f"case_id,{COLUMNS}\n".encode()
    version = s3.put_object(Bucket=deployed["Input"], Key="tumours/A.csv", Body=header)["VersionId"]
    try:
        execution = deployed.run()
    finally:
        s3.delete_object(Bucket=deployed["Input"], Key="tumours/A.csv", VersionId=version)
    assert execution["status"] == "FAILED"
    assert "starts with a header row" in execution["cause"]


def test_a_rule_publishes_to_a_topic_under_the_key(deployed: Deployed) -> None:
    failed = deployed.failed_run()
    assert soon(lambda: deployed.is_notified_of(failed)), "no notification about the failed run"


def test_a_rule_cannot_publish_to_it_without_the_statement_that_the_cdk_adds_to_the_key(
    deployed: Deployed,
) -> None:
    kms, key = deployed.aws.client("kms"), deployed["Key"]
    kept = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    document = json.loads(kept)
    of_target = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": "*"}
    left = [
        each for each in document["Statement"] if not each.items() >= of_target.items() or "Condition" in each
    ]
    assert len(left) == len(document["Statement"]) - 1
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({**document, "Statement": left}))
    try:
        failed = deployed.failed_run()
        refused = f"refused: events.amazonaws.com may not kms:GenerateDataKey on {key}"
        assert soon(lambda: refused in deployed.aws.log_file.read_text())
    finally:
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=kept)
    assert not deployed.is_notified_of(failed)


def test_the_commands_find_the_job_in_the_stack_that_has_it(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in deployed.aws.environment().items():
        monkeypatch.setenv(name, value)

    def output_of(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        assert (ended.value.code, err) == (0, "")
        return out

    assert "state     Completed" in output_of("start", "tumours", "--wait")
    assert "SUCCEEDED" in output_of("runs", "tumours", "--stack", "Own")
    [last] = json.loads(output_of("runs", "--limit", "1", "--json"))
    assert (last["job"], last["stack"]) == ("tumours", "Own")
    assert last["run"] in output_of("show", "tumours")


def test_fails_when_the_key_is_disabled(deployed: Deployed) -> None:
    kms = deployed.aws.client("kms")
    kms.disable_key(KeyId=deployed["Key"])
    try:
        execution = deployed.run()
    finally:
        kms.enable_key(KeyId=deployed["Key"])
    assert execution["status"] == "FAILED"
    assert "is Disabled" in execution["cause"]
