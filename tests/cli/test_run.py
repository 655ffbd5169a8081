"""`batch-transform run`: what it refuses before anything is synthesized or started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from batch_transform.cli.main import main

JOB = """
name: churn
model: {artifact: s3://models/m.tar.gz, image: {framework: sklearn, version: 1.2-1}}
input: {content_type: text/csv, split_type: Line}
output: {accept: text/csv, assemble_with: Line}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a job and an input, without an app: a synth would fail."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/churn.yaml").write_text(JOB)
    (tmp_path / "a.csv").write_text("1,2\n")
    return tmp_path


@pytest.mark.usefixtures("project")
def test_fails_at_once_if_the_port_is_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            main(["run", "churn", "--input", "a.csv", "--port", str(port)])
    out, err = capsys.readouterr()
    assert f"port {port} of 127.0.0.1 is in use" in " ".join(err.split())
    assert (ended.value.code, out) == (2, "")


def test_the_time_for_a_models_first_ping_can_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert "--ping-timeout" in capsys.readouterr().out
