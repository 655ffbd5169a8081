from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from batch_transform.explain.shown_request import shown_request
from batch_transform.job.errors import InputError, TransformJobError
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec, ModelSpec, TransformSpec
from batch_transform.preview.local_model import LocalModel, local_model
from patience import PATIENCE_SECONDS

SERVER = f"file://{Path(__file__).parents[1] / 'local' / 'model_folder'}"
CODE = """
def model_fn(model_dir):
    return open(model_dir + "/word.txt").read()

def transform_fn(model, data, content_type, accept):
    return "".join(model + line + "\\n" for line in data.splitlines()), accept
"""


def no_s3() -> Any:
    raise AssertionError("a model in a folder needs no client")


def ask(model: LocalModel, body: bytes) -> bytes:
    answer = model.invoker.invoke(body, content_type="text/csv", accept="text/csv", timeout=PATIENCE_SECONDS)
    assert answer.status == 200, answer.body
    return answer.body


def folder_with_code(folder: Path) -> Path:
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "inference.py").write_text(CODE)
    (folder / "word.txt").write_text("seen ")
    return folder


def test_a_folder_is_served_as_a_framework_container_would(tmp_path: Path) -> None:
    source = folder_with_code(tmp_path / "model")
    spec = JobSpec("demo", ModelSpec(source=source, image=FrameworkImage("sklearn", "1.2-1")))
    with local_model(spec, shown_request(spec).request, no_s3, None) as model:
        assert ask(model, b"1\n2\n") == b"seen 1\nseen 2\n"
        assert model.execution_parameters == {}
    files = sorted(path.relative_to(source).as_posix() for path in source.rglob("*"))
    assert files == ["code", "code/inference.py", "word.txt"]  # no other files are left behind


def test_an_archive_in_s3_is_downloaded(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(folder_with_code(tmp_path / "model"), arcname=".")

    class FakeS3:
        def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
            assert (Bucket, Key) == ("models", "m.tar.gz")
            return {"Body": io.BytesIO(packed.getvalue()), "ETag": "1"}

    spec = JobSpec("demo", ModelSpec(artifact="s3://models/m.tar.gz", image=FrameworkImage("pytorch", "2.5")))
    with local_model(spec, shown_request(spec).request, FakeS3, None) as model:
        assert ask(model, b"1\n") == b"seen 1\n"


def test_the_container_gets_the_jobs_environment_and_returns_its_parameters(tmp_path: Path) -> None:
    environment = {
        "BEHAVIOUR": "environment",
        "EXECUTION_PARAMETERS": '{"MaxPayloadInMB": 3}',
        "A": "model's",
    }
    spec = JobSpec(
        "demo",
        ModelSpec(source=tmp_path, image=SERVER, env=environment),
        transform=TransformSpec(env={"A": "job's"}, strategy="SingleRecord", max_payload=2),
    )
    with local_model(spec, shown_request(spec).request, no_s3, None) as model:
        seen = json.loads(ask(model, b""))
        assert model.execution_parameters == {"MaxPayloadInMB": 3}
    assert seen["A"] == "job's"
    assert seen["SAGEMAKER_BATCH"] == "true"
    assert seen["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"
    assert seen["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "2"
    assert "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS" not in seen


def test_fails_for_a_model_that_is_not_available_locally() -> None:
    with (
        pytest.raises(InputError, match="pass the answer with --answer"),
        local_model(JobSpec("demo", ModelSpec(existing="m")), {}, no_s3, None),
    ):
        pass


def test_fails_when_the_server_ends(tmp_path: Path) -> None:
    spec = JobSpec("demo", ModelSpec(source=tmp_path, image=SERVER, env={"BEHAVIOUR": "break"}))
    with (
        pytest.raises(TransformJobError, match="failed to respond to ping"),
        local_model(spec, shown_request(spec).request, no_s3, None),
    ):
        pass


def test_an_error_in_the_models_code_is_shown_even_if_the_container_responds_with_a_page(
    tmp_path: Path,
) -> None:
    source = folder_with_code(tmp_path / "model")
    (source / "code" / "inference.py").write_text(CODE.replace("data.splitlines()", "data.wrong()"))
    spec = JobSpec("demo", ModelSpec(source=source, image=FrameworkImage("sklearn", "1.2-1")))
    with local_model(spec, shown_request(spec).request, no_s3, None) as model:
        answer = model.invoker.invoke(
            b"1\n", content_type="text/csv", accept="text/csv", timeout=PATIENCE_SECONDS
        )
    assert answer.status == 500
    assert b"AttributeError: 'str' object has no attribute 'wrong'" in answer.body
