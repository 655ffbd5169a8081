"""A model as the SageMaker SDK deploys it, with its code in S3, through the template, with IAM enforced."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from batch_transform.job.values.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET, state_machine_output
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from e2e.result_objects import result_objects
from fakes.archive import archive_of
from fakes.wheel import write_wheel
from patience import PATIENCE_SECONDS

BUCKET = "models-of-mine"
JOB = f"""
name: sdk
model:
  artifact: s3://{BUCKET}/churn/model.tar.gz
  image: {{framework: sklearn, version: 1.2-1}}
  env: {{SAGEMAKER_PROGRAM: serve.py, SAGEMAKER_SUBMIT_DIRECTORY: "s3://{BUCKET}/code/sourcedir.tar.gz"}}
input: {{content_type: text/csv, split_type: Line}}
output: {{accept: text/csv, assemble_with: Line}}
"""
CODE = """
import lopsided

def model_fn(model_dir):
    return open(model_dir + "/weight.txt").read()

def input_fn(body, content_type):
    return body.splitlines()

def predict_fn(rows, weight):
    return [f"{weight} {lopsided.__version__} {row}" for row in rows]

def output_fn(values, accept):
    return "".join(f"{value}\\n" for value in values), accept
"""


class Stack:
    """The deployed job."""

    def __init__(self, aws: LocalAws, outputs: dict[str, str]) -> None:
        self._aws = aws
        self._outputs = outputs
        self._iam = aws.client("iam")

    def run(self) -> tuple[dict[str, Any], str]:
        """Return the execution at its end, and the newest result."""
        states, s3 = self._aws.client("stepfunctions"), self._aws.client("s3")
        machine = self._outputs[state_machine_output("sdk")]
        arn = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (described := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        results = result_objects(s3, self._outputs[OUTPUT_BUCKET], "sdk/")
        results.sort(key=lambda result: result["LastModified"])
        body = b""
        if results:
            body = s3.get_object(Bucket=self._outputs[OUTPUT_BUCKET], Key=results[-1]["Key"])["Body"].read()
        return dict(described), body.decode()

    def run_without(self, key: str) -> dict[str, Any]:
        """Run the job without the execution role's permission on this object."""
        (model,) = self._aws.client("sagemaker").list_models()["Models"]
        described = self._aws.client("sagemaker").describe_model(ModelName=model["ModelName"])
        role = described["ExecutionRoleArn"].rpartition("/")[2]
        (name,) = self._iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        text = json.dumps(document)
        arn = f"arn:aws:s3:::{BUCKET}/{key}"
        assert arn in text
        self._iam.put_role_policy(
            RoleName=role, PolicyName=name, PolicyDocument=text.replace(arn, f"{arn}.other")
        )
        try:
            return self.run()[0]
        finally:
            self._iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("code-in-s3")
    (folder / "jobs").mkdir()
    (folder / "jobs/sdk.yaml").write_text(JOB)
    synthesise_here(PROJECT, jobs=folder / "jobs", assembly=folder / "cdk.out")
    wheel = write_wheel(folder, "lopsided", "1.5")
    sourcedir = archive_of(
        {"serve.py": CODE, "requirements.txt": f"./{wheel.name}\n", wheel.name: wheel.read_bytes()}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        with LocalAws(enforce_iam=True, wait_scale=0.002) as aws:
            s3 = aws.client("s3")
            s3.create_bucket(Bucket=BUCKET)
            for key, body in (
                ("churn/model.tar.gz", archive_of({"weight.txt": b"2"})),
                ("code/sourcedir.tar.gz", sourcedir),
                ("code/sourcedir.tar.gz.other", b""),
            ):
                s3.put_object(Bucket=BUCKET, Key=key, Body=body)
            outputs = deploy(folder / "cdk.out", "BatchTransform", aws.client, lambda _event: None)
            s3.put_object(Bucket=outputs[INPUT_BUCKET], Key="sdk/a.csv", Body=b"a\nb\n")
            yield Stack(aws, outputs)


def test_the_role_of_the_template_may_read_the_code_and_the_model(stack: Stack) -> None:
    execution, result = stack.run()
    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    assert result == "2 1.5 a\n2 1.5 b\n"


@pytest.mark.parametrize("key", ["code/sourcedir.tar.gz", "churn/model.tar.gz"])
def test_fails_when_the_role_may_not_read_one_of_them(stack: Stack, key: str) -> None:
    execution = stack.run_without(key)
    assert execution["status"] == "FAILED"
    assert "s3:GetObject" in execution["cause"]
    assert key in execution["cause"]
