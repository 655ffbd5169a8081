from __future__ import annotations

from pathlib import Path

import pytest

from batch_transform.job.errors import InputError, TransformJobError
from batch_transform.local.model_server.image import Command, Images, RunningServer

SKLEARN = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:8080/", "http://[::1]:8080"])
def test_an_address_is_a_running_server(url: str) -> None:
    assert Images().server(url) == RunningServer(url.rstrip("/"))


def test_fails_when_the_server_is_on_another_machine() -> None:
    with pytest.raises(
        TransformJobError, match=r"^ClientError: the image http://example.com:80 is on another machine"
    ):
        Images().server("http://example.com:80")


def test_a_folder_is_its_executable_serve(tmp_path: Path) -> None:
    folder = tmp_path / "a model"
    folder.mkdir()
    (folder / "serve").touch(0o755)
    assert Images().server(folder.as_uri()) == Command((str(folder / "serve"),), folder)


def test_fails_when_the_folder_has_no_executable_serve(tmp_path: Path) -> None:
    with pytest.raises(TransformJobError, match=r"^ClientError: /.*/serve does not exist: the image file://"):
        Images().server(tmp_path.as_uri())
    (tmp_path / "serve").touch(0o644)
    with pytest.raises(TransformJobError, match=r"/serve is not executable \(chmod \+x\)"):
        Images().server(tmp_path.as_uri())


@pytest.mark.parametrize(
    ("image", "framework", "tag"),
    [
        (SKLEARN, "sklearn", "1.2-1-cpu-py3"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "xgboost", "1.7-1"),
        (
            "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-inference:2.6.0-cpu-py312",
            "pytorch",
            "2.6.0-cpu-py312",
        ),
        ("763104351884.dkr.ecr.us-west-2.amazonaws.com/pytorch-inference@sha256:abc", "pytorch", ""),
    ],
)
def test_a_framework_image_is_our_own_server_with_the_framework_and_the_tag(
    image: str, framework: str, tag: str
) -> None:
    server = Images().server(image)
    assert isinstance(server, Command)
    assert server.arguments[-3:] == ("batch_transform.local.framework", framework, tag)


def test_fails_saying_what_to_map_when_nothing_serves_an_image() -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/churn:1"
    with pytest.raises(
        TransformJobError, match=r"^ClientError: the local AWS cannot run the image"
    ) as failed:
        Images().server(image)
    assert f'a file that you name with --images, for example {{"{image}": ["python", "serve.py"]}}' in str(
        failed.value
    )


@pytest.mark.parametrize(
    "text", ['"my/churn:1": [python, serve.py]', '{"my/churn:1": ["python", "serve.py"]}']
)
def test_a_mapped_command_is_run_in_the_folder_of_the_mapping(tmp_path: Path, text: str) -> None:
    mapping = tmp_path / "images.yaml"
    mapping.write_text(text)
    assert Images(mapping).server("my/churn:1") == Command(("python", "serve.py"), tmp_path.resolve())


def test_a_mapping_overrides_the_defaults(tmp_path: Path) -> None:
    mapping = tmp_path / "images.yaml"
    mapping.write_text(f'"{SKLEARN}": http://127.0.0.1:9000')
    assert Images(mapping).server(SKLEARN) == RunningServer("http://127.0.0.1:9000")


@pytest.mark.parametrize("text", ["[]", "a: {}", "a: []", "a: [1]", "a: ftp://x", "a: python serve.py"])
def test_fails_when_the_mapping_has_the_wrong_form(tmp_path: Path, text: str) -> None:
    mapping = tmp_path / "images.yaml"
    mapping.write_text(text)
    if text == "[]":  # nothing is mapped: an empty file is fine
        Images(mapping)
    else:
        with pytest.raises(InputError, match=str(mapping)):
            Images(mapping)
