"""A case: a transform job, and its known outcome."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from batch_transform.job.errors import InputError
from batch_transform.job.files.regular_file import read_file

CASES = Path(__file__).parent / "cases"
EVIDENCE = ("documented", "recorded", "inferred", "unknown")
"""AWS documents it; a job on AWS did it; it follows from these; or the outcome is unknown, and the case shows it."""


@dataclass(frozen=True)
class Expected:
    """The known outcome. Members that are None or empty are not compared.

    `refused` is a part of the error's text when the request is refused. `failure_reason` is the beginning of the
    FailureReason: the local AWS adds what happened on this machine. `outputs` are all objects below the output path;
    `matches` describes them by regular expressions, for the key and for the body. `log` has lines of the data log,
    without their time. `described` has members of DescribeTransformJob's answer; None means that the member is
    missing. `<bucket>`, `<prefix>` and `<job>` stand for the case's own.
    """

    refused: str | None = None
    status: str | None = None
    failure_reason: str | None = None
    outputs: Mapping[str, bytes] | None = None
    matches: Mapping[str, str] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    described: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A case.

    `settings` are members of CreateTransformJob's request by their own names, without their parents; S3Uri is below
    the case's own prefix. `model` configures the container (see `container/serve`). `register` is the entry in the
    register of unknowns that the case answers, such as `U11`. `completeness` says how much of the source is in the
    case, and what was added; None means that the case has everything.
    """

    id: str
    title: str
    evidence: str
    source: str
    inputs: Mapping[str, bytes]
    settings: Mapping[str, Any]
    model: Mapping[str, Any]
    expected: Expected
    register: str | None = None
    completeness: str | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether the outcome is unknown, so that no outcome is wrong."""
        return self.evidence == "unknown"

    @property
    def is_free(self) -> bool:
        """Whether the request is refused at once, so that no instance is started."""
        return self.expected.refused is not None


def load_cases(files: Iterable[Path] | None = None) -> tuple[Case, ...]:
    """Return the cases in JSON Lines files; by default, the project's own.

    Raises InputError for anything that isn't a case, and when there are no cases.
    """
    places = sorted(CASES.glob("*.jsonl")) if files is None else list(files)
    cases = [
        _case(line, f"{path}:{number}")
        for path in places
        for number, line in enumerate(_text(path).split("\n"), start=1)
        if line.strip()
    ]
    if not cases:
        where = (
            ", ".join(map(str, places)) or f"{CASES}, which has no *.jsonl file; reinstall batch-transform"
        )
        raise InputError(f"no cases in {where}; a file of cases has one JSON object per line")
    ids = [case.id for case in cases]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise InputError(f"several cases have the same id: {', '.join(twice)}")
    return tuple(cases)


def _text(path: Path) -> str:
    try:
        return read_file(path).decode()
    except OSError as error:
        raise InputError(f"{path}: the file of cases cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: a file of cases must be UTF-8 text: {error}") from error


_FIELDS = {each.name: each.default is MISSING for each in fields(Case)}
_OPTIONAL_IN_FILE = ("inputs", "settings", "model", "expected")
_NEEDED = [name for name, is_needed in _FIELDS.items() if is_needed and name not in _OPTIONAL_IN_FILE]
_OPTIONAL = [name for name in _FIELDS if name not in _NEEDED]
_EXPECTED = [each.name for each in fields(Expected)]
_SHAPE = (
    f"a case is a JSON object with the strings {', '.join(_NEEDED)} and, optionally, {', '.join(_OPTIONAL)}; "
    f"expected may have {', '.join(_EXPECTED)}"
)


def _case(line: str, where: str) -> Case:
    try:
        text = json.loads(line)
    except ValueError as error:
        raise InputError(
            f"{where}: not JSON: {error}; a file of cases has one JSON object per line"
        ) from error
    misfit = _misfit(text)
    if misfit:
        raise InputError(f"{where}: not a case: {misfit}; {_SHAPE}")
    try:
        inputs = {key: _bytes(value) for key, value in text.pop("inputs", {}).items()}
        expected = text.pop("expected", {})
        if "outputs" in expected:
            expected["outputs"] = {key: _output(value, inputs) for key, value in expected["outputs"].items()}
        case = Case(
            inputs=inputs,
            settings=text.pop("settings", {}),
            model=text.pop("model", {}),
            expected=Expected(**{**expected, "log": tuple(expected.get("log", ()))}),
            **text,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{where}: not a case: a value has the wrong form: {error}; a body is a string, a list of bodies, "
            '{"base64": string}, {"gzip": body} or {"repeat": string, "times": number}; an output may be '
            '{"same_as": input}'
        ) from error
    if case.evidence not in EVIDENCE:
        raise InputError(f"{where}: evidence must be one of {', '.join(EVIDENCE)}, not {case.evidence!r}")
    return case


def _misfit(case: object) -> str | None:
    """Describe how the JSON differs from a case; None if it doesn't."""
    if not isinstance(case, dict):
        return f"it is a {type(case).__name__}, not an object"
    expected = case.get("expected", {})
    structures = [name for name in ("inputs", "settings", "model", "expected") if name in case]
    wrong = [
        *(f"{name} is missing" for name in _NEEDED if name not in case),
        *(f"{name} is not a string" for name in _NEEDED if name in case and not isinstance(case[name], str)),
        *(f"{name} is not a JSON object" for name in structures if not isinstance(case[name], dict)),
        *(f"a case has no member {name!r}" for name in case if name not in _FIELDS),
    ]
    if isinstance(expected, dict):
        wrong += [f"expected has no member {name!r}" for name in expected if name not in _EXPECTED]
    return ", ".join(wrong) or None


def _output(value: Any, inputs: Mapping[str, bytes]) -> bytes:  # noqa: ANN401  # any JSON
    """Return the bytes of an output: its own, or those of the input named by `same_as`."""
    return inputs[value["same_as"]] if isinstance(value, dict) and "same_as" in value else _bytes(value)


def _bytes(value: Any) -> bytes:  # noqa: ANN401  # any JSON
    """Return the bytes of a body: a string, `base64`, `gzip` or `repeat`, or a list of bodies."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return b"".join(map(_bytes, value))
    if "base64" in value:
        return base64.b64decode(value["base64"])
    if "gzip" in value:
        return gzip.compress(_bytes(value["gzip"]), mtime=0)
    return str(value["repeat"]).encode() * int(value["times"])
