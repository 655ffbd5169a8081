"""`batch-transform init`: creates a project, or adds a job to an existing CDK app."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import click

from batch_transform.job.errors import InputError
from batch_transform.job.values.wording import counted
from batch_transform.scaffold.new_file import write_all_new
from batch_transform.scaffold.project_template import (
    ENVIRONMENTS,
    SCHEMA,
    TEMPLATES,
    ProjectTemplate,
    schema,
)

_CDK_SETTINGS = "cdk.json"
_OTHER_LANGUAGES = re.compile(r"\b(npx|ts-node|tsx|node|mvn|gradlew?|dotnet|go)\b")
_SYNTH = "npx aws-cdk@2 synth"
_DEFAULT = next(iter(TEMPLATES))


@click.command(
    epilog="\b\nTemplates:\n"
    + "\n".join(f"  {name:<15} {template.title}" for name, template in TEMPLATES.items())
)
@click.argument("folder", required=False, default=Path(), type=click.Path(path_type=Path))
@click.option(
    "--template",
    "template_name",
    default=_DEFAULT,
    show_default=True,
    type=click.Choice(list(TEMPLATES)),
    help="The template to start from.",
)
@click.option("--name", help="The name of the project. Default: the name of the folder.")
def init(*, folder: Path, template_name: str, name: str | None) -> None:
    """Create a project in FOLDER: a CDK app with a job, a small model, data, a test and a CI workflow.

    FOLDER is created if it does not exist. Default: the current folder. If FOLDER has a CDK app, init adds the job to
    it, and prints what to add to the app's code. Existing files are never overwritten.
    """
    template = TEMPLATES[template_name]
    name = name or folder.resolve().name
    if (folder / _CDK_SETTINGS).exists():
        _add_job(folder, template, name)
    else:
        files = template.project(name)
        write_all_new(folder, files)
        what = f"{counted(len(files), 'file')} in {folder.resolve() if folder == Path() else folder}"
        click.echo(f"Created the project {name}, {what}. README.md explains them.")
        _say_next(folder, template, tests="")


def _add_job(folder: Path, template: ProjectTemplate, name: str) -> None:
    app = _app_of(folder)
    files = template.job_files()
    if not (folder / SCHEMA).exists():
        files[SCHEMA] = schema()
    if not (folder / ENVIRONMENTS).exists():
        files[ENVIRONMENTS] = template.environments(name)
    write_all_new(folder, files)
    click.echo(f"Added the job {template.job} to the CDK app in {folder.resolve()}:\n")
    for file in sorted(files):
        click.echo(f"    {file}")
    if "add_job_stacks" not in _text(folder / app):
        click.echo(
            f"\nAdd to {app}, before app.synth():\n\n"
            "    from batch_transform_cdk import add_job_stacks\n\n"
            "    add_job_stacks(app)  # the jobs in jobs/, in their own stack"
        )
    if missing := list(_missing_requirements(folder, template.requirements())):
        click.echo("\nAdd to requirements.txt:\n")
        for requirement in missing:
            click.echo(f"    {requirement}")
    _say_next(folder, template, tests=f" tests/test_{template.job}.py")


def _app_of(folder: Path) -> str:
    """Return the Python program that cdk.json names. Raises InputError if the app is in another language."""
    settings = folder / _CDK_SETTINGS
    try:
        command = str(json.loads(settings.read_text(encoding="utf-8")).get("app", ""))
    except (ValueError, AttributeError) as error:
        raise InputError(f"{settings} is not a JSON object, which the CDK requires: {error}") from error
    if found := re.search(r"[^\s\"']+\.py\b", command):
        return found[0]
    if _OTHER_LANGUAGES.search(command):
        raise InputError(
            f"{settings}: the app is started with {command!r}, but the constructs require a CDK app in Python; create "
            "a separate project: batch-transform init NAME"
        )
    return "app.py"


def _missing_requirements(folder: Path, requirements: Sequence[str]) -> Iterator[str]:
    """Yield the requirements whose packages are not in requirements.txt."""
    listed = {_package(line) for line in _text(folder / "requirements.txt").splitlines()}
    yield from (requirement for requirement in requirements if _package(requirement) not in listed)


def _package(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0].lower().replace("_", "-")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _say_next(folder: Path, template: ProjectTemplate, *, tests: str) -> None:
    """Print the next commands, in order, to paste into a shell in this folder."""
    steps = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    if not (folder / ".venv").exists():
        steps.append(f"{_python()} -m venv .venv")
    steps += [
        "source .venv/bin/activate",
        f"pip install -r requirements.txt{_own_origin()}",
        template.run,
        f"pytest{tests}",
        _SYNTH,
    ]
    click.echo("\nNext:\n")
    for step in steps:
        click.echo(f"    {step}")


def _own_origin() -> str:
    """Return the wheel or folder that this package was installed from, as an argument for pip; "" for an index."""
    recorded = distribution("batch-transform").read_text("direct_url.json")  # PEP 610
    url = urlsplit(json.loads(recorded)["url"]) if recorded else None
    if url is None or url.scheme != "file" or not Path(url2pathname(url.path)).exists():
        return ""
    return f" {shlex.quote(url2pathname(url.path))}"


def _python() -> str:
    """Return a command for the Python that runs this code, and the project: `python3` if that is the same one."""
    version = ".".join(map(str, sys.version_info[:2]))
    for name in ("python3", f"python{version}"):
        if (found := shutil.which(name)) and _version(found) == version:
            return name
    base = getattr(sys, "_base_executable", sys.executable)
    return shlex.quote(base)


def _version(python: str) -> str:
    code = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()
