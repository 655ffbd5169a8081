from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoRegionError

from batch_transform.cli.main import main
from batch_transform.job.files.job_file import load_job_file

REQUEST: dict[str, Any] = {
    "TransformJobName": "churn-2026-01-02-10-00-00-123",
    "ModelName": "churn-model",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in-bucket/x"}}
    },
    "TransformOutput": {"S3OutputPath": "s3://out-bucket/y"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a request in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "request.json").write_text(json.dumps(REQUEST))
    return tmp_path


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["adopt", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_a_request_becomes_a_job_file_on_standard_output(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("request.json") == 0
    out, err = capsys.readouterr()
    (folder / "job.yaml").write_text(out)
    assert load_job_file("job.yaml").model.existing == "churn-model"
    assert err == ""


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(REQUEST).encode())))
    assert exit_code("-", "--name", "other") == 0
    assert "\nname: other\n" in capsys.readouterr().out


def test_a_new_file_is_written_and_an_existing_one_is_never_overwritten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("request.json", "--out", "jobs/churn.yaml") == 0
    assert load_job_file("jobs/churn.yaml").name == "churn"
    before = (folder / "jobs" / "churn.yaml").read_text()
    assert exit_code("request.json", "--out", "jobs/churn.yaml", "--name", "other") == 2
    assert (folder / "jobs" / "churn.yaml").read_text() == before
    assert "already exists and is not overwritten" in capsys.readouterr().err


def test_fails_with_2_and_the_problems_of_a_request_that_aws_would_reject(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "request.json").write_text(json.dumps({**REQUEST, "MaxPayloadInMB": 200}))
    assert exit_code("request.json", "--out", "job.yaml") == 2
    assert "error max-payload-too-large" in capsys.readouterr().err
    assert "max_payload: 200" in (folder / "job.yaml").read_text()
    assert exit_code("request.json", "--json") == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["problems"][0]["code"] == "max-payload-too-large"


def test_the_output_can_be_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("request.json", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["request"] == {name: value for name, value in REQUEST.items() if name != "TransformJobName"}
    assert report["problems"] == []
    assert report["unknown"] == {}


def test_python_is_read_with_from_sdk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "nb.py").write_text('Transformer("m", 1, "ml.m5.large").transform("s3://in-bucket/x")')
    assert exit_code("--from-sdk", "nb.py") == 0
    assert "existing: m\n" in capsys.readouterr().out


def test_a_name_that_is_not_a_file_is_a_transform_job_in_the_account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class NoAccount:
        def client(self, service: str) -> object:
            raise NoRegionError

    monkeypatch.setattr(boto3, "Session", NoAccount)
    assert exit_code("some-job") == 2
    assert "could not look for a transform job with that name" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["missing.json", "jobs/", "."])
def test_fails_for_a_source_that_cannot_be_read(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(source) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_fails_for_bytes_that_are_not_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "request.json").write_bytes(b"\xff\xfe")
    assert exit_code("request.json") == 2
    assert "is not UTF-8 text" in capsys.readouterr().err


def test_fails_with_2_if_a_filter_was_left_out_and_still_writes_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = "%%time\nfor n in counts:\n    t.transform('s3://in-bucket/x', input_filter=f'$[{n}:]')\n"
    cells = ["t = Transformer('m', 1, 'ml.m5.large')", cell]
    notebook = {"cells": [{"cell_type": "code", "source": source} for source in cells]}
    (folder / "nb.ipynb").write_text(json.dumps(notebook))
    assert exit_code("--from-sdk", "nb.ipynb", "--out", "job.yaml") == 2
    err = capsys.readouterr().err
    assert (
        "error: nb.ipynb, cell 2, line 3: data_processing.input_filter is f'$[{n}:]', which is known only"
        in err
    )
    assert load_job_file("job.yaml").model.existing == "m"
    assert exit_code("--from-sdk", "nb.ipynb", "--json") == 2
    (one,) = json.loads(capsys.readouterr().out)["left_out"]
    assert (one["place"], one["may_matter"]) == ("nb.ipynb, cell 2, line 3", True)


def test_a_path_that_is_known_only_at_run_time_is_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "nb.py").write_text(
        "Transformer('m', 1, 'ml.m5.large').transform(f's3://{bucket}/x', data_type='S3Prefix')"
    )
    assert exit_code("--from-sdk", "nb.py") == 0
    assert (
        "warning: nb.py:1: input.data is f's3://{bucket}/x', which is known only" in capsys.readouterr().err
    )


def test_one_of_several_calls_can_be_selected(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "nb.py").write_text(
        "\n".join(f'Transformer("m{n}", 1, "ml.m5.large").transform("s3://b-1/x")' for n in "12")
    )
    assert exit_code("--from-sdk", "nb.py") == 2
    assert (
        "choose one with --call:\n  1: transform(...), nb.py:1\n  2: transform(...), nb.py:2\n"
        in capsys.readouterr().err
    )
    assert exit_code("--from-sdk", "nb.py", "--call", "2") == 0
    assert "existing: m2\n" in capsys.readouterr().out


def test_the_config_of_the_airflow_operator_is_read_as_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.json").write_text(
        json.dumps({"Transform": REQUEST, "Model": {"ModelName": "churn-model"}})
    )
    assert exit_code("config.json") == 0
    assert "existing: churn-model\n" in capsys.readouterr().out


def test_fails_in_one_line_for_a_profile_that_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    with pytest.raises(SystemExit) as caught:
        main(["adopt", "my-transform-job"])
    assert caught.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "The config profile (nowhere) could not be found" in line
    assert "check AWS_PROFILE" in line
