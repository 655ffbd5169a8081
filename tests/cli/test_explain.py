from __future__ import annotations

import json
from pathlib import Path

import pytest

from batch_transform.cli.main import main
from batch_transform.job.price.price import Price
from batch_transform.runs.prices import PriceCache

JOB = """\
name: churn
model: {existing: churn-model}
input: {data: s3://in-bucket/x/, content_type: text/csv, split_type: Line, columns: [id, age, plan]}
data_processing: {input_filter: "$[1:]", join_source: Input, output_filter: "$[0,-1]"}
output: {path: s3://out-bucket/x, accept: text/csv, assemble_with: Line}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a valid job and an invalid one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "churn.yaml").write_text(JOB)
    (tmp_path / "jobs" / "broken.yaml").write_text("name: broken\n")
    return tmp_path


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["explain", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize("job", ["churn", "jobs/churn.yaml"])
def test_a_job_is_found_by_name_and_by_file_next_to_an_invalid_one(
    job: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(job, "--records", "3600", "--rate", "1", "--price", "2") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "The model gets all columns except id: 2 columns, age and plan." in out
    assert "1 instance hour, which cost USD 2.00." in out
    assert "aws sagemaker create-transform-job \\\n    --transform-job-name churn-RUN-1" in out
    assert not [line for line in out.splitlines() if line.endswith(" ")]


def test_the_output_can_be_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("churn", "--json") == 0
    assert json.loads(capsys.readouterr().out)["job"] == "churn"


def test_a_price_that_was_learned_earlier_is_used_with_its_date(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    PriceCache().put(Price(0.5, "USD", "ml.m5.large", "eu-west-1", "2026-11-30", "AWS Price List"))
    assert exit_code("churn") == 0
    assert "The price is" not in capsys.readouterr().out  # the region isn't known
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert exit_code("churn") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "24 instance hours, which costs USD 12.00" in out
    assert "The price is USD 0.5 per hour for ml.m5.large in eu-west-1 (AWS Price List, 2026-11-30)." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope.yaml"], "error file-not-found"),
        (["jobs/broken.yaml"], "error missing-field: model"),
        (["nope"], "error missing-field: model"),
        (["churn", "--rate", "0"], "--rate"),
        (["churn", "--records", "-1"], "--records"),
        (["churn", "--price", "0"], "--price"),
    ],
)
def test_fails_with_2_for_wrong_input(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments) == 2
    assert message in capsys.readouterr().err


def test_fails_with_the_names_of_the_existing_jobs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "jobs" / "broken.yaml").unlink()
    assert exit_code("nope") == 2
    assert "no job file in jobs defines a job named nope; the jobs there: churn" in capsys.readouterr().err


def test_fails_if_there_is_no_folder_of_job_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder / "jobs")
    assert exit_code("churn") == 2
    assert "the job churn was not found, because there is no folder jobs here" in capsys.readouterr().err


def test_warnings_about_the_job_go_to_standard_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "risky.yaml").write_text(
        JOB.replace("columns: [id, age, plan]", "compression_type: Gzip").replace("in-bucket", "In_Bucket")
    )
    assert exit_code("risky.yaml") == 0
    assert "warning bucket-name-unusual" in capsys.readouterr().err


def test_a_job_is_explained_before_the_folder_of_its_model_exists(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = "model: {source: ../build/churn, image: {framework: sklearn, version: 1.2-1}}"
    (folder / "jobs" / "churn.yaml").write_text(JOB.replace("model: {existing: churn-model}", model))
    assert exit_code("churn") == 0
    out, err = capsys.readouterr()
    assert "The model gets all columns except id" in out
    assert (
        "jobs/churn.yaml:2:17: warning source-missing: model.source: '../build/churn' does not exist" in err
    )
