"""The problems that `check` reports in a model's folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_transform.job.errors import Problem
from batch_transform.job.files.job_file import read_job_files

Check = Callable[..., tuple[Problem, ...]]

SKLEARN = "{framework: sklearn, version: 1.2-1}"
XGBOOST = "{framework: xgboost, version: 1.7-1}"
PYTORCH = "{framework: pytorch, version: '2.6'}"
REGISTRY = "141502667606.dkr.ecr.eu-west-1.amazonaws.com"
SKLEARN_URI = f"{REGISTRY}/sagemaker-scikit-learn:1.2-1-cpu-py3"
XGBOOST_URI = f"{REGISTRY}/sagemaker-xgboost:1.7-1"
HUGGING_FACE_URI = (
    "763104351884.dkr.ecr.eu-west-1.amazonaws.com/huggingface-pytorch-inference:2.1.0-cpu-py310"
)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Write a model's files and a job that packs them, and return the job's problems."""

    def checked(image: str, *files: str, more: str = "", **texts: str) -> tuple[Problem, ...]:
        model = tmp_path / "model"
        model.mkdir()
        for file in files:
            (model / file).parent.mkdir(parents=True, exist_ok=True)
            (model / file).write_text(
                texts.get("requirements", "") if file.endswith("requirements.txt") else ""
            )
        path = tmp_path / "job.yaml"
        path.write_text(
            f"name: demo\nmodel: {{source: model, image: {image}{more}}}\ninput: {{content_type: text/csv}}\n"
        )
        return read_job_files([path]).problems

    return checked


@pytest.mark.parametrize(
    ("image", "files", "more"),
    [
        (SKLEARN, ["code/inference.py"], ""),
        (SKLEARN_URI, ["code/inference.py"], ""),
        (SKLEARN, ["code/predict.py"], ", env: {SAGEMAKER_PROGRAM: predict.py}"),
        (SKLEARN, ["code/predict.py"], ", env: {SAGEMAKER_PROGRAM: predict}"),
        (SKLEARN, ["code/predict/__init__.py"], ", env: {SAGEMAKER_PROGRAM: predict}"),
        (SKLEARN, ["code/src/predict.py"], ", env: {SAGEMAKER_PROGRAM: src.predict}"),
        (SKLEARN, ["serving/inference.py"], ", env: {SAGEMAKER_SUBMIT_DIRECTORY: /opt/ml/model/serving}"),
        (SKLEARN, ["inference.py"], ", env: {SAGEMAKER_SUBMIT_DIRECTORY: /opt/ml/model}"),
        (SKLEARN, ["model.joblib"], ", env: {SAGEMAKER_SUBMIT_DIRECTORY: 's3://bucket/sourcedir.tar.gz'}"),
        (XGBOOST, ["code/inference.py", "xgboost-model"], ""),
        (XGBOOST, ["xgboost-model"], ""),
        (XGBOOST_URI, ["xgboost-model"], ""),
        (XGBOOST, ["xgboost-model", "docs/README.md"], ""),
        (XGBOOST, ["code/predict.py"], ", env: {SAGEMAKER_PROGRAM: predict.py}"),
        (PYTORCH, ["code/inference.py"], ""),
        (PYTORCH, ["model.pth"], ""),
        (HUGGING_FACE_URI, ["config.json", "model.safetensors"], ""),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/own:1", ["anything"], ""),
    ],
)
def test_a_folder_in_which_the_container_finds_its_code_or_model_is_valid(
    check: Check, image: str, files: list[str], more: str
) -> None:
    assert check(image, *files, more=more) == ()


