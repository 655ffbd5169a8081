from __future__ import annotations

from pathlib import Path

import pytest

from batch_transform.job.errors import InputError, StandInsFileError
from batch_transform.job.files.stand_in import StandIn, found_in_sagemaker, read_stand_ins, with_stand_in
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec, ModelSpec

GROUP = "arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/churn"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "churn" / "code").mkdir(parents=True)
    (tmp_path / "churn" / "code" / "inference.py").write_text("")
    return tmp_path / "models.yaml"


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def problems(file: Path) -> list[str]:
    with pytest.raises(StandInsFileError) as refused:
        read_stand_ins(file)
    return [f"{problem.line} {problem.field}: {problem.message}" for problem in refused.value.problems]


def test_a_folder_is_relative_to_the_file(file: Path) -> None:
    written(
        file, "churn-v7: {source: churn, image: {framework: sklearn, version: 1.2-1}, env: {THRESHOLD: 0.5}}"
    )
    stand_in = StandIn(file.parent / "churn", FrameworkImage("sklearn", "1.2-1"), {"THRESHOLD": "0.5"})
    assert read_stand_ins(file) == {"churn-v7": stand_in}
    assert stand_in.environment == {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "THRESHOLD": "0.5",
    }


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (ModelSpec(existing="churn-v7"), "churn-v7"),
        (ModelSpec(endpoint="churn-live"), "churn-live"),
        (ModelSpec(package_group="churn"), "churn"),
        (ModelSpec(package_group=GROUP), "churn"),
        (ModelSpec(source=Path("churn")), None),
        (ModelSpec(artifact="s3://models/churn.tar.gz"), None),
    ],
)
def test_the_name_of_an_existing_model_endpoint_or_group_comes_from_the_job_file(
    model: ModelSpec, name: str | None
) -> None:
    assert found_in_sagemaker(model) == name


def test_the_model_of_a_job_is_replaced_by_its_stand_in(file: Path) -> None:
    written(file, "churn-v7: {source: churn, image: {framework: sklearn, version: 1.2-1}}")
    job = JobSpec("churn", ModelSpec(existing="churn-v7"))
    model = with_stand_in(job, file).model
    assert model == ModelSpec(source=file.parent / "churn", image=FrameworkImage("sklearn", "1.2-1"))


def test_a_job_whose_stack_defines_its_model_is_unchanged(file: Path) -> None:
    job = JobSpec("churn", ModelSpec(source=Path("churn"), image=FrameworkImage("sklearn", "1.2-1")))
    assert with_stand_in(job, None) is job


def test_fails_when_there_is_no_stand_in_for_the_model_of_the_job(file: Path) -> None:
    job = JobSpec("churn", ModelSpec(existing="churn-v7"))
    with pytest.raises(
        InputError, match=r"^churn-v7, the model of the job churn, .* pass that with --models, "
    ):
        with_stand_in(job, None)
    written(file, "churn-v6: {source: churn, image: {framework: sklearn, version: 1.2-1}}")
    with pytest.raises(InputError, match=r"add it to .*models\.yaml, for example churn-v7: {source: "):
        with_stand_in(job, file)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("v7: churn", "1 v7: must be a mapping with source and image; got 'churn'"),
        ("v7:\n  source: churn", "1 v7.image: is required"),
        (
            "v7:\n  source: none\n  image: {framework: sklearn, version: 1.2-1}",
            "2 v7.source: there is no folder",
        ),
        ("v7:\n  source: churn\n  image: {framework: sklearn, version: '9'}", "3 v7.image"),
        ("v7:\n  artifact: s3://a/b\n  image: a:1", "2 v7.artifact: there is no such field"),
        ("", "1 file: is empty; write at least the name of a model"),
        ("v7: {", "file: not valid YAML"),
    ],
)
def test_fails_with_each_problem_in_the_file(file: Path, text: str, problem: str) -> None:
    assert any(problem in found for found in problems(written(file, text)))
