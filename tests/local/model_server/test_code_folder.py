"""How a scikit-learn or XGBoost container finds its code through SAGEMAKER_SUBMIT_DIRECTORY."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import TransformJobError
from batch_transform.local.model_server.archive import ModelArchives
from batch_transform.local.model_server.code_folder import CodeFolders
from fakes.archive import archive_of


class OneObject:
    """An S3 with one object."""

    def get_object(self, **address: str) -> dict[str, Any]:
        assert address == {"Bucket": "code", "Key": "churn/sourcedir.tar.gz"}
        return {"ETag": "1", "Body": io.BytesIO(archive_of({"predict.py": "S3"}))}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model with code in two folders, in an archive and at the top level."""
    folder = tmp_path / "model"
    for place in ("code", "serving/deep"):
        (folder / place).mkdir(parents=True)
        (folder / place / "predict.py").write_text(place)
    (folder / "predict.py").write_text("top")
    (folder / "sourcedir.tar.gz").write_bytes(archive_of({"predict.py": "packed"}))
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> CodeFolders:
    return CodeFolders(tmp_path / "code", ModelArchives(tmp_path / "models"))


def fetch(folders: CodeFolders, model: Path, place: str) -> Path:
    return folders.fetch(OneObject(), model, {"SAGEMAKER_SUBMIT_DIRECTORY": place})


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("/opt/ml/model/code", "code"),
        ("/opt/ml/model/code/", "code"),
        ("/opt/ml/model/serving/deep", "serving/deep"),
        ("/opt/ml/model", "top"),
        ("/opt/ml/model/predict.py", "top"),
        ("/opt/ml/model/sourcedir.tar.gz", "packed"),
        ("s3://code/churn/sourcedir.tar.gz", "S3"),
    ],
)
def test_the_code_is_a_copy_of_what_the_variable_names(
    folders: CodeFolders, model: Path, place: str, text: str
) -> None:
    code = fetch(folders, model, place)
    assert (code / "predict.py").read_text() == text
    assert not code.is_relative_to(model)
    assert fetch(folders, model, place) == code


@pytest.mark.parametrize("place", ["/opt/ml/code", "/opt/ml/code/"])
def test_the_containers_own_code_folder_is_empty(folders: CodeFolders, model: Path, place: str) -> None:
    assert list(fetch(folders, model, place).iterdir()) == []


@pytest.mark.parametrize(
    "place", ["", "/opt/ml/model/kode", "/opt/ml/models", "code", "/opt/ml/model/../../../etc", "/etc"]
)
def test_fails_for_a_place_that_the_container_does_not_have(
    folders: CodeFolders, model: Path, place: str
) -> None:
    with pytest.raises(
        TransformJobError, match="which does not exist in the container: set it to /opt/ml/model/code"
    ):
        fetch(folders, model, place)
