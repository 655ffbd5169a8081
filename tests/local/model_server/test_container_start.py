"""How a model's container starts with IAM enforced, tested through the API: its code in S3, and its packages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_transform.local.up import LocalAws
from fakes.archive import archive_of
from fakes.wheel import write_wheel

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
NO_PING = "AlgorithmError: Model container failed to respond to ping. "

CODE = """
{imports}
def model_fn(model_dir):
    return {says}

def transform_fn(model, data, content_type, accept):
    text = data if isinstance(data, str) else data.decode()
    return "".join(f"{{model}}\\n" for line in text.splitlines()), accept
"""


def code(says: str, imports: str = "") -> str:
    return CODE.format(says=says, imports=imports)


class Containers:
    """Runs jobs with models whose roles may read only their own objects."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab
        self._iam = lab.aws.client("iam")

    def run(
        self,
        files: Mapping[str, str | bytes],
        *,
        sourcedir: Mapping[str, str | bytes] | None = None,
        image: str = SKLEARN,
        may_read: tuple[str, ...] = ("model.tar.gz", "sourcedir.tar.gz"),
        isolated: bool = False,
        program: str = "inference.py",
        submit_directory: str = "/opt/ml/model/code",
    ) -> tuple[dict[str, Any], str, list[str]]:
        """Return the job's description, its result and its container's log."""
        environment = {"SAGEMAKER_PROGRAM": program, "SAGEMAKER_SUBMIT_DIRECTORY": submit_directory}
        bucket = self.lab.bucket(**{"a.csv": b"1,2\n3,4\n"})
        self.lab.s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=archive_of(files))
        if sourcedir is not None:
            self.lab.s3.put_object(Bucket=bucket, Key="sourcedir.tar.gz", Body=archive_of(sourcedir))
            environment["SAGEMAKER_SUBMIT_DIRECTORY"] = f"s3://{bucket}/sourcedir.tar.gz"
        name = self.lab.name()
        self.lab.sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={
                "Image": image,
                "ModelDataUrl": f"s3://{bucket}/model.tar.gz",
                "Environment": environment,
            },
            ExecutionRoleArn=self._role(bucket, [*may_read, "in/*"]),
            EnableNetworkIsolation=isolated,
        )
        request = self.lab.request(name, bucket)
        del request["DataProcessing"]
        described = self.lab.run(request)
        result = "".join(self.lab.body(bucket, key).decode() for key in self.lab.keys(bucket))
        return described, result, self.lab.log_lines(request["TransformJobName"])

    def _role(self, bucket: str, may_read: list[str]) -> str:
        name = self.lab.name()
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        statements: list[dict[str, Any]] = [
            {"Action": "s3:GetObject", "Resource": [f"arn:aws:s3:::{bucket}/{key}" for key in may_read]},
            {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"},
            {
                "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                "Resource": f"arn:aws:s3:::{bucket}/out/*",
            },
            {"Action": ["ecr:*", "logs:*", "cloudwatch:PutMetricData"], "Resource": "*"},
        ]
        allowed = [{"Effect": "Allow", **statement} for statement in statements]
        role = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy([trust]))["Role"]["Arn"]
        self._iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=_policy(allowed))
        return str(role)


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture(scope="module")
def containers(
    make_lab: Callable[[LocalAws], Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Containers]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        with LocalAws(enforce_iam=True, ping_timeout=30.0, wait_scale=0.02) as aws:
            yield Containers(make_lab(aws))


def test_code_in_s3_is_loaded_instead_of_the_archives(containers: Containers) -> None:
    """As SKLearnModel(entry_point="predict.py") of the SageMaker SDK deploys it."""
    described, result, _ = containers.run(
        {"code/predict.py": code("'archive'"), "word.txt": "model"},
        sourcedir={
            "predict.py": code("open(model_dir + '/word.txt').read() + helper.HERE", "import helper"),
            "helper.py": "HERE = '+s3'",
        },
        program="predict.py",
    )
    assert described["TransformJobStatus"] == "Completed", described
    assert result == "model+s3\nmodel+s3\n"


def test_fails_when_the_role_may_not_read_the_code(containers: Containers) -> None:
    described, result, _ = containers.run(
        {"word.txt": ""},
        sourcedir={"predict.py": code("1")},
        may_read=("model.tar.gz",),
        program="predict.py",
    )
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"].startswith(NO_PING)
    assert "Failed to download code from s3://" in described["FailureReason"]
    assert "s3:GetObject" in described["FailureReason"]
    assert result == ""


def test_a_folder_of_the_archive_is_loaded_when_the_variable_names_it(containers: Containers) -> None:
    described, result, _ = containers.run(
        {"serving/predict.py": code("'serving'"), "code/predict.py": code("'code'")},
        program="predict.py",
        submit_directory="/opt/ml/model/serving",
    )
    assert described["TransformJobStatus"] == "Completed", described
    assert result == "serving\nserving\n"


def test_pytorch_ignores_code_in_s3(containers: Containers) -> None:
    described, result, log = containers.run(
        {"code/inference.py": code("'archive'")},
        sourcedir={"inference.py": code("'s3'")},
        image=PYTORCH,
        may_read=("model.tar.gz",),
    )
    assert described["TransformJobStatus"] == "Completed", described
    assert result == "archive\narchive\n"
    assert any("but the PyTorch container ignores it" in line for line in log)


def with_wheels(folder: Path, text: str, **versions: str) -> dict[str, str | bytes]:
    """The files of a model whose code needs packages in the same folder."""
    wheels = [write_wheel(folder, name, version) for name, version in versions.items()]
    says = f"' '.join([{', '.join(f'{name}.__version__' for name in versions)}])"
    return {
        "code/inference.py": code(says, f"import {', '.join(versions)}"),
        "code/requirements.txt": text,
        **{f"code/wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels},
    }


def test_requirements_are_installed_before_the_first_ping(containers: Containers, tmp_path: Path) -> None:
    files = with_wheels(tmp_path, "--no-index\n--find-links wheels\nlopsided>=1\n", lopsided="1.5")
    described, result, log = containers.run(files)
    assert described["TransformJobStatus"] == "Completed", described
    assert result == "1.5\n1.5\n"
    assert "Successfully installed lopsided-1.5" in log


def test_a_model_sees_the_packages_it_asks_for_and_the_server_keeps_its_own(
    containers: Containers, tmp_path: Path
) -> None:
    """These wheels are empty: a server that loads them does not start."""
    versions = {"werkzeug": "0.1", "flask": "0.2"}
    text = "".join(f"./wheels/{name}-{version}-py3-none-any.whl\n" for name, version in versions.items())
    gunicorn = write_wheel(tmp_path, "gunicorn", "0.3")
    files = with_wheels(tmp_path, f"{text}./wheels/{gunicorn.name}\n", **versions)
    files[f"code/wheels/{gunicorn.name}"] = gunicorn.read_bytes()
    described, result, log = containers.run(files)
    assert described["TransformJobStatus"] == "Completed", (described, log)
    assert result == "0.1 0.2\n0.1 0.2\n"


def test_fails_with_pips_last_error_first(containers: Containers, tmp_path: Path) -> None:
    files = with_wheels(tmp_path, "--no-index\n--find-links wheels\nlopsided==9\n", lopsided="1.5")
    described, _, log = containers.run(files)
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"].startswith(NO_PING)
    assert "cannot be installed: No matching distribution found for lopsided==9" in described["FailureReason"]
    assert any("(from versions: 1.5)" in line for line in log)


def test_an_isolated_model_installs_packages_next_to_its_code(containers: Containers, tmp_path: Path) -> None:
    files = with_wheels(tmp_path, "--no-index\n--find-links wheels\nlopsided\n", lopsided="2.5")
    described, result, _ = containers.run(files, isolated=True)
    assert (described["TransformJobStatus"], result) == ("Completed", "2.5\n2.5\n"), described


def test_fails_when_an_isolated_model_needs_a_download(containers: Containers) -> None:
    files: Mapping[str, str | bytes] = {
        "code/inference.py": code("1"),
        "code/requirements.txt": "lightgbm==4.1.0\n",
    }
    described, _, _ = containers.run(files, isolated=True)
    assert described["FailureReason"].startswith(NO_PING)
    assert "requirements.txt requires lightgbm" in described["FailureReason"]


def test_fails_when_the_code_of_an_isolated_model_is_in_s3(containers: Containers) -> None:
    described, _, _ = containers.run(
        {"word.txt": ""},
        sourcedir={"inference.py": code("1")},
        isolated=True,
    )
    assert described["FailureReason"].startswith(NO_PING)
    assert "put the code into the model archive's folder code" in described["FailureReason"]
