from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from batch_transform.cli.init import init
from batch_transform.cli.main import main
from batch_transform.job.errors import InputError
from batch_transform.scaffold.project_template import TEMPLATES

PROJECT = Path(__file__).resolve().parents[2]
PYTHON_APP = json.dumps({"app": "python3 app.py"})


def run(*arguments: str) -> Result:
    return CliRunner().invoke(init, arguments, catch_exceptions=False)


def refused(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["init", *arguments])
    assert ended.value.code == 2
    return capsys.readouterr().err


def commands(output: str) -> list[str]:
    """Return the next commands that the output suggests."""
    return [line.strip() for line in output.split("Next:")[1].splitlines() if line.strip()]


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "my-scoring"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_project_is_created_in_a_folder_with_that_name(here: Path) -> None:
    result = run("churn")
    assert result.exit_code == 0
    assert {"app.py", "cdk.json", "jobs/penguins.yaml", ".gitignore", "README.md"} <= everything_below(
        here / "churn"
    )
    assert result.output.startswith("Created the project churn, 16 files in churn.")
    assert commands(result.output) == [
        "cd churn",
        f"{python()} -m venv .venv",
        "source .venv/bin/activate",
        f"pip install -r requirements.txt{origin()}",
        TEMPLATES["scikit-learn"].run,
        "pytest",
        "npx aws-cdk@2 synth",
    ]


