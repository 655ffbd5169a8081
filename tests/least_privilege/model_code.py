"""The model of every job here: its data say what it does."""

import tarfile
from io import BytesIO
from pathlib import Path

INFERENCE = """
import time

def model_fn(model_dir):
    return None

def input_fn(data, content_type):
    return data if isinstance(data, str) else data.decode()

def predict_fn(data, model):
    if "bad" in data:
        raise ValueError("this record is bad")
    if "hang" in data:
        time.sleep(8)
    return ["9" * 9_000_000 if "big" in line else "1" for line in data.splitlines()]

def output_fn(prediction, accept):
    return "\\n".join(prediction) + "\\n", accept or "text/csv"
"""


def write_model(folder: Path) -> None:
    """Write the model's folder, to be packed by the stack."""
    (folder / "code").mkdir(parents=True)
    (folder / "code/inference.py").write_text(INFERENCE)


def archive() -> bytes:
    """Return `model.tar.gz`."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as model:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(INFERENCE.encode())
        model.addfile(member, BytesIO(INFERENCE.encode()))
    return packed.getvalue()
