"""The commands that call AWS, used with the local AWS as a person would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from batch_transform.adopt.adopted import in_full
from batch_transform.adopt.job_text import request_of
from batch_transform.job.files.job_file import load_job_file
from batch_transform.local.up import LocalAws

ROWS = b"7,42,gold\n8,43,basic\n"
REQUEST = {
    "ModelName": "churn-model",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in-bucket/day/"}},
        "ContentType": "text/csv",
        "CompressionType": "None",
        "SplitType": "Line",
    },
    "TransformOutput": {"S3OutputPath": "s3://out-bucket/y", "Accept": "text/csv", "AssembleWith": "Line"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    "Tags": [{"Key": "team", "Value": "data"}],
}
NAME = "churn-2026-01-02-10-00-00-123"

NEW_ACCOUNT = {"ml.m5.xlarge for transform job usage": 0, "Concurrent executions": 10}

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS with data, a model and a transform job, and the quotas of a new account."""
    quotas = tmp_path_factory.mktemp("account") / "quotas.json"
    quotas.write_text(json.dumps({"ServiceQuotas": NEW_ACCOUNT}))
    with LocalAws(quotas=quotas) as aws:
        s3, sagemaker = aws.client("s3"), aws.client("sagemaker")
        for bucket in ("in-bucket", "out-bucket"):
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket="in-bucket", Key="day/rows.csv", Body=ROWS)
        manifest = b'[{"prefix": "s3://in-bucket/"}, "day/rows.csv"]'
        s3.put_object(Bucket="in-bucket", Key="list.manifest", Body=manifest)
        image = f"file://{Path(__file__).parents[1] / 'local' / 'model_folder'}"
        sagemaker.create_model(
            ModelName="churn-model",
            ExecutionRoleArn="arn:aws:iam::000000000000:role/churn",
            PrimaryContainer={"Image": image},
        )
        sagemaker.create_transform_job(TransformJobName=NAME, **REQUEST)
        yield aws


@pytest.fixture
def run(aws: LocalAws, tmp_path: Path) -> Run:
    """Run the command line in an empty folder."""

    def command(*arguments: str, **others: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "batch_transform.cli.main", *arguments],
            cwd=tmp_path,
            env={**os.environ, **aws.environment(), **others},
            capture_output=True,
            text=True,
            check=False,
        )

    return command


