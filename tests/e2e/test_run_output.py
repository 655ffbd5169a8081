"""What `run` says about its input and its result, with a real model on the local AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.project_copy import Project

JOB = """\
name: echo
model: {source: model, image: {framework: sklearn, version: 1.2-1}}
input: {content_type: application/jsonlines, split_type: Line}
data_processing: {join_source: JOIN}
output: {accept: application/jsonlines, assemble_with: Line}
"""
MODEL = """\
def model_fn(folder): return None
def transform_fn(model, data, content_type, accept):
    text = data if isinstance(data, str) else data.decode()
    return "".join(str(len(line)) + "\\n" for line in text.splitlines()), accept
"""
ONE_ANSWER = MODEL.replace('"".join(str(len(line)) + "\\n" for line in text.splitlines())', "'[9]'")


def write_job(folder: Path, join: str, code: str) -> str:
    (folder / "echo" / "model" / "code").mkdir(parents=True)
    (folder / "echo" / "model" / "code" / "inference.py").write_text(code)
    (folder / "echo" / "echo.yaml").write_text(JOB.replace("JOIN", join))
    return "echo/echo.yaml"


@pytest.mark.parametrize("hidden", [".ipynb_checkpoints/a-checkpoint.jsonl", ".a.jsonl.crc"])
def test_a_folder_is_scored_without_hidden_names_and_says_so(project: Project, hidden: str) -> None:
    job = write_job(project.folder, "Input", MODEL)
    data = project.folder / "echo" / "data"
    for name, record in (
        ("a.jsonl", '{"id":9007199254740993}'),
        ("day/b.jsonl", '{"id":2}'),
        (hidden, '{"id":3}'),
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(f"{record}\n")
    done = project.batch_transform("run", job, "--input", "echo/data")
    assert done.returncode == 0, done.stderr
    name = hidden.partition("/")[0] + ("/" if "/" in hidden else "")
    assert f"left out  1 name that begins with a dot: {name}; a sync to S3 takes it too" in done.stdout
    assert "first 2 rows of 2 files" in done.stdout
    assert '│ day/b.jsonl.out │ {"SageMakerOutput":8,"id":2}' in done.stdout
    assert "warning   the join changed numbers, such as 9007199254740993 to 9007199254740992: " in done.stdout


def test_one_answer_for_many_records_is_a_warning_at_the_end(project: Project) -> None:
    job = write_job(project.folder, "None", ONE_ANSWER)
    (project.folder / "echo" / "data.jsonl").write_text('{"id":1}\n{"id":2}\n{"id":3}\n')
    done = project.batch_transform("run", job, "--input", "echo/data.jsonl")
    assert done.returncode == 0, done.stderr
    assert "warning   3 records gave 1 line of result (in 1 of 1 file), so results no longer" in done.stdout
