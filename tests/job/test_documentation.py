"""The code accepts the examples on the pages about job files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.files.job_file import read_job_files
from batch_transform.job.filters.named_filters import with_paths
from batch_transform.job.values.job_spec import JobSpec
from tools.field_table import with_table

PROJECT = Path(__file__).resolve().parents[2]
PAGES = ("how-to/write-a-job-file", "how-to/start-runs", "reference/job-file")
PAGE = "\n".join((PROJECT / f"docs/{page}.md").read_text(encoding="utf-8") for page in PAGES)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """Return a folder for job files, next to the folders that the page mentions."""
    for model in ("churn", "prepare"):
        (tmp_path / f"models/{model}/code").mkdir(parents=True)
        (tmp_path / f"models/{model}/code/inference.py").touch()
    (tmp_path / "jobs").mkdir()
    return tmp_path / "jobs"


def read(folder: Path, text: str) -> JobSpec:
    path = folder / "job.yaml"
    path.write_text(text)
    files = read_job_files([path])
    assert files.problems == ()
    return files.jobs[0]


def test_the_table_of_fields_is_generated_from_the_declarations() -> None:
    assert with_table(PAGE) == PAGE, "to write it again: python -m tools.field_table"


def test_every_model_on_the_page_is_valid(jobs: Path) -> None:
    models = re.split(r"^(?=model:)", blocks("yaml")[0], flags=re.MULTILINE)[1:]
    assert len(models) == 6
    for model in models:
        assert read(jobs, f"name: churn\n{model}").model


def test_the_names_on_the_page_become_the_paths_next_to_them(jobs: Path) -> None:
    text = blocks("yaml")[1]
    paths = with_paths(read(jobs, f"name: churn\nmodel: {{existing: m}}\n{text}")).data_processing
    assert [paths.input_filter, paths.output_filter] == re.findall(r"Filter +(\S+)$", text, re.MULTILINE)


def test_the_json_fields_on_the_page_become_the_paths_next_to_them(jobs: Path) -> None:
    written = re.findall(r"^- `(\w+: \[.*?\])` is `(.*?)`", PAGE, re.MULTILINE)
    assert len(written) == 4
    for names, path in written:
        job = {
            "name": "churn",
            "model": {"existing": "m"},
            "input": {"content_type": "application/jsonlines", "split_type": "Line"},
            "output": {"accept": "application/jsonlines", "assemble_with": "Line"},
            "data_processing": {"join_source": "Input", **yaml.safe_load(names)},
        }
        paths = with_paths(read(jobs, yaml.safe_dump(job))).data_processing
        assert path in {paths.input_filter, paths.output_filter}


def test_the_python_code_on_the_page_runs_and_makes_the_state_machine() -> None:
    names: dict[str, object] = {}
    for block in blocks("python"):  # each builds on the previous ones
        exec(compile(block, "a page on job files", "exec"), names)  # noqa: S102 - our own page
    template = names["app"].synth().get_stack_by_name("Scoring").template  # type: ignore[attr-defined]
    machine, parent = (
        str(resource)
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
    )
    assert '"InputFilter":"$[1:]","JoinSource":"Input","OutputFilter":"$[0,-1]"' in machine
    assert ":states:::states:startExecution.sync:2" in parent


def test_the_triggers_and_settings_on_the_page_are_valid(jobs: Path) -> None:
    for text in blocks("yaml")[2:]:
        if text.startswith("environments:"):
            (jobs / "environments.yaml").write_text(f"{text}  prod: {{prefix: prod-}}\n")
            assert load_environments(jobs / "environments.yaml")
        else:
            assert read(jobs, f"name: churn\nmodel: {{existing: m}}\n{text}")