def test_a_transform_job_in_the_account_is_adopted_exactly(run: Run, tmp_path: Path) -> None:
    done = run("adopt", NAME, "--out", "churn.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    spec = load_job_file(tmp_path / "churn.yaml")
    assert spec.name == "churn"
    assert request_of(spec) == in_full(REQUEST)


def test_fails_for_a_transform_job_that_the_account_does_not_have(run: Run) -> None:
    done = run("adopt", "other-job")
    assert done.returncode == 2
    assert "nor a transform job with that name in the account" in done.stderr


def test_the_jobs_own_data_in_s3_are_previewed(run: Run) -> None:
    assert run("adopt", NAME, "--out", "churn.yaml").returncode == 0
    done = run("preview", "churn.yaml", "--answer", "0.9,yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("churn  s3://in-bucket/day/rows.csv\n")
    assert "  model gets  42,gold\n" in done.stdout
    assert "  kept        7,yes\n" in done.stdout
    assert "no problems in the 2 records" in done.stdout


def test_the_first_object_in_the_jobs_manifest_is_previewed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(
        "name: demo\nmodel: {existing: m}\n"
        "input: {data: s3://in-bucket/list.manifest, data_type: ManifestFile, split_type: Line}\n"
        "output: {assemble_with: Line}\n"
    )
    done = run("preview", "job.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("demo  s3://in-bucket/day/rows.csv\n")


def test_fails_for_data_that_do_not_exist(run: Run) -> None:
    assert run("adopt", NAME, "--out", "churn.yaml").returncode == 0
    for place, message in (
        ("s3://in-bucket/night/", "no object has an address that begins with this"),
        ("s3://no-bucket/x", "NoSuchBucket"),
    ):
        done = run("preview", "churn.yaml", "--input", place)
        assert done.returncode == 2
        assert message in done.stderr


FAULTY = """
name: churn
model: {{image: {image}, artifact: "s3://in-bucket/model.tar.gz"}}
input: {{data: "s3://far-bucket/churn/", content_type: text/csv, split_type: Line, kms_key: "{key}"}}
transform: {{instance_type: ml.m5.xlarge}}
notify: {{email: [team@example.com]}}
triggers: {{on_upload: {{}}}}
workflow: {{max_cost: 25}}
"""


class UnlikeLocal(BaseHTTPRequestHandler):
    """Answers as AWS documents where the local AWS doesn't: email to be confirmed, and no access to prices."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        member = (
            "<member><TopicArn>t</TopicArn><Protocol>email</Protocol><SubscriptionArn>PendingConfirmation"
            "</SubscriptionArn><Owner>000000000000</Owner><Endpoint>team@example.com</Endpoint></member>"
        )
        denied = {
            "__type": "AccessDeniedException",
            "Message": "not authorized to perform: pricing:GetProducts",
        }
        is_sns = b"ListSubscriptionsByTopic" in asked
        found = f"<R><ListSubscriptionsByTopicResult><Subscriptions>{member}</Subscriptions>"
        body = f"{found}</ListSubscriptionsByTopicResult></R>" if is_sns else json.dumps(denied)
        self.send_response(200 if is_sns else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


def test_doctor_finds_each_fault_of_an_account(aws: LocalAws, run: Run, tmp_path: Path) -> None:
    aws.client("s3").create_bucket(
        Bucket="far-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::000000000000:role/other"},
        "Action": "kms:*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": "*"}]})
    key = aws.client("kms").create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"][
        "Arn"
    ]
    aws.client("ecr").create_repository(repositoryName="rules")
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    formation = aws.client("cloudformation")
    formation.create_stack(StackName="BatchTransform", TemplateBody=json.dumps(template))
    formation.get_waiter("stack_create_complete").wait(StackName="BatchTransform", WaiterConfig={"Delay": 1})
    (tmp_path / "jobs").mkdir()
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/rules:7"
    (tmp_path / "jobs/churn.yaml").write_text(FAULTY.format(image=image, key=key))
    server = ThreadingHTTPServer(("127.0.0.1", 0), UnlikeLocal)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        other = f"http://127.0.0.1:{server.server_port}"
        done = run("doctor", "--json", AWS_ENDPOINT_URL_SNS=other, AWS_ENDPOINT_URL_PRICING=other)
    finally:
        server.shutdown()
        server.server_close()
    assert (done.returncode, done.stderr) == (1, "")
    found = {
        (one["check"], one["subject"].partition(":")[0]): (one["verdict"], one["text"])
        for one in json.loads(done.stdout)["findings"]
    }
    for (check, subject), (verdict, text) in {
        ("quota", "ml.m5.xlarge"): ("error", "0 instances, and churn needs 1: request an increase"),
        ("concurrency", "of the account's functions"): (
            "error",
            "10, and 10 of it unreserved; churn reserves 5",
        ),
        ("bucket", "far-bucket"): ("error", "is in eu-west-1, and the jobs run in us-east-1"),
        ("key", "arn"): ("warning", "its policy lets only principals use it that it names"),
        ("image", image.partition(":")[0]): ("error", "the repository has no such image"),
        ("email", "team@example.com"): ("warning", "hasn't confirmed: open the link"),
        ("max cost", "churn on ml.m5.xlarge"): (
            "not checked",
            "needs pricing:GetProducts; runs need the price too",
        ),
    }.items():
        assert found[check, subject][0] == verdict, (check, found[check, subject])
        assert text in found[check, subject][1]
