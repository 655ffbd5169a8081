from __future__ import annotations

import json
import re
import runpy
from pathlib import Path, PurePosixPath

import pytest
import yaml

from batch_transform.job.errors import InputError
from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.files.job_file import load_job_file, read_job_files
from batch_transform.job.files.job_schema import job_schema
from batch_transform.job.problems import problems
from batch_transform.job.values.environment import in_environment
from batch_transform.scaffold.new_file import write_all_new
from batch_transform.scaffold.project_template import TEMPLATES, ProjectTemplate

REPOSITORY = Path(__file__).resolve().parents[2]

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())


@every_template
def test_its_job_has_no_problem_in_any_of_its_environments(template: ProjectTemplate, tmp_path: Path) -> None:
    write_all_new(tmp_path / "project", template.project("my-scoring"))
    environments = load_environments(tmp_path / "project" / "environments.yaml")
    assert set(environments.by_name) == {"prod", "dev"}
    job_file = tmp_path / "project" / "jobs" / f"{template.job}.yaml"
    files = read_job_files([job_file], environments=list(environments.by_name.values()))
    assert files.problems == ()
    assert [job.name for job in files.jobs] == [template.job]


@every_template
def test_the_longest_name_is_legal_in_every_environment_and_a_longer_one_is_refused(
    template: ProjectTemplate, tmp_path: Path
) -> None:
    longest = "a" * template.longest_name
    write_all_new(tmp_path / "project", template.project(longest))
    job = load_job_file(tmp_path / "project" / "jobs" / f"{template.job}.yaml")
    environments = load_environments(tmp_path / "project" / "environments.yaml").by_name.values()
    names = [in_environment(job, environment).name for environment in environments]
    assert max(map(len, names)) == 32
    assert [problem for one in environments for problem in problems(in_environment(job, one))] == []
    with pytest.raises(
        InputError, match=f"at most {template.longest_name} letters, .* such as --name {longest}$"
    ):
        template.project(f"{longest}a")


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("my_scoring", "my-scoring"),
        ("2026-scoring", "scoring"),
        ("Bewertung für Kunden", "Bewertung-fur-Kunde"),
        ("-x-", "x"),
    ],
)
def test_fails_for_a_name_that_stacks_cannot_have_and_suggests_one(name: str, better: str) -> None:
    template = TEMPLATES["scikit-learn"]
    with pytest.raises(InputError, match=f"pass it with --name, such as --name {better}$"):
        template.project(name)
    assert template.project(better)


def test_fails_without_a_suggestion_for_a_name_without_letters() -> None:
    with pytest.raises(InputError, match=r"pass it with --name$"):
        TEMPLATES["scikit-learn"].project("12")


@pytest.mark.parametrize("name", ["no", "null", "e5", "true"])
def test_a_name_that_yaml_would_read_as_another_value_stays_a_name(name: str, tmp_path: Path) -> None:
    write_all_new(tmp_path / "project", TEMPLATES["scikit-learn"].project(name))
    prod = load_environments(tmp_path / "project" / "environments.yaml").named("prod")
    assert (prod.project, prod.prefix) == (name, f"{name}-")


@every_template
def test_every_file_in_its_readme_exists_and_every_placeholder_is_filled(
    template: ProjectTemplate,
) -> None:
    files = template.project("my-scoring")
    readme = files[PurePosixPath("README.md")].decode()
    table = readme.split("## What is where")[1].split("\n## ")[0]
    for name in re.findall(r"`([^`\s]+)`", "\n".join(row.split(" | ")[0] for row in table.splitlines())):
        assert any(f"{file}/".startswith(name.rstrip("/") + "/") for file in files), name
    assert "my-scoring" in readme
    assert template.run in readme
    assert "Deploy it" in readme
    for file in ("README.md", "environments.yaml", "requirements.txt", ".github/workflows/ci.yml"):
        assert not re.search(r"\$[a-z]", files[PurePosixPath(file)].decode()), file


@every_template
def test_it_mentions_nothing_from_this_repository(template: ProjectTemplate) -> None:
    for file, content in template.project("my-scoring").items():
        for word in (b"constructs_lib", b"make run", b"make test", b"stacks/", b"tumours"):
            assert file.name == "job.schema.json" or word not in content, f"{file}: {word!r}"


@every_template
def test_its_schema_and_feature_flags_are_those_of_this_release(template: ProjectTemplate) -> None:
    files = template.project("my-scoring")
    assert json.loads(files[PurePosixPath("jobs/job.schema.json")]) == job_schema()
    ours = json.loads((REPOSITORY / "cdk.json").read_text())
    theirs = json.loads(files[PurePosixPath("cdk.json")])
    assert theirs["context"] == ours["context"]
    assert theirs["app"] == "python3 app.py"


@every_template
def test_its_app_has_ten_lines_at_most(template: ProjectTemplate) -> None:
    assert len(template.project("my-scoring")[PurePosixPath("app.py")].splitlines()) <= 10


@every_template
def test_its_workflow_checks_the_project_and_deploys_nothing(template: ProjectTemplate) -> None:
    workflow = yaml.safe_load(template.project("my-scoring")[PurePosixPath(".github/workflows/ci.yml")])
    assert list(workflow["jobs"]) == ["check"]
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert steps == [
        "pip install -r requirements.txt",
        "batch-transform check",
        "pytest",
        "npx --yes aws-cdk@2 synth --quiet",
    ]


def test_the_models_and_data_are_those_that_the_training_writes(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the model of the template is trained with scikit-learn")
    write_all_new(tmp_path / "project", TEMPLATES["scikit-learn"].project("my-scoring"))
    parameters = tmp_path / "project" / "models" / "penguins" / "parameters.json"
    shipped = json.loads(parameters.read_text())
    data = {path.name: path.read_bytes() for path in (tmp_path / "project" / "data").iterdir()}
    runpy.run_path(str(tmp_path / "project" / "training" / "train_penguins.py"), run_name="__main__")
    trained = json.loads(parameters.read_text())
    assert {path.name: path.read_bytes() for path in (tmp_path / "project" / "data").iterdir()} == data
    assert trained["species"] == shipped["species"]
    for name in (
        "mean",
        "scale",
        "intercepts",
    ):  # results differ in the last digits between releases of scikit-learn
        assert trained[name] == pytest.approx(shipped[name], rel=1e-3)
    for ours, theirs in zip(trained["coefficients"], shipped["coefficients"], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-2)
