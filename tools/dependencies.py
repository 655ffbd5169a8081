"""What is installed where: pyproject.toml names what each environment needs, dependencies.lock pins all of it.

    python tools/dependencies.py lock [--upgrade]                    # after a change of pyproject.toml: `make lock`
    python tools/dependencies.py install --extra cdk --group test    # into the Python that runs this
    python tools/dependencies.py environment moto                    # a group that conflicts with ours, in build/moto
    python tools/dependencies.py pins moto                           # in pip's form, for other tools

The project's own environment has the extras and the groups that are listed below. Each other group of pyproject.toml is
an environment of its own, since it needs other releases of packages that we need too. The lock has a section for each
environment, for every Python and platform that we support: pip and uv pick the lines whose markers fit.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "dependencies.lock"
REQUIREMENTS = ROOT / "requirements.txt"  # for `pip install` before a plain `cdk deploy`

PROJECT = "project"
PROJECT_EXTRAS = ("cdk", "compare", "local")
PROJECT_GROUPS = ("examples", "frameworks", "lint", "test")

LOCK_HEAD = """\
# Every package that an environment of this repository may have, pinned. `make lock` writes this file and
# requirements.txt from pyproject.toml, and keeps each pin that still fits; `make lock UPGRADE=1` takes the newest.
"""
REQUIREMENTS_HEAD = """\
# What `cdk synth` and `cdk deploy` need, and no more. `make lock` writes this file from pyproject.toml.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description="Pin and install what the environments of this repository need."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    lock_command = commands.add_parser("lock", help="write dependencies.lock and requirements.txt")
    lock_command.add_argument("--upgrade", action="store_true", help="take the newest releases")
    install_command = commands.add_parser(
        "install", help="install the project and its tools into the Python that runs this"
    )
    install_command.add_argument("--extra", action="append", default=[], choices=PROJECT_EXTRAS)
    install_command.add_argument("--group", action="append", default=[], choices=PROJECT_GROUPS)
    environment_command = commands.add_parser("environment", help="make or update build/NAME")
    environment_command.add_argument("name", nargs="+", choices=own_environments())
    pins_command = commands.add_parser("pins", help="print what is pinned, in pip's form")
    pins_command.add_argument("name", choices=[PROJECT, *own_environments()])
    asked = parser.parse_args(arguments)
    if asked.command == "lock":
        lock(upgrade=asked.upgrade)
    elif asked.command == "install":
        install(asked.extra, asked.group)
    elif asked.command == "environment":
        for name in asked.name:
            make_environment(name)
    else:
        print(*pinned(asked.name), sep="\n")  # noqa: T201  # what this command is for


def declared() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def own_environments() -> list[str]:
    """Return the groups that are environments of their own."""
    return sorted(set(declared()["dependency-groups"]) - set(PROJECT_GROUPS))


def pinned(environment: str) -> list[str]:
    """Return the lines of the lock for an environment."""
    lines: list[str] = tomllib.loads(LOCK.read_text(encoding="utf-8"))[environment] if LOCK.exists() else []
    return lines


# Lock


def lock(*, upgrade: bool) -> None:
    project = [f"--extra={extra}" for extra in PROJECT_EXTRAS] + [
        f"--group={group}" for group in PROJECT_GROUPS
    ]
    sections = {PROJECT: _resolved(["pyproject.toml", *project], [] if upgrade else pinned(PROJECT))}
    for name in own_environments():
        sections[name] = _resolved([f"--group={name}"], [] if upgrade else pinned(name))
    with _file(sections[PROJECT]) as constraints:
        for_cdk = _resolved(["pyproject.toml", "--extra=cdk", f"--constraint={constraints}"], [])
    LOCK.write_text(LOCK_HEAD + "".join(_section(name, lines) for name, lines in sections.items()), "utf-8")
    REQUIREMENTS.write_text(REQUIREMENTS_HEAD + "".join(f"{line}\n" for line in for_cdk), "utf-8")


def _resolved(wanted: Sequence[str], preferred: Sequence[str]) -> list[str]:
    """Return a release of each package that is wanted, directly or not; those preferred where they fit."""
    oldest_python = declared()["project"]["requires-python"].removeprefix(">=").partition(",")[0]
    with _file(preferred) as output:
        command = [_uv(), "pip", "compile", "--quiet", "--universal"]
        form = ["--fork-strategy=fewest", "--no-header", "--no-annotate", "--no-emit-index-url"]
        subprocess.run(
            [*command, *form, f"--python-version={oldest_python}", f"--output-file={output}", *wanted],
            cwd=ROOT,
            check=True,
        )
        return output.read_text(encoding="utf-8").splitlines()


def _section(name: str, lines: Sequence[str]) -> str:
    """Write a section in TOML, a package a line."""
    return f"\n{name} = [\n" + "".join(f'    "{line}",\n' for line in lines) + "]\n"


# Install


def install(extras: Sequence[str], groups: Sequence[str]) -> None:
    """Install groups, and the project with extras, editable, all at what is pinned."""
    requirements = [line for group in groups for line in declared()["dependency-groups"][group]]
    if extras:
        requirements += ["--editable", f"{ROOT}[{','.join(extras)}]"]
    with _file(pinned(PROJECT)) as constraints:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--quiet"]
        if not extras:
            pip.append("--no-compile")  # of PyTorch little is imported, and Python compiles that itself
        subprocess.run([*pip, f"--constraint={constraints}", *requirements], check=True)


def make_environment(name: str) -> None:
    """Make build/NAME with what is pinned for it, unless it is there."""
    folder, lines = ROOT / "build" / name, pinned(name)
    stamp = folder / ".pins"
    if stamp.exists() and stamp.read_text(encoding="utf-8").splitlines() == lines:
        return
    print(f"installing {name} into build/{name}", file=sys.stderr)  # noqa: T201  # it takes a while
    uv = [_uv(), "--quiet", "--system-certs"]  # pip needs several times as long for these gigabytes
    subprocess.run([*uv, "venv", "--clear", f"--python={sys.executable}", str(folder)], check=True)
    with _file(lines) as requirements:
        install_pinned = [
            "pip",
            "install",
            f"--python={folder}",
            "--no-deps",
            f"--requirement={requirements}",
        ]
        subprocess.run([*uv, *install_pinned], check=True)
    stamp.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _uv() -> str:
    """Return the program, of the group `test`."""
    return str(Path(sys.executable).with_name("uv"))


@contextmanager
def _file(lines: Sequence[str]) -> Iterator[Path]:
    """Write lines for a tool that reads a file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "requirements.txt")
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        yield file


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)  # the tool has printed why
