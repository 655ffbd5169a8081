from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from batch_transform.job.errors import DataNotFoundError, SynthError
from batch_transform.runs.app_command import app_command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    program = tmp_path / ".venv/bin/python"
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    return tmp_path


def words(folder: Path, app: object) -> tuple[str, ...]:
    (folder / "cdk.json").write_text(json.dumps({"app": app}))
    return app_command(folder).words


@pytest.mark.parametrize("program", ["python", "python3"])
def test_python_without_a_path_is_the_running_python_that_has_the_cdk(folder: Path, program: str) -> None:
    assert words(folder, f"{program} -m my.app") == (sys.executable, "-m", "my.app")


def test_a_program_with_a_path_is_looked_up_in_the_folder(folder: Path) -> None:
    own = str(folder.resolve() / ".venv/bin/python")
    assert words(folder, ".venv/bin/python 'my app.py'") == (own, "my app.py")


def test_any_other_program_is_looked_up_on_the_path(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "uv"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert words(folder, "uv run app.py") == (str(program), "run", "app.py")


def test_the_default_app_is_app_py(folder: Path) -> None:
    (folder / "app.py").touch()
    (folder / "cdk.json").write_text("{}")
    assert app_command(folder).words == (sys.executable, "app.py")


def test_the_context_comes_from_cdk_json_and_cached_lookups(folder: Path) -> None:
    (folder / "cdk.json").write_text('{"app": "python3 app.py", "context": {"flag": true, "zones": []}}')
    (folder / "cdk.context.json").write_text('{"zones": ["a"]}')
    assert app_command(folder).context == {"flag": True, "zones": ["a"]}


@pytest.mark.parametrize(
    "app", ["A=1 python3 app.py", "make model && python3 app.py", "python3 $APP", "python3 app.py | tee log"]
)
def test_fails_for_a_command_that_only_a_shell_can_run(folder: Path, app: str) -> None:
    with pytest.raises(SynthError, match="which only a shell can run; write a program and its arguments"):
        words(folder, app)


@pytest.mark.parametrize(
    ("app", "program"), [("nosuch app.py", "nosuch"), ("bin/python app.py", "bin/python")]
)
def test_fails_for_a_program_that_does_not_exist(folder: Path, app: str, program: str) -> None:
    with pytest.raises(SynthError, match=f"there is no program {program}; install it, or change app"):
        words(folder, app)


def test_fails_for_an_unclosed_quote(folder: Path) -> None:
    with pytest.raises(SynthError, match="which is not a valid command: No closing quotation"):
        words(folder, "python3 'app.py")


@pytest.mark.parametrize("app", [None, "", ["python3", "app.py"]])
def test_fails_without_a_command_and_suggests_one(folder: Path, app: object) -> None:
    with pytest.raises(DataNotFoundError, match=r'has no "app", .* such as "app": "python3 app.py"'):
        words(folder, app)


def test_fails_where_there_is_no_cdk_app(folder: Path) -> None:
    with pytest.raises(
        DataNotFoundError, match=r"has no cdk\.json: .* or create one with batch-transform init"
    ):
        app_command(folder)


def test_fails_for_a_context_that_is_not_an_object(folder: Path) -> None:
    (folder / "cdk.json").write_text('{"app": "python3 app.py", "context": []}')
    with pytest.raises(DataNotFoundError, match="context is not a JSON object"):
        app_command(folder)
