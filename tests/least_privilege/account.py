"""An account that enforces IAM, with a stack of jobs and the resources outside it that they refer to."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config

from batch_transform.job.values.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET, state_machine_output
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from least_privilege.model_code import archive, write_model
from least_privilege.policies import Policy, deployed_policies
from least_privilege.refusals import Refusals
from patience import PATIENCE_SECONDS

STACK = "BatchTransform"
ACCOUNT = "000000000000"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
OUTSIDE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/outside"
AT_ONCE = 1.0
"""Seconds within which an effect appears if something else was refused."""
LOOK_SECONDS = 0.05
END_SECONDS = 0.2
"""Seconds between two checks of an execution: each check slows down what it waits for."""
_LOOKS_UNTIL_WAITING = 10
"""Every how many of them also look whether it waits for another run, which is rare."""

KEY = re.compile(r"arn:aws:kms:us-east-1:\d{12}:key/(\d)[-\d]+")
"""The keys that the fullest job names; keys in the local AWS have other ids."""

JOB_FILES = {
    "smallest": PROJECT / "tests/jobs/smallest.yaml",
    "tumours": PROJECT / "jobs/tumours.yaml",
    "fullest": PROJECT / "tests/jobs/fullest.yaml",
}
OTHER_JOBS: dict[str, dict[str, Any]] = {
    "served": {"name": "served", "model": {"endpoint": "Scoring"}},
    "lenient": {
        "name": "lenient",
        "model": {
            "artifact": "s3://models-of-mine/churn/model.tar.gz",
            "kms_key": "arn:aws:kms:us-east-1:000000000000:key/44444444-4444-4444-4444-444444444444",
            "image": {"framework": "sklearn", "version": "1.2-1"},
        },
        "input": {"content_type": "text/csv", "split_type": "Line"},
        "transform": {"strategy": "MultiRecord", "max_payload": 1},
        "output": {"accept": "text/csv", "assemble_with": "Line"},
        "bad_records": {"max_count": 5, "result": "ERROR"},
    },
    "registered": {
        "name": "registered",
        "model": {"package_group": "Churn", "role": OUTSIDE_ROLE},
        "notify": {"email": "team@example.com"},
    },
}


@dataclass(frozen=True, eq=False)
class Account:
    """The deployed stack. `keys` are the KMS keys of the fullest job, by the digit of their id in its file.

    `paths` has the construct path of each logical id, `missed` the story that failed without a permission.
    """

    aws: LocalAws
    outputs: dict[str, str]
    paths: dict[str, str]
    jobs: dict[str, dict[str, Any]]
    keys: dict[str, str]
    found: list[Policy] = field(default_factory=list)
    missed: dict[str, str] = field(default_factory=dict)

    @cache  # noqa: B019  # an account lives as long as its tests
    def client(self, service: str) -> Any:
        """A client of the account's root."""
        return self.aws.client(service)

    @cached_property
    def resources(self) -> list[dict[str, Any]]:
        """The stack's resources."""
        described = self.client("cloudformation").describe_stack_resources(StackName=STACK)
        return list(described["StackResources"])

    def physical_ids(self, job: str | None, kind: str, part: str = "") -> list[str]:
        """Return the job's resources of this type below `part`; without a job, those that the jobs share."""
        return [
            each["PhysicalResourceId"]
            for each in self.resources
            if each["ResourceType"] == kind and _is_below(self.paths[each["LogicalResourceId"]], job, part)
        ]

    @cache  # noqa: B019  # an account lives as long as its tests
    def somebody(self, service: str) -> Any:
        """A client of a user who may do everything: unlike the root's, its calls are checked against policies."""
        iam = self.client("iam")
        name = f"somebody-{service}"
        iam.create_user(UserName=name)
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=_policy(allowed))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs list every name as a literal
            region_name=self.aws.region,
            endpoint_url=self.aws.endpoint_url,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def place(self, job: str, folder: str) -> str:
        return f"s3://{self.input_bucket}/{job}/{folder}/"

    def put_input(
        self, job: str, name: str, text: str, *, bucket_key: bool = False, default_key: bool = False
    ) -> None:
        """Upload input of the job, compressed and encrypted as its file says, or as the bucket does by default."""
        spec = self.jobs[job].get("input", {})
        body = f"{text}\n".encode()
        key = spec.get("kms_key")
        encryption: dict[str, Any] = {}
        if key and not default_key:
            encryption = {
                "ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": key,
                "BucketKeyEnabled": bucket_key,
            }
        self.client("s3").put_object(
            Bucket=self.input_bucket,
            Key=f"{job}/{name}",
            Body=gzip.compress(body) if spec.get("compression_type") == "Gzip" else body,
            **encryption,
        )

    @cache  # noqa: B019  # an account lives as long as its tests
    def subscriber(self, topic: str) -> str:
        """Return the URL of a queue that is subscribed to the topic."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=f"subscriber-{uuid.uuid4().hex}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        let_in = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _policy(let_in)})
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return str(url)

    def executions(self, job: str) -> list[str]:
        listed = self.client("stepfunctions").list_executions(stateMachineArn=self.machine(job))
        return [each["executionArn"] for each in listed["executions"]]

    @cache  # noqa: B019  # an account lives as long as its tests
    def input_of(self, execution: str) -> str:
        described = self.client("stepfunctions").describe_execution(executionArn=execution)
        return str(described["input"])

    def stop(self, execution: str) -> bool:
        """Stop the execution, and return whether it was still running."""
        states = self.client("stepfunctions")
        try:
            states.stop_execution(executionArn=execution)
        except states.exceptions.ClientError:
            return False
        return True

    def machine(self, job: str) -> str:
        return self.outputs[state_machine_output(job)]

    @property
    def input_bucket(self) -> str:
        return self.outputs[INPUT_BUCKET]

    @property
    def output_bucket(self) -> str:
        return self.outputs[OUTPUT_BUCKET]

    def policies(self, job: str | None) -> list[Policy]:
        """Return the policies of a job; without a job, those of what the jobs share."""
        if not self.found:
            self.found.extend(self.read_policies())
        return [each for each in self.found if job_of(each) == job]

    def read_policies(self) -> Iterator[Policy]:
        """Yield the policies as they are now."""
        return deployed_policies(self.client, self.resources, self.paths)

    def start(self, job: str, overrides: dict[str, Any]) -> str:
        states = self.client("stepfunctions")
        started = states.start_execution(stateMachineArn=self.machine(job), input=json.dumps(overrides))
        return str(started["executionArn"])

    def execution(self, arn: str) -> dict[str, Any]:
        """Return the execution at its end. If it waits for another run, it is stopped, since none is in progress."""
        describe = partial(self.client("stepfunctions").describe_execution, executionArn=arn)
        deadline = time.monotonic() + PATIENCE_SECONDS
        for look in itertools.count():
            described = describe()
            if described["status"] != "RUNNING" or time.monotonic() >= deadline:
                break
            if look % _LOOKS_UNTIL_WAITING == _LOOKS_UNTIL_WAITING - 1 and self.waits_for_other(arn):
                break
            time.sleep(END_SECONDS)
        self.stop(arn)
        return dict(described)

    def waits_for_other(self, arn: str) -> bool:
        """Whether the execution waits for another run of its job at this moment."""
        states = self.client("stepfunctions")
        last = states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"]
        entered = (event.get("stateEnteredEventDetails", {}).get("name") for event in last)
        return "WaitForOtherRun" in entered

    def wait_until(self, is_so: Callable[[], object]) -> bool:
        """Wait until it is so, and return whether it became so.

        Once something was refused, the wait is short: other effects appear at once. Otherwise only a fault takes long.
        """
        began = time.monotonic()
        while not is_so():
            waited = time.monotonic() - began
            if waited >= PATIENCE_SECONDS or min(waited, self.refusals.seconds()) >= AT_ONCE:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    @cached_property
    def refusals(self) -> Refusals:
        return Refusals(self.aws.log_file)


def _is_below(path: str, job: str | None, part: str) -> bool:
    if job is None:
        return path.startswith(part) and not path.startswith("Jobs/")
    return path.startswith(f"Jobs/{job}/{part}")


def job_of(policy: Policy) -> str | None:
    parts = policy.owner.split("/")
    return parts[1] if parts[0] == "Jobs" else None


@contextmanager
def deployed(folder: Path, jobs: Sequence[str], *, customer_key: bool = False) -> Iterator[Account]:
    """Deploy these jobs from their files, which are changed only in the ids of their keys."""
    with LocalAws(enforce_iam=True, wait_scale=0.002) as aws:
        keys = {digit: _make_key(aws) for digit in "1234"}
        written = _write_jobs(folder, jobs, keys)
        _make_outside(aws, archive_key=keys["4"])
        _copy_app(folder / "app", customer_key=customer_key)
        synthesise_here(folder / "app", jobs=folder / "jobs", assembly=folder / "cdk.out")
        outputs = deploy(folder / "cdk.out", STACK, aws.client, lambda _event: None)
        yield Account(aws, outputs, _paths(folder / f"cdk.out/{STACK}.metadata.json"), written, keys)


def _copy_app(app: Path, *, customer_key: bool) -> None:
    """Copy the project's app, with an environment of its own."""
    app.mkdir()
    for name in ("app.py", "cdk.json", "lambda", "constructs_lib", "stacks", "batch_transform"):
        (app / name).symlink_to(PROJECT / name)
    environments = {"environments": {"prod": {"customer_key": customer_key}}}
    (app / "environments.yaml").write_text(yaml.safe_dump(environments))