@pytest.mark.parametrize(
    ("image", "files", "more", "code", "words"),
    [
        (SKLEARN, ["model.joblib"], "", "source-without-code", "'model' has no code/inference.py"),
        (SKLEARN_URI, ["model.joblib"], "", "source-without-code", "the scikit-learn container loads"),
        (
            HUGGING_FACE_URI,
            ["code/serve.py"],
            ", env: {SAGEMAKER_PROGRAM: server.py}",
            "source-without-code",
            "the Hugging Face container loads",
        ),
        (
            SKLEARN,
            ["code/inference.py"],
            ", env: {SAGEMAKER_PROGRAM: predict.py}",
            "source-without-code",
            "has no code/predict.py, .*; add it, or correct SAGEMAKER_PROGRAM",
        ),
        (
            SKLEARN,
            ["code/inference.py"],
            ", env: {SAGEMAKER_PROGRAM: inference.PY}",
            "source-without-code",
            "has no code/inference.PY.py",
        ),
        (
            SKLEARN,
            ["code/src/predict.py"],
            ", env: {SAGEMAKER_PROGRAM: src/predict.py}",
            "source-without-code",
            "put the script into code/, and write 'predict.py'",
        ),
        (
            SKLEARN,
            ["code/inference.py"],
            ", env: {SAGEMAKER_SUBMIT_DIRECTORY: /opt/ml/model/serving}",
            "source-without-code",
            "has no serving/inference.py",
        ),
        (PYTORCH, ["a.pth", "b.pt"], "", "source-without-code", "has no code/inference.py"),
        (XGBOOST, ["code/predict.py"], "", "source-without-model", "add xgboost-model"),
        (XGBOOST_URI, [".hidden"], "", "source-without-model", "add xgboost-model"),
        (
            XGBOOST,
            ["xgboost-model", "train.py"],
            "",
            "source-with-other-files",
            "has train.py next to the model",
        ),
    ],
)
def test_fails_when_the_container_would_find_no_code_or_model(  # noqa: PLR0917  # one column a parameter
    check: Check, image: str, files: list[str], more: str, code: str, words: str
) -> None:
    (problem,) = check(image, *files, more=more)
    assert (problem.code, problem.field, problem.line, problem.is_error) == (code, "model.source", 2, True)
    assert re.search(words, problem.message)


ISOLATED = ", enable_network_isolation: true"
IN_VPC = ", vpc_config: {subnets: [subnet-1], security_group_ids: [sg-1]}"
WITH_REQUIREMENTS = ("code/inference.py", "code/requirements.txt")


@pytest.mark.parametrize(
    ("more", "requirements", "severity"),
    [
        (ISOLATED, "lightgbm==4.1.0\n", "error"),
        (ISOLATED, "numpy\n# of our own\nlightgbm\n", "error"),
        (ISOLATED, "mine @ https://example.com/mine-1.0-py3-none-any.whl\n", "error"),
        (ISOLATED, "git+https://example.com/mine.git\n", "error"),
        (ISOLATED, "pandas\nscikit_learn>=1\n", "warning"),
        (ISOLATED, "pywin32; sys_platform == 'win32'\n", "warning"),
        (ISOLATED, "mine @ https://example.com/m.whl ; sys_platform == 'win32'\n", "warning"),
        (ISOLATED, "--find-links wheels\nlightgbm\n", "warning"),
        (ISOLATED, "lightgbm\npywin32; sys_platform == 'win32'\n", "error"),
        (IN_VPC, "lightgbm\n", "warning"),
    ],
)
def test_a_container_without_a_network_cannot_install_its_requirements(
    check: Check, more: str, requirements: str, severity: str
) -> None:
    (problem,) = check(SKLEARN, *WITH_REQUIREMENTS, more=more, requirements=requirements)
    code = "requirements-with-isolation" if more == ISOLATED else "requirements-in-vpc"
    assert (problem.code, problem.field, problem.severity) == (code, "model.source", severity)
    assert "code/requirements.txt requires " in problem.message


@pytest.mark.parametrize(
    ("more", "requirements"),
    [
        ("", "lightgbm\n"),
        (ISOLATED, "# nothing yet\n\n"),
        (ISOLATED, "./wheels/mine-1.0-py3-none-any.whl\n"),
        (ISOLATED, "--no-index\n--find-links /opt/ml/model/code/wheels\nlightgbm\n"),
    ],
)
def test_requirements_that_need_no_network_can_be_installed_without_one(
    check: Check, more: str, requirements: str
) -> None:
    assert check(SKLEARN, *WITH_REQUIREMENTS, more=more, requirements=requirements) == ()


def test_requirements_outside_the_code_folder_are_never_installed(check: Check) -> None:
    (problem,) = check(SKLEARN, "code/inference.py", "requirements.txt", requirements="lightgbm\n")
    assert (problem.code, problem.field, problem.is_error) == (
        "requirements-beside-code",
        "model.source",
        False,
    )
    assert "installs only code/requirements.txt" in problem.message