def python() -> str:
    """Return `python3`, which must be the Python of this test."""
    found = shutil.which("python3")
    assert found is not None
    done = subprocess.run(
        [found, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(sys.version_info[:2]), "run the tests in their environment"
    return "python3"


def origin() -> str:
    """Return the checkout that these tests run from, as an argument for pip; "" if installed from an index."""
    recorded = distribution("batch-transform").read_text("direct_url.json")
    return f" {shlex.quote(str(PROJECT))}" if recorded and PROJECT.as_uri() in recorded else ""


@pytest.mark.parametrize("arguments", [(), (".",)])
def test_a_project_in_the_current_folder_is_named_after_the_folder(
    here: Path, arguments: Sequence[str]
) -> None:
    (here / ".git").mkdir()
    result = run(*arguments)
    assert result.exit_code == 0
    assert "prefix: my-scoring-dev-" in (here / "environments.yaml").read_text()
    assert commands(result.output)[0] == f"{python()} -m venv .venv"


def test_an_existing_virtual_environment_is_used(here: Path) -> None:
    (here / ".venv").mkdir()
    assert commands(run().output)[:2] == [
        "source .venv/bin/activate",
        f"pip install -r requirements.txt{origin()}",
    ]


def test_a_python3_with_another_version_is_not_suggested(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").write_text("#!/bin/sh\necho 3.9\n")
    (tmp_path / "bin" / "python3").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    proposed, *options = shlex.split(commands(run().output)[0])
    assert options == ["-m", "venv", ".venv"]
    code = "import sys; print(sys.version_info[:2])"
    done = subprocess.run([proposed, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(sys.version_info[:2])
    assert (here / "app.py").is_file()


def test_a_folder_with_a_space_is_quoted_and_the_project_gets_another_name(here: Path) -> None:
    result = run("my folder", "--name", "churn")
    assert commands(result.output)[0] == "cd 'my folder'"
    assert "prefix: churn-" in (here / "my folder" / "environments.yaml").read_text()


def test_the_project_requires_this_release_or_a_compatible_one(here: Path) -> None:
    run("churn", "--template", "pytorch")
    requirements = (here / "churn" / "requirements.txt").read_text().splitlines()
    ours = version("batch-transform").partition("+")[0]
    assert requirements == [f"batch-transform[cdk,local]~={ours}", "pytest", "torch"]


def test_fails_with_all_files_that_already_exist(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "README.md").write_text("mine\n")
    (here / "data").write_text("a file\n")
    error = refused([], capsys)
    assert "nothing was written" in error
    assert "data" in error
    assert "README.md" in error
    assert everything_below(here) == {"README.md", "data"}
    assert (here / "README.md").read_text() == "mine\n"


def test_fails_for_a_folder_name_that_is_not_valid_for_stacks(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(["my_scoring"], capsys)
    assert "'my_scoring' can't be the name of the project" in error
    assert "such as --name my-scoring" in error
    assert everything_below(here) == set()


def test_fails_for_an_unknown_template(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "'scikit-learn', 'pytorch', 'existing-model', 'own-container'" in refused(
        ["churn", "--template", "tensorflow"], capsys
    )
    assert everything_below(here) == set()


def test_a_cdk_app_gets_the_job_and_the_output_says_what_to_add(here: Path) -> None:
    (here / "cdk.json").write_text(PYTHON_APP)
    (here / "app.py").write_text("import aws_cdk as cdk\n\napp = cdk.App()\napp.synth()\n")
    (here / "requirements.txt").write_text("aws-cdk-lib>=2.100\nPyTest==8.0\n")
    result = run()
    assert everything_below(here) == {
        "app.py",
        "cdk.json",
        "requirements.txt",
        "environments.yaml",
        "jobs/job.schema.json",
        "jobs/penguins.yaml",
        "models/penguins/code/inference.py",
        "models/penguins/parameters.json",
        "data/penguins.csv",
        "data/penguins-truth.csv",
        "tests/test_penguins.py",
        "training/penguins.csv",
        "training/train_penguins.py",
    }
    assert (here / "requirements.txt").read_text() == "aws-cdk-lib>=2.100\nPyTest==8.0\n"
    assert "Add to app.py, before app.synth():" in result.output
    assert "    add_job_stacks(app)" in result.output
    ours = version("batch-transform").partition("+")[0]
    added = result.output.split("Add to requirements.txt:")[1].split("Next:")[0].split()
    assert added == [f"batch-transform[cdk,local]~={ours}", "scikit-learn"]
    assert commands(result.output)[-2:] == ["pytest tests/test_penguins.py", "npx aws-cdk@2 synth"]


def test_a_project_made_by_init_can_get_another_job(here: Path) -> None:
    run()
    before = {name: (here / name).read_bytes() for name in everything_below(here)}
    result = run("--template", "pytorch")
    assert result.exit_code == 0
    assert "Add to app.py" not in result.output
    assert result.output.split("Add to requirements.txt:")[1].split("Next:")[0].split() == ["torch"]
    assert {name: (here / name).read_bytes() for name in before} == before
    assert (here / "jobs" / "tickets.yaml").is_file()


def test_a_cdk_app_with_environments_can_be_in_a_folder_with_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my_infrastructure"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "cdk.json").write_text(PYTHON_APP)
    with pytest.raises(InputError, match=r"such as --name my-infrastructure$"):
        run()
    (folder / "environments.yaml").write_text("environments: {prod: {}}\n")
    assert run().exit_code == 0
    assert (folder / "environments.yaml").read_text() == "environments: {prod: {}}\n"


def test_fails_for_a_job_that_the_cdk_app_already_has(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "cdk.json").write_text(PYTHON_APP)
    (here / "jobs").mkdir()
    (here / "jobs" / "penguins.yaml").write_text("mine\n")
    assert "jobs/penguins.yaml; move it away" in refused([], capsys)
    assert everything_below(here) == {"cdk.json", "jobs/penguins.yaml"}


@pytest.mark.parametrize("app", ["npx ts-node --prefer-ts-exts bin/app.ts", "mvn -e -q compile exec:java"])
def test_fails_for_a_cdk_app_in_another_language(
    here: Path, app: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "cdk.json").write_text(json.dumps({"app": app}))
    assert "require a CDK app in Python" in refused([], capsys)
    assert everything_below(here) == {"cdk.json"}


def test_fails_for_a_cdk_json_that_is_not_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "cdk.json").write_text("app: python3 app.py\n")
    assert "cdk.json is not a JSON object" in refused([], capsys)
    assert everything_below(here) == {"cdk.json"}
