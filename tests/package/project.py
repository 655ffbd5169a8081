"""The project of a user who installed batch-transform: a CDK app, a job file, a model's code and data."""

from __future__ import annotations

import json
from pathlib import Path

APP = """\
import aws_cdk as cdk
from batch_transform_cdk import add_job_stacks, add_security_checks

app = cdk.App()
add_job_stacks(app)
add_security_checks(app)
app.synth()
"""
JOB = """\
name: churn
model: {source: ../model, image: {framework: sklearn, version: 1.2-1}}
input: {content_type: text/csv, split_type: Line, columns: [id, age, plan]}
data_processing: {send_except: [id], join_source: Input, keep: [id, score]}
output: {accept: text/csv, assemble_with: Line, columns: [score]}
"""
CODE = """\
def model_fn(model_dir):
    return None

def input_fn(data, content_type):
    return (data if isinstance(data, str) else data.decode()).splitlines()

def predict_fn(rows, model):
    return [int(row.split(",")[0]) / 100 for row in rows]

def output_fn(scores, accept):
    return "".join(f"{score}\\n" for score in scores), accept
"""
ROWS = "a-1,42,gold\na-2,17,basic\n"
SCORES = "a-1,0.42\na-2,0.17\n"


def write_project(folder: Path) -> None:
    """Write the project."""
    for name, text in {
        "app.py": APP,
        "cdk.json": json.dumps({"app": "python app.py"}),
        "jobs/churn.yaml": JOB,
        "model/code/inference.py": CODE,
        "rows.csv": ROWS,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def cdk_out(folder: str) -> dict[str, str]:
    """Return the variable with which `python app.py` writes its cloud assembly to a folder."""
    return {"CDK_OUTDIR": folder}
