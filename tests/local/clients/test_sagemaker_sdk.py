"""The unmodified SageMaker Python SDK works with the local AWS: `Transformer(...).transform(...)`."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_SECONDS

PYTHON = Path(__file__).parents[3] / "build/sagemaker-sdk/bin/python"
SCRIPT = Path(__file__).with_name("transform_with_sdk.py")
pytestmark = pytest.mark.skipif(
    not PYTHON.exists(),
    reason="needs the SageMaker SDK (300 MB): tests/local/clients/install sagemaker-sdk",
)


def transform(
    lab: Any, tmp_path: Path, bucket: str, behaviour_folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run the notebook's code with the variables that the local AWS prints."""
    role = "arn:aws:iam::000000000000:role/transform-role"
    return subprocess.run(
        [str(PYTHON), str(SCRIPT), bucket, f"file://{behaviour_folder}", role, lab.name()],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **lab.aws.environment()},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_a_transformer_filters_joins_waits_and_shows_the_logs(
    lab: Any, tmp_path: Path, model_folder: Path
) -> None:
    bucket = lab.bucket(**{"a.csv": b"id-1,2,3\nid-2,5,6\n"})
    ended = transform(lab, tmp_path, bucket, model_folder)
    assert ended.returncode == 0, ended.stderr
    assert lab.body(bucket, "out/a.csv.out") == b"id-1,2\nid-2,2\n"
    assert "invoked with 8 bytes" in ended.stdout  # the container's own line
    assert "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD" in ended.stdout
    name = ended.stdout.rpartition("job ")[2].strip()
    described = lab.describe(name)
    assert described["DataProcessing"] == {
        "InputFilter": "$[1:]",
        "JoinSource": "Input",
        "OutputFilter": "$[0,-1]",
    }
    tags = lab.sagemaker.list_tags(ResourceArn=described["TransformJobArn"])["Tags"]
    assert {"Key": "team", "Value": "churn"} in tags


CODE = """
def model_fn(model_dir):
    return open(model_dir + "/word.txt").read()

def input_fn(body, content_type):
    return (body if isinstance(body, str) else body.decode()).splitlines()

def predict_fn(rows, word):
    return [row + word + "{mark}" for row in rows]

def output_fn(rows, accept):
    return "".join(row + "\\n" for row in rows), "text/csv"
"""


def test_models_whose_code_the_sdk_packs_run_by_themselves_and_in_a_pipeline(
    lab: Any, tmp_path: Path
) -> None:
    """SKLearnModel and PipelineModel: the code is in a sourcedir.tar.gz next to the model."""
    code, packed = tmp_path / "code", tmp_path / "model.tar.gz"
    code.mkdir()
    (code / "first.py").write_text(CODE.replace("{mark}", "1"))
    (code / "second.py").write_text(CODE.replace("{mark}", "2"))
    (tmp_path / "word.txt").write_text("-seen")
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(tmp_path / "word.txt", arcname="word.txt")
    bucket = lab.bucket(**{"a.csv": b"x\ny\n"})
    lab.s3.upload_file(str(packed), bucket, "model.tar.gz")
    role = "arn:aws:iam::000000000000:role/transform-role"
    ended = subprocess.run(
        [str(PYTHON), str(SCRIPT.with_name("sklearn_model_with_sdk.py")), bucket, role, str(code)],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **lab.aws.environment()},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert lab.body(bucket, "one/a.csv.out") == b"x-seen1\ny-seen1\n"
    assert lab.body(bucket, "two/a.csv.out") == b"x-seen1-seen2\ny-seen1-seen2\n"


def test_fails_with_the_jobs_reason_when_the_job_fails(lab: Any, tmp_path: Path, model_folder: Path) -> None:
    bucket = lab.bucket(**{"a.csv": b'id-1,a"b\n'})
    ended = transform(lab, tmp_path, bucket, model_folder)
    assert ended.returncode == 1
    said = ended.stdout + ended.stderr
    assert "UnexpectedStatusException" in said
    assert "ClientError: See job logs for more information" in re.sub(r"[\s│]+", " ", said)


CONFIGURATION = """
SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      Session:
        DefaultS3Bucket: {bucket}
"""


def test_a_configuration_file_names_the_default_bucket_that_the_sdk_would_ask_sts_for(
    lab: Any, tmp_path: Path
) -> None:
    bucket, file = lab.name(), tmp_path / "config.yaml"
    file.write_text(CONFIGURATION.format(bucket=bucket))
    ended = subprocess.run(
        [str(PYTHON), "-c", "import sagemaker; print(sagemaker.Session().default_bucket())"],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(file),
            **lab.aws.environment(),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == bucket
    assert bucket in [each["Name"] for each in lab.s3.list_buckets()["Buckets"]]
