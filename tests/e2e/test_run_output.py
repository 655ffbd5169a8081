"""What `run` says about its input and its result, with a real model on the local AWS."""

from __future__ import annotations

import json
import sys
from pathlib import Path

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


def test_a_folder_is_scored_without_hidden_names_and_says_so(project: Project) -> None:
    job = write_job(project.folder, "Input", MODEL)
    data = project.folder / "echo" / "data"
    for name, record in (
        ("a.jsonl", '{"id":9007199254740993}'),
        ("day/b.jsonl", '{"id":2}'),
        (".ipynb_checkpoints/a-checkpoint.jsonl", '{"id":3}'),
        (".a.jsonl.crc", '{"id":3}'),
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(f"{record}\n")
    done = project.batch_transform("run", job, "--input", "echo/data")
    assert done.returncode == 0, done.stderr
    hidden = ".a.jsonl.crc, .ipynb_checkpoints/"
    assert (
        f"left out  2 names that begin with a dot: {hidden}; aws s3 sync would upload them too" in done.stdout
    )
    assert "first 2 rows of 2 files" in done.stdout
    assert '│ day/b.jsonl.out │ {"SageMakerOutput":8,"id":2}' in done.stdout
    assert "warning   the join changed numbers, such as 9007199254740993 to 9007199254740992: " in done.stdout


def test_one_answer_for_many_records_is_a_warning_at_the_end(project: Project) -> None:
    job = write_job(project.folder, "None", ONE_ANSWER)
    (project.folder / "echo" / "data.jsonl").write_text('{"id":1}\n{"id":2}\n{"id":3}\n')
    done = project.batch_transform("run", job, "--input", "echo/data.jsonl")
    assert done.returncode == 0, done.stderr
    assert (
        "warning   3 records gave 1 line in the results (in 1 of 1 file), so results no longer" in done.stdout
    )


def test_a_run_is_compared_with_results_in_a_folder(project: Project) -> None:
    job = write_job(project.folder, "Input", MODEL)
    (project.folder / "echo/data.jsonl").write_text(
        "".join(f'{{"id":"k{number}"}}\n' for number in range(20))
    )
    before = project.folder / "before"
    before.mkdir()
    rows = [
        f'{{"SageMakerOutput":{12 if number < 10 else 13},"id":"k{number}"}}\n' for number in range(1, 21)
    ]
    (before / "data.jsonl.out").write_text("".join(rows))
    arguments = ("run", job, "--input", "echo/data.jsonl")
    refused = project.batch_transform(*arguments, "--max-changed", "1%")
    assert refused.returncode == 2
    assert "--tolerance and --max-changed need --compare-with RUN" in refused.stderr
    done = project.batch_transform(*arguments, "--compare-with", "before", "--max-changed", "10%")
    assert done.returncode == 1, done.stderr
    assert "19 keys in both runs" in done.stdout
    assert "of the keys changed in SageMakerOutput, more than --max-changed 10.000%" in done.stderr


SERVER = """\
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404)
    def do_POST(self):
        lines = self.rfile.read(int(self.headers["Content-Length"])).splitlines()
        self.answer(200, b"".join(b"%d\\n" % len(line) for line in lines))
ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


def test_a_custom_image_is_served_by_its_command_in_run_and_preview(project: Project) -> None:
    image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/churn:1"
    folder = project.folder / "echo"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "weights").write_text("1")
    (folder / "serve.py").write_text(SERVER)
    (folder / "images.json").write_text(json.dumps({image: [sys.executable, "serve.py"]}))
    (folder / "echo.yaml").write_text(
        JOB.replace("{framework: sklearn, version: 1.2-1}", image).replace("JOIN", "Input")
    )
    (folder / "data.jsonl").write_text('{"id":1}\n')
    given = ("echo/echo.yaml", "--input", "echo/data.jsonl", "--images", "echo/images.json")
    previewed = project.batch_transform("preview", *given, "--model")
    assert '  kept        {"SageMakerOutput":8,"id":1}\n' in previewed.stdout, previewed.stderr
    done = project.batch_transform("run", *given)
    assert done.returncode == 0, done.stderr
    assert '{"SageMakerOutput":8,"id":1}' in done.stdout