def _paths(metadata: Path) -> dict[str, str]:
    """Return the construct path of each logical id, without the stack."""
    return {
        entry["data"]: path.removeprefix(f"/{STACK}/").removesuffix("/Resource")
        for path, entries in json.loads(metadata.read_text()).items()
        for entry in entries
        if entry["type"] == "aws:cdk:logicalId"
    }


def _write_jobs(folder: Path, jobs: Sequence[str], keys: dict[str, str]) -> dict[str, dict[str, Any]]:
    (folder / "jobs").mkdir()
    write_model(folder / "build/tumours")
    written = {}
    for job in jobs:
        text = JOB_FILES[job].read_text() if job in JOB_FILES else yaml.safe_dump(OTHER_JOBS[job])
        text = KEY.sub(lambda found: keys[found[1]], text)
        # A followed job ends after as many status checks as it may run minutes, which take little time here: too
        # little for its model to start on a busy machine. This is the longest that the job's limits allow.
        text = text.replace("  max_runtime_in_seconds: 7200\n", "  max_runtime_in_seconds: 14400\n")
        (folder / f"jobs/{job}.yaml").write_text(text)
        written[job] = yaml.safe_load(text)
    return written


def _make_key(aws: LocalAws) -> str:
    return str(aws.client("kms").create_key()["KeyMetadata"]["Arn"])


