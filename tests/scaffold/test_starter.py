from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from batch_transform.explain.explanation import explain
from batch_transform.job.errors import InputError
from batch_transform.job.files.job_file import load_job_file
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec
from batch_transform.scaffold.starter import Starter, problems_at, starter_text


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a model and a sample."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model" / "code").mkdir(parents=True)
    (tmp_path / "model" / "code" / "inference.py").touch()
    (tmp_path / "sample.csv").write_text("customer id,age,plan\n7,42,gold\n")
    return tmp_path


def written(starter: Starter) -> JobSpec:
    path = Path("jobs") / f"{starter.name}.yaml"
    text = starter_text(starter, path=path)
    assert [problem for problem in problems_at(path, text) if problem.is_error] == []
    path.write_text(text)
    return load_job_file(path)


def test_a_csv_job_keeps_the_id_by_name(folder: Path) -> None:
    starter = Starter("churn", "model", "sklearn:1.2-1", columns="sample.csv", id_name="customer id")
    spec = written(dataclasses.replace(starter, answer=("score", "label")))
    assert spec.model.source == folder / "model"
    assert spec.model.image == FrameworkImage("sklearn", "1.2-1")
    assert spec.input.columns == ("customer id", "age", "plan")
    steps = {step.name: step.words for step in explain(spec).record}
    assert steps["model gets"] == "The model gets all columns except customer id: 2 columns, age and plan."
    assert steps["kept"] == "The result keeps customer id, score and label."


@pytest.mark.parametrize("content_type", ["application/jsonlines", "application/json"])
def test_a_json_job_keeps_the_id_next_to_the_answer(content_type: str) -> None:
    spec = written(Starter("mails", "my-model", content_type=content_type, id_name="id"))
    request = explain(spec).shown.request
    assert request["DataProcessing"]["OutputFilter"] == "$['id','SageMakerOutput']"
    assert request["TransformOutput"]["Accept"] == content_type


def test_a_job_without_an_id_writes_the_answers_alone() -> None:
    spec = written(
        Starter("plain", "s3://models/m.tar.gz", image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1")
    )
    assert spec.model.artifact == "s3://models/m.tar.gz"
    assert spec.data_processing.join_source == "None"


def test_data_of_other_types_is_sent_as_whole_objects() -> None:
    spec = written(Starter("images", "my-model", content_type="image/png", data="s3://in-bucket/images/"))
    assert (spec.input.data, spec.input.split_type, spec.output.accept) == (
        "s3://in-bucket/images/",
        None,
        None,
    )


def test_the_file_names_its_schema_for_editors(folder: Path) -> None:
    starter = Starter("plain", "my-model")
    path = Path("jobs/plain.yaml")
    assert "$schema" not in starter_text(starter, path=path)
    (folder / "jobs").mkdir()
    (folder / "jobs" / "job.schema.json").touch()
    assert starter_text(starter, path=path).startswith("# yaml-language-server: $schema=job.schema.json\n")


@pytest.mark.parametrize(
    ("starter", "message"),
    [
        (Starter("a", "./nope"), r"there is no folder \./nope"),
        (Starter("a", "model"), "needs a container image"),
        (Starter("a", "m", id_name="id"), "the names of all columns are needed"),
        (Starter("a", "m", content_type="image/png", id_name="id"), "remove --id"),
        (Starter("a", "s3:///x"), "is not an S3 address"),
    ],
)
def test_fails_for_values_that_no_job_file_can_have(starter: Starter, message: str) -> None:
    with pytest.raises(InputError, match=message):
        starter_text(starter, path=Path("jobs/a.yaml"))


def test_problems_are_those_at_the_path_of_the_file(folder: Path) -> None:
    path = Path("jobs/a.yaml")
    written(Starter("other", "m"))
    text = starter_text(Starter("other", "model", image="sklearn:9.9"), path=path)
    assert {problem.code for problem in problems_at(path, text)} == {"image-unknown", "name-duplicate"}
    assert sorted(file.name for file in (folder / "jobs").iterdir()) == [
        "other.yaml"
    ]  # no file is left behind