@pytest.mark.parametrize(
    ("image", "script", "missing"),
    [
        (SKLEARN, "import torch.nn as nn\nfrom lightgbm import Booster", "lightgbm, torch"),
        (SKLEARN_URI, "import xgboost", "xgboost"),
        (XGBOOST, "import numpy\nimport transformers", "transformers"),
        (SKLEARN, "import json, sklearn.svm, pandas, PIL.Image, yaml, dateutil, scipy, joblib, tqdm", None),
        (SKLEARN, "from sagemaker_containers.beta.framework import worker\nfrom six import moves", None),
        (XGBOOST, "import xgboost\nfrom sagemaker_xgboost_container import encoder", None),
        (SKLEARN, "import helpers\nfrom folder.inner import x\nfrom . import y", None),
        (SKLEARN, "try:\n    import torch\nexcept ImportError:\n    torch = None", None),
        (SKLEARN, "def train():\n    import torch\nif __name__ == '__main__':\n    import torch", None),
        (SKLEARN, "no python at all", None),
        (PYTORCH, "import transformers", None),
    ],
)
def test_warns_about_imports_that_the_image_is_not_known_to_contain(
    tmp_path: Path, image: str, script: str, missing: str | None
) -> None:
    code = tmp_path / "model/code"
    (code / "folder").mkdir(parents=True)
    (code / "helpers.py").touch()
    (code / "inference.py").write_text(script)
    path = tmp_path / "job.yaml"
    path.write_text(
        f"name: demo\nmodel: {{source: model, image: {image}}}\ninput: {{content_type: text/csv}}\n"
    )
    found = [(problem.code, problem.is_error, problem.message) for problem in read_job_files([path]).problems]
    if missing is None:
        assert found == []
    else:
        ((problem, is_error, message),) = found
        assert (problem, is_error) == ("import-not-in-image", False)
        assert f"inference.py imports {missing}, which the" in message
    (code / "requirements.txt").write_text("something\n")
    assert read_job_files([path]).problems == ()


def test_algorithm_mode_installs_nothing(check: Check) -> None:
    assert (
        check(XGBOOST, "xgboost-model", "code/requirements.txt", more=ISOLATED, requirements="lightgbm\n")
        == ()
    )


@pytest.mark.parametrize(
    ("before", "last"),
    [
        (
            "image: {framework: sklearn, version: 1.2-1}, env: {SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: text/csv}",
            "{}",
        ),
        ("image: {framework: sklearn, version: 1.2-1}", "{SAGEMAKER_PROGRAM: inference.py}"),
        ("image: {framework: xgboost, version: 1.7-1}", "{}"),
        ("image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/own:1'", "{}"),
    ],
)
def test_types_that_xgboost_may_get_from_the_preceding_container_are_accepted(
    tmp_path: Path, before: str, last: str
) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(
        f"name: demo\nmodel:\n  containers:\n    - {{artifact: s3://bucket/m.tar.gz, {before}}}\n"
        f"    - {{artifact: s3://bucket/m.tar.gz, image: {XGBOOST}, env: {last}}}\ninput: {{content_type: text/csv}}\n"
    )
    assert read_job_files([path]).problems == ()


@pytest.mark.parametrize(
    ("files", "expected"), [(["code/inference.py"], []), (["xgboost-model"], ["max-payload-above-container"])]
)
def test_an_xgboost_script_accepts_larger_requests_than_algorithm_mode(
    tmp_path: Path, files: list[str], expected: list[str]
) -> None:
    for file in files:
        (tmp_path / "model" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / file).touch()
    path = tmp_path / "job.yaml"
    path.write_text(
        f"name: demo\nmodel: {{source: model, image: {XGBOOST}}}\n"
        "input: {content_type: text/csv}\ntransform: {max_payload: 20}\n"
    )
    found = read_job_files([path]).problems
    assert [(problem.code, problem.line) for problem in found] == [(code, 4) for code in expected]


def test_fails_for_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the error is simulated."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("batch_transform.job.files.job_file.read_source_folder", refuse)
    (tmp_path / "model").mkdir()
    path = tmp_path / "job.yaml"
    path.write_text(f"name: demo\nmodel: {{source: model, image: {SKLEARN}}}\n")
    (problem,) = read_job_files([path]).problems
    assert (problem.code, problem.line) == ("source-unreadable", 2)
    assert "Permission denied" in problem.message