def _make_outside(aws: LocalAws, *, archive_key: str) -> None:
    """Create what the jobs refer to: a model, an endpoint, a package, buckets, a topic, and a role for the models.

    The models' archive is encrypted with the key.
    """
    iam, s3, sagemaker, sns = (aws.client(name) for name in ("iam", "s3", "sagemaker", "sns"))
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    iam.create_role(RoleName="outside", AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(
        RoleName="outside",
        PolicyName="all",
        PolicyDocument=_policy({"Effect": "Allow", "Action": "*", "Resource": "*"}),
    )
    for bucket in ("models-of-mine", "captures-of-mine"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(
        Bucket="models-of-mine",
        Key="churn/model.tar.gz",
        Body=archive(),
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=archive_key,
    )
    container = {
        "Image": IMAGE,
        "ModelDataUrl": "s3://models-of-mine/churn/model.tar.gz",
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        },
    }
    for model in ("a-model", "scoring"):
        sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=OUTSIDE_ROLE)
    variant = {"VariantName": "all", "ModelName": "scoring", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="Scoring", ProductionVariants=[variant | {"InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName="Scoring", EndpointConfigName="Scoring")
    sagemaker.create_model_package_group(ModelPackageGroupName="Churn")
    sagemaker.create_model_package(
        ModelPackageGroupName="Churn",
        InferenceSpecification={"Containers": [container]},
        ModelApprovalStatus="Approved",
    )
    topic = sns.create_topic(Name="batch-failures")["TopicArn"]
    let_in = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=_policy(let_in))


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
