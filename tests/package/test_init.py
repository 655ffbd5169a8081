"""`batch-transform init` from the wheel: its projects run, test and synthesize without the checkout."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from batch_transform.scaffold.project_template import TEMPLATES
from e2e.new_project import rows_in_readme
from package.clean import CleanEnvironment, Distributions
from package.wheelhouse import WHEELHOUSE

SYNTH = "npx aws-cdk@2 synth"
DEFAULT = "scikit-learn"
"""The template of a project without `--template`, whose printed commands are run."""


def printed(output: str) -> list[str]:
    """The commands that init prints as next steps."""
    return [line.strip() for line in output.split("Next:")[1].splitlines() if line.strip()]


def packages_of(template: str) -> Sequence[str]:
    """The packages in the project's requirements.txt, except batch-transform."""
    packages = TEMPLATES[template].requirements()[1:]
    if "torch" in packages and not list(WHEELHOUSE.glob("torch-*.whl")):
        pytest.skip(
            "needs PyTorch in the wheelhouse; tests/e2e/test_pytorch_example.py runs this project without it"
        )
    return packages


@pytest.mark.parametrize("template", [name for name in TEMPLATES if name != DEFAULT])
def test_a_project_runs_tests_and_synthesizes(
    clean_environment: CleanEnvironment, tmp_path: Path, template: str
) -> None:
    environment = clean_environment("cdk", "local", packages=packages_of(template))
    said = environment.run(
        "batch-transform", "init", "my-scoring", "--template", template, cwd=tmp_path
    ).stdout
    *_, run, test, _ = printed(said)
    project = tmp_path / "my-scoring"
    assert environment.run("batch-transform", "check", cwd=project).stdout.startswith("1 job file checked")
    shown = environment.run(*shlex.split(run), cwd=project).stdout
    assert "first 10 rows" in shown
    assert [line for line in rows_in_readme(project) if line not in shown] == []
    assert "2 passed" in environment.run(*shlex.split(test), cwd=project).stdout
    environment.run("cdk", "synth", "--quiet", cwd=project)
    require_checked_templates(project)


def test_the_printed_commands_work_as_they_are(
    clean_environment: CleanEnvironment, distributions: Distributions, tmp_path: Path
) -> None:
    """From an environment with only the core, as with `uvx --from batch-transform`; npx would need a network."""
    environment = clean_environment()
    commands = printed(environment.run("batch-transform", "init", "my-scoring", cwd=tmp_path).stdout)
    assert commands[-1] == SYNTH
    script = "\n".join(["set -e", *commands[:-1], "batch-transform check", "cdk synth --quiet"])
    links = f"{WHEELHOUSE} {distributions.pure.parent}"
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=tmp_path,
        # Python compiles the few modules that it imports itself, in less time than pip compiles all.
        env=environment.variables(PIP_NO_INDEX="1", PIP_FIND_LINKS=links, PIP_COMPILE="0"),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    project = tmp_path / "my-scoring"
    assert [line for line in rows_in_readme(project) if line not in done.stdout] == []
    assert "accuracy  97.1%: 67 of 69 rows" in done.stdout
    assert "2 passed" in done.stdout
    assert "1 job file checked" in done.stdout
    require_checked_templates(project)


def require_checked_templates(project: Path) -> None:
    """Require the templates that `cdk synth` wrote, and the report of their check."""
    assert (project / "cdk.out" / "BatchTransform.template.json").is_file()
    assert '"AwsSolutions"' in (project / "cdk.out" / "validation-report.json").read_text()
