"""A deployed job runs with the model that it finds when it starts: behind an endpoint, or the newest approved package.

IAM is enforced: the template's own permissions must suffice to find the model.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from batch_transform.job.values.stack_outputs import INPUT_BUCKET, state_machine_output
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from e2e.result_objects import result_objects
from patience import PATIENCE_SECONDS

ROLE = "arn:aws:iam::000000000000:role/registry"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
CODE_IN_ARCHIVE = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
ANSWER = """
def model_fn(model_dir): return {answer!r}
def input_fn(data, content_type): return data
def predict_fn(data, model): return model
def output_fn(prediction, accept): return prediction + "\\n", accept
"""


@dataclass(frozen=True)
class Account:
    """A local AWS with two jobs in it, `served` and `registered`, whose model each run must find."""

    aws: LocalAws
    outputs: dict[str, str]

    def container(self, answer: str) -> dict[str, Any]:
        """Upload a model with this constant answer, and return its container."""
        code = ANSWER.format(answer=answer).encode()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            member = tarfile.TarInfo("code/inference.py")
            member.size = len(code)
            archive.addfile(member, io.BytesIO(code))
        bucket, key = self.outputs[INPUT_BUCKET], f"models/{answer}/model.tar.gz"
        self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=packed.getvalue())
        return {"Image": IMAGE, "ModelDataUrl": f"s3://{bucket}/{key}", "Environment": CODE_IN_ARCHIVE}

    def serve(self, answer: str) -> str:
        """Create a model with this constant answer, and a configuration that serves it; return the name of both."""
        sagemaker = self.aws.client("sagemaker")
        name = f"answers-{answer}"
        sagemaker.create_model(ModelName=name, PrimaryContainer=self.container(answer), ExecutionRoleArn=ROLE)
        variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant | {"InitialInstanceCount": 1}]
        )
        return name

    def register(self, group: str, answer: str, status: str) -> str:
        """Register a package with this constant answer, and return its ARN."""
        registered = self.aws.client("sagemaker").create_model_package(
            ModelPackageGroupName=group,
            InferenceSpecification={"Containers": [self.container(answer)]},
            ModelApprovalStatus=status,
        )
        return str(registered["ModelPackageArn"])

    def run(self, job: str) -> dict[str, Any]:
        """Run the job with what is deployed, and return the execution at its end."""
        states = self.aws.client("stepfunctions")
        execution = states.start_execution(
            stateMachineArn=self.outputs[state_machine_output(job)], input="{}"
        )["executionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            described: dict[str, Any] = states.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.2)
        raise AssertionError(f"{execution} did not end")

    def answer(self, job: str) -> tuple[str, str]:
        """Run the job, and return what the model answered and the model's name."""
        described = self.run(job)
        assert described["status"] == "SUCCEEDED", described["cause"]
        output = json.loads(described["output"])
        bucket, _, prefix = output["S3OutputPath"].removeprefix("s3://").partition("/")
        s3 = self.aws.client("s3")
        [found] = result_objects(s3, bucket, prefix)
        text = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read().decode()
        job_name = output["TransformJobName"]
        ran = self.aws.client("sagemaker").describe_transform_job(TransformJobName=job_name)
        return text.strip(), ran["ModelName"]

    def transform_jobs(self) -> int:
        sagemaker = self.aws.client("sagemaker")
        return len(sagemaker.list_transform_jobs(MaxResults=100)["TransformJobSummaries"])


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder: Path = tmp_path_factory.mktemp("run-model")
    (folder / "jobs").mkdir()
    models = {
        "served": {"endpoint": "live"},
        "registered": {"package_group": "Scorers", "role": ROLE},
        "homeless": {"endpoint": "nowhere"},
        "bare": {"endpoint": "bare"},
        "unregistered": {"package_group": "nobody", "role": ROLE},
    }
    for name, model in models.items():
        job = {"name": name, "model": model, "input": {"content_type": "text/csv"}}
        (folder / f"jobs/{name}.yaml").write_text(yaml.safe_dump(job))
    synthesise_here(PROJECT, jobs=folder / "jobs", assembly=folder / "cdk.out")
    with LocalAws(enforce_iam=True, wait_scale=0.002) as aws:
        make_role(aws.client("iam"))
        outputs = deploy(folder / "cdk.out", "BatchTransform", aws.client, lambda _event: None)
        for name in models:
            aws.client("s3").put_object(Bucket=outputs[INPUT_BUCKET], Key=f"{name}/a.csv", Body=b"1,2\n")
        yield Account(aws, outputs)


def make_role(iam: Any) -> None:  # boto3 makes clients at run time
    """Create the role of the models behind endpoints and of the packages, which doesn't belong to the stack."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    may = {
        "Effect": "Allow",
        "Action": ["s3:*", "logs:*", "ecr:*", "cloudwatch:PutMetricData"],
        "Resource": "*",
    }
    trusts, allows = (json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in (trust, may))
    name = ROLE.rpartition("/")[2]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusts)
    iam.put_role_policy(RoleName=name, PolicyName="models", PolicyDocument=allows)


def test_a_run_uses_the_model_that_the_endpoint_serves_at_that_moment(account: Account) -> None:
    sagemaker = account.aws.client("sagemaker")
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName=account.serve("first"))
    assert account.answer("served") == ("first", "answers-first")
    sagemaker.update_endpoint(EndpointName="live", EndpointConfigName=account.serve("second"))
    assert account.answer("served") == ("second", "answers-second")


def test_a_run_uses_the_newest_approved_package(account: Account) -> None:
    sagemaker = account.aws.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="Scorers")
    pending = account.register("Scorers", "oldest", "PendingManualApproval")
    before = account.transform_jobs()
    described = account.run("registered")
    assert described["status"] == "FAILED"
    assert "the model package group Scorers has no approved package" in described["cause"]
    assert account.transform_jobs() == before

    account.register("Scorers", "approved", "Approved")
    newer = account.register("Scorers", "newer", "PendingManualApproval")
    answer, model = account.answer("registered")
    assert answer == "approved"
    assert account.answer("registered") == ("approved", model)  # one model for all runs of one package

    sagemaker.update_model_package(ModelPackageArn=newer, ModelApprovalStatus="Approved")
    assert account.answer("registered")[0] == "newer"
    sagemaker.update_model_package(ModelPackageArn=pending, ModelApprovalStatus="Approved")
    assert account.answer("registered")[0] == "newer"  # the newest one, not the one approved last


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("homeless", "the endpoint nowhere of model.endpoint cannot be described: ValidationE"),
        ("unregistered", "the packages of nobody of model.package_group cannot be listed: Vali"),
    ],
)
def test_a_run_without_a_model_fails_before_a_transform_job(account: Account, job: str, message: str) -> None:
    before = account.transform_jobs()
    described = account.run(job)
    assert described["status"] == "FAILED"
    assert described["cause"].startswith(f"job {job} (")
    assert message in described["cause"]
    assert account.transform_jobs() == before


def test_fails_for_an_endpoint_whose_configuration_was_deleted(account: Account) -> None:
    sagemaker = account.aws.client("sagemaker")
    config = account.serve("gone")
    sagemaker.create_endpoint(EndpointName="bare", EndpointConfigName=config)
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    described = account.run("bare")
    assert described["status"] == "FAILED"
    assert "Could not find endpoint configuration" in described["cause"]
    assert "endpoint-config/answers-gone" in described["cause"]
