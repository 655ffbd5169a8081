"""The model of every job here: its data decides what it does."""

import os
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

_HANGS = Path(tempfile.gettempdir()) / f"least-privilege-{os.getpid()}-hangs"
_REACHED = _HANGS.with_name(f"{_HANGS.name}-now")
_LOOK_SECONDS = 0.05

INFERENCE = f"""
import os
import time

def model_fn(model_dir):
    return None

def input_fn(data, content_type):
    return data if isinstance(data, str) else data.decode()

def predict_fn(data, model):
    if "bad" in data:
        raise ValueError("this record is bad")
    if "hang" in data:
        if os.path.exists({str(_HANGS)!r}):
            open({str(_REACHED)!r}, "w").close()
        until = time.monotonic() + 120
        while os.path.exists({str(_HANGS)!r}) and time.monotonic() < until:
            time.sleep({_LOOK_SECONDS})
    answers = ["9" * 9_000_000 if "big" in line else "1" for line in data.splitlines()]
    return [*answers, "2"] if "twice" in data else answers

def output_fn(prediction, accept):
    return "\\n".join(prediction) + "\\n", accept or "text/csv"
"""


@contextmanager
def hanging() -> Iterator[None]:
    """Let the model hang on data with `hang`, as long as the block runs.

    Its server handles one request at a time: a hanging request of a stopped job would block the next one.
    """
    _REACHED.unlink(missing_ok=True)
    _HANGS.touch()
    try:
        yield
    finally:
        _HANGS.unlink()
        time.sleep(5 * _LOOK_SECONDS)  # until the model has noticed
        _REACHED.unlink(missing_ok=True)


def hangs() -> bool:
    """Whether the model hangs at this moment, in the block of `hanging`."""
    return _REACHED.exists()


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
