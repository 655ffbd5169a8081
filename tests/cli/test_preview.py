from __future__ import annotations

import json
from pathlib import Path

import pytest

from batch_transform.cli.main import main

JOB = """\
name: churn
model: {existing: churn-model}
input: {content_type: text/csv, split_type: Line, columns: [id, age, plan]}
data_processing: {input_filter: "$[1:]", join_source: Input, output_filter: "$[0,-1]"}
output: {accept: text/csv, assemble_with: Line, columns: [score, label]}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a job and data for it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "churn.yaml").write_text(JOB)
    (tmp_path / "rows.csv").write_text("7,42,gold\n8,43,basic\n")
    return tmp_path


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["preview", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_each_step_of_a_record_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("churn", "--input", "rows.csv", "--answer", "0.9,yes") == 0
    out, err = capsys.readouterr()
    assert err == ""
    for line in (
        "  record      id: 7, age: 42, plan: gold",
        "  model gets  age: 42, plan: gold",
        "  answers     score: 0.9, label: yes",
        "  kept        id: 7, label: yes",
        "no problems in the 2 records",
    ):
        assert line in out.splitlines()
    assert "│ 8  │ yes   │" in out
    assert "request 1: 2 records, 17 bytes, less than 0.01% of the 6 MB limit" in out
    assert "all 2 take one request\n" in out


def test_the_jobs_own_model_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = folder / "jobs" / "model" / "code"
    code.mkdir(parents=True)
    (code / "inference.py").write_text(
        "def model_fn(folder): return None\n"
        "def transform_fn(model, data, content_type, accept):\n"
        "    return ''.join('0.5,%d\\n' % len(line) for line in data.splitlines()), accept\n"
    )
    model = "model: {source: model, image: {framework: sklearn, version: 1.2-1}}"
    (folder / "jobs" / "churn.yaml").write_text(JOB.replace("model: {existing: churn-model}", model))
    assert exit_code("churn", "--input", "rows.csv", "--model") == 0
    assert "  kept        id: 7, label: 7\n" in capsys.readouterr().out


def test_a_streamed_object_has_no_size_limit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs" / "churn.yaml").write_text(f"{JOB}transform: {{max_payload: 0}}\n")
    assert exit_code("churn", "--input", "rows.csv", "--answer", "0.9,yes") == 0
    out = capsys.readouterr().out
    assert "the whole object is streamed as one body; these records are 17 bytes of it\n" in out


def test_fails_with_2_and_the_lines_with_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "rows.csv").write_text('id,age,plan\n1,2,3\n\x1b[31m,4"5,6\n')
    assert exit_code("churn", "--input", "rows.csv") == 2
    out = capsys.readouterr().out
    assert "rows.csv:1: error csv-header: is a header line" in out
    assert "rows.csv:3: error csv-quotes: is not valid CSV: bare" in out
    assert "\x1b" not in out


OWN_IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/own:1"


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("{framework: sklearn, version: 1.2-1}", "error: no AWS credentials were found: sign in"),
        (OWN_IMAGE, f"the local AWS cannot run the image {OWN_IMAGE}"),
    ],
)
def test_fails_for_a_model_in_s3_that_cannot_be_served(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    image: str,
    message: str,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
    job = JOB.replace("{existing: churn-model}", f"{{artifact: s3://models/m.tar.gz, image: {image}}}")
    (folder / "jobs" / "churn.yaml").write_text(job)
    assert exit_code("churn", "--input", "rows.csv", "--model") in {1, 2}
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed


def test_the_output_can_be_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("churn", "--input", "rows.csv", "--answer", "0.9,yes", "-n", "1", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["records"] == [
        {"line": 1, "record": "7,42,gold", "sent": "42,gold", "answer": "0.9,yes", "result": "7,yes"}
    ]
    assert report["names"]["result"] == ["id", "label"]
    assert report["bodies"] == [{"size": 8, "records": 1}]
    assert report["checked_records"] == 2
    assert report["findings"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["churn"], "there is nothing to read"),
        (["churn", "--input", "nope.csv"], "there is no such file"),
        (["churn", "--input", "s3://"], "is not an S3 address"),
        (["churn", "--input", "rows.csv", "--model", "--answer", "x"], "keep one of them"),
        (["churn", "--input", "rows.csv", "--model"], "pass the answer with --answer"),
        (["churn", "--input", "rows.csv", "-n", "0"], "Invalid value for '-n'"),
        (["nope", "--input", "rows.csv"], "no job file in jobs defines a job named nope"),
    ],
)
def test_fails_with_2_for_wrong_input(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments) == 2
    assert message in capsys.readouterr().err


def model_code(folder: Path, code: str) -> None:
    (folder / "jobs" / "model" / "code").mkdir(parents=True)
    (folder / "jobs" / "model" / "code" / "inference.py").write_text(code)
    model = "model: {source: model, image: {framework: sklearn, version: 1.2-1}}"
    (folder / "jobs" / "churn.yaml").write_text(JOB.replace("model: {existing: churn-model}", model))


def test_fails_and_shows_the_traceback_of_the_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model_code(
        folder,
        "def model_fn(folder): return None\n"
        "def transform_fn(model, data, content_type, accept):\n    raise ValueError('no such plan')\n",
    )
    assert exit_code("churn", "--input", "rows.csv", "--model") == 2
    out = capsys.readouterr().out.splitlines()
    at = next(at for at, line in enumerate(out) if "record-fails" in line)
    assert out[at].startswith(
        "rows.csv:1: error record-fails: the model answered 500: ValueError: no such plan; "
    )
    assert "    Traceback (most recent call last):" in out[at:]
    assert "      answers     nothing (see below)".removeprefix("    ") in out


def test_fails_and_shows_why_a_model_does_not_start(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model_code(folder, "def model_fn(folder):\n    raise OSError('model.joblib is not there')\n")
    assert exit_code("churn", "--input", "rows.csv", "--model") == 1
    err = capsys.readouterr().err
    assert "the model did not start: AlgorithmError: Model container failed to respond to ping" in err
    assert "the last lines of its output:\n" in err
    assert "OSError: model.joblib is not there\n" in err


def test_a_field_can_be_overridden_as_in_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    override = ("--set", "data_processing.output_filter=$[-1]")
    assert exit_code("churn", "--input", "rows.csv", "--answer", "0.9,yes", *override) == 0
    assert "  kept        label: yes\n" in capsys.readouterr().out
    assert exit_code("churn", "--input", "rows.csv", "--set", "data_processing.output_filter=$[") == 2
    assert "data_processing.output_filter" in capsys.readouterr().err


def test_fails_for_an_address_that_lacks_a_slash(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("churn", "--input", "s3:/rows/a.csv", "--answer", "1,2") == 2
    assert "--input s3:/rows/a.csv is neither a file nor an S3 URI: write s3://BUCKET/KEY" in " ".join(
        capsys.readouterr().err.split()
    )
