"""A case: a transform job, and what is known of its outcome."""

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
"""AWS says so; a job on AWS did so; it follows from those; nobody knows, and the case shows what this endpoint does."""


@dataclass(frozen=True)
class Expected:
    """What is known of the outcome; what is None or empty is not compared.

    `refused` is a part of the error's text, and then there is no job. `failure_reason` is how the
    FailureReason begins: the local AWS adds what happened on this machine. `outputs` are the objects below the
    output path, all of them; `matches` are they as regular expressions, of key and of body. `log` are lines
    of the data log, without their time. `<bucket>`, `<prefix>` and `<job>` stand for the case's own.
    `described` are members of DescribeTransformJob's answer, where None is a member that is not there.
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
    """One case.

    `settings` are members of CreateTransformJob's request by their own names, wherever they stand in it;
    S3Uri is below the case's own prefix. `model` is what the container is told (see `container/serve`).
    `register` is the question of the register of unknowns that it answers, such as `U11`.
    `completeness` says how much of the source is in the case, and what is ours; without it, everything is.
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
        """Nobody knows the outcome: no outcome is wrong."""
        return self.evidence == "unknown"

    @property
    def is_free(self) -> bool:
        """The request is refused at once, so no instance is started."""
        return self.expected.refused is not None


def load_cases(files: Iterable[Path] | None = None) -> tuple[Case, ...]:
    """Return the cases of JSON Lines files, the project's own by default.

    Raises InputError for anything that is not a case, and where there is none.
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
            ", ".join(map(str, places))
            or f"{CASES}, which has no *.jsonl file; install batch-transform again"
        )
        raise InputError(f"there is no case in {where}; a file of cases has one JSON object a line")
    ids = [case.id for case in cases]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise InputError(f"cases with the same id: {', '.join(twice)}")
    return tuple(cases)


def _text(path: Path) -> str:
    try:
        return read_file(path).decode()
    except OSError as error:
        raise InputError(f"{path}: a file of cases cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: a file of cases is UTF-8 text, and this is none: {error}") from error


_FIELDS = {each.name: each.default is MISSING for each in fields(Case)}
_MAY_MISS = ("inputs", "settings", "model", "expected")
_NEEDED = [name for name, is_needed in _FIELDS.items() if is_needed and name not in _MAY_MISS]
_OPTIONAL = [name for name in _FIELDS if name not in _NEEDED]
_EXPECTED = [each.name for each in fields(Expected)]
_SHAPE = (
    f"a case is a JSON object with the texts {', '.join(_NEEDED)}; it may have {', '.join(_OPTIONAL)}; "
    f"expected may have {', '.join(_EXPECTED)}"
)


def _case(line: str, where: str) -> Case:
    try:
        text = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}: no JSON: {error}; a file of cases has one JSON object a line") from error
    misfit = _misfit(text)
    if misfit:
        raise InputError(f"{where}: this is no case: {misfit}; {_SHAPE}")
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
            f"{where}: this is no case: a value has another form: {error}; a body is a text, a list of bodies, "
            '{"base64": text}, {"gzip": body} or {"repeat": text, "times": number}; an output may be {"same_as": input}'
        ) from error
    if case.evidence not in EVIDENCE:
        raise InputError(f"{where}: evidence {case.evidence!r} is none of {', '.join(EVIDENCE)}")
    return case


def _misfit(case: object) -> str | None:
    """Say what about the JSON is not as a case is."""
    if not isinstance(case, dict):
        return f"it is a JSON {type(case).__name__}"
    expected = case.get("expected", {})
    structures = [name for name in ("inputs", "settings", "model", "expected") if name in case]
    wrong = [
        *(f"{name} is missing" for name in _NEEDED if name not in case),
        *(f"{name} is no text" for name in _NEEDED if name in case and not isinstance(case[name], str)),
        *(f"{name} is no JSON object" for name in structures if not isinstance(case[name], dict)),
        *(f"there is no {name!r} in a case" for name in case if name not in _FIELDS),
    ]
    if isinstance(expected, dict):
        wrong += [f"there is no {name!r} in expected" for name in expected if name not in _EXPECTED]
    return ", ".join(wrong) or None


def _output(value: Any, inputs: Mapping[str, bytes]) -> bytes:  # noqa: ANN401  # any JSON
    """Return the bytes of an output: those of an input that it is the same as, or its own."""
    return inputs[value["same_as"]] if isinstance(value, dict) and "same_as" in value else _bytes(value)


def _bytes(value: Any) -> bytes:  # noqa: ANN401  # any JSON
    """Return the bytes that a case means: text, or `base64`, `gzip` of a text, `json`, or a list of parts."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return b"".join(map(_bytes, value))
    if "base64" in value:
        return base64.b64decode(value["base64"])
    if "gzip" in value:
        return gzip.compress(_bytes(value["gzip"]), mtime=0)
    return str(value["repeat"]).encode() * int(value["times"])
