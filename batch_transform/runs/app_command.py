"""The command in `cdk.json` that runs the CDK app of a folder."""

from __future__ import annotations

import importlib.util
import json
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_transform.job.errors import DataNotFoundError, SynthError
from batch_transform.job.files.regular_file import read_file

_SHELL = frozenset({"&&", "||", "|", ";", "&", "<", ">", ">>"})
_ANY_PYTHON = frozenset({"python", "python3"})
_WITHOUT_APP = "python3 app.py"


@dataclass(frozen=True)
class AppCommand:
    """`text` is the command as written, `words` what is run, and `context` what `cdk` would pass to the app."""

    text: str
    words: tuple[str, ...]
    context: Mapping[str, Any]


def app_command(project: Path) -> AppCommand:
    """Return the command of the app in this folder, split so that it runs without a shell.

    `python` and `python3` without a path mean the Python that runs this code, if it has the CDK. Any other program is
    looked up as `cdk` would. If `cdk.json` has no `app`, the app is `app.py`. The context comes from `cdk.json` and
    from `cdk.context.json`, where the CDK caches its lookups.

    Raises DataNotFoundError if there is no app, and SynthError for a command that needs a shell.
    """
    file = project / "cdk.json"
    if not file.exists():
        raise DataNotFoundError(
            f"{project.resolve()} has no cdk.json: run this in the folder of a CDK app, or create one with "
            "batch-transform init"
        )
    settings = _object(file)
    kept = project / "cdk.context.json"
    context = {**_context(settings, file), **(_object(kept) if kept.exists() else {})}
    text = settings.get("app")
    if text is None and (project / "app.py").is_file():
        text = _WITHOUT_APP
    if not isinstance(text, str) or not text.strip():
        raise DataNotFoundError(
            f'{file} has no "app", the command that runs the CDK app; add it, such as "app": "{_WITHOUT_APP}"'
        )
    return AppCommand(text, _words(text, project), context)


def _words(text: str, project: Path) -> tuple[str, ...]:
    try:
        program, *arguments = shlex.split(text)
    except ValueError as error:
        raise SynthError(f"cdk.json: app is {text!r}, which is not a valid command: {error}") from error
    if "=" in program or "$" in text or "`" in text or _SHELL & set(arguments):
        raise SynthError(
            f"cdk.json: app is {text!r}, which only a shell can run; write a program and its arguments, such as "
            f'"{_WITHOUT_APP}", or name a script that does the rest'
        )
    if program in _ANY_PYTHON and importlib.util.find_spec("aws_cdk") is not None:
        return (sys.executable, *arguments)
    found = str(project.resolve() / program) if "/" in program else shutil.which(program)
    if found is None or shutil.which(found) is None:
        raise SynthError(
            f"cdk.json: app is {text!r}, but there is no program {program}; install it, or change app"
        )
    return (found, *arguments)


def _context(settings: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    context = settings.get("context", {})
    if not isinstance(context, dict):
        raise DataNotFoundError(f"{file}: context is not a JSON object, which the CDK requires")
    return context


def _object(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_file(file))
    except OSError as error:
        raise DataNotFoundError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DataNotFoundError(f"{file} is not a JSON object, which the CDK requires: {error}") from error
    if not isinstance(found, dict):
        raise DataNotFoundError(f"{file} is not a JSON object, which the CDK requires")
    return found
