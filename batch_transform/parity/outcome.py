"""Runs a case, and compares its outcome with the expected one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.parity.case import Case, Expected
from batch_transform.parity.endpoint import Endpoint, data_log, objects_below

_SHOWN = 160
"""The number of characters of an output in a table."""
_SHOWN_LINES = 3


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case: a refusal, or a job with its outputs and its log."""

    refused: str | None = None
    status: str | None = None
    failure_reason: str | None = None
    outputs: Mapping[str, bytes] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    described: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """A case with its outcome. `differences` is empty if the outcome is as expected, or unknown."""

    case: Case
    outcome: Outcome
    differences: tuple[str, ...]


def run_case(endpoint: Endpoint, case: Case) -> Result:
    """Upload the case's objects, run its job to the end, and compare the outcome."""
    for key, body in case.inputs.items():
        text = endpoint.filled(body.decode(), case).encode() if key.endswith(".manifest") else body
        endpoint.clients.s3.put_object(
            Bucket=endpoint.bucket, Key=f"{endpoint.prefix(case)}/{key}", Body=text
        )
    outcome = _outcome(endpoint, case)
    expected = _filled(endpoint, case)
    return Result(case, outcome, () if case.is_unknown else tuple(_differences(expected, outcome)))


def summary(outcome: Expected | Outcome) -> str:
    """Return an expected or an actual outcome as a short text for a table."""
    if outcome.refused is not None:
        return f"refused: {outcome.refused}"
    parts = [
        outcome.status or "",
        *(f"{key}: {_short(body)}" for key, body in (outcome.outputs or {}).items()),
    ]
    if isinstance(outcome, Expected):
        parts += [f"{key}: /{body}/" for key, body in outcome.matches.items()]
        parts += [outcome.failure_reason or "", *outcome.log]
        parts += [f"{name}: {value!r}" for name, value in outcome.described.items()]
    elif outcome.status != "Completed":
        parts += [outcome.failure_reason or "", *_what_broke(outcome.log)]
    return "\n".join(part for part in parts if part)


def _what_broke(log: tuple[str, ...]) -> list[str]:
    """Return the first lines of the data log about the failure, without the names of the objects."""
    about_objects = [line for line in log if not line.startswith("MaxConcurrentTransforms=")]
    return [line.partition(": ")[2] for line in about_objects[:_SHOWN_LINES]]


def _outcome(endpoint: Endpoint, case: Case) -> Outcome:
    sagemaker = endpoint.clients.sagemaker
    job = endpoint.job_name(case)
    try:
        sagemaker.create_transform_job(**endpoint.request(case))
    except ClientError as error:
        return Outcome(refused=f"{error.response['Error']['Code']}: {error.response['Error']['Message']}")
    described = sagemaker.describe_transform_job(TransformJobName=job)
    while described["TransformJobStatus"] in ("InProgress", "Stopping"):
        time.sleep(endpoint.poll)
        described = sagemaker.describe_transform_job(TransformJobName=job)
    wanted = _filled(endpoint, case).log
    lines = data_log(
        endpoint.clients.logs,
        job,
        is_enough=lambda lines: bool(lines) and set(wanted) <= set(lines),
        wait=endpoint.log_wait if wanted else 0.0,
    )
    outputs = objects_below(endpoint.clients.s3, endpoint.bucket, f"{endpoint.prefix(case)}/out/")
    return Outcome(
        status=described["TransformJobStatus"],
        failure_reason=described.get("FailureReason"),
        outputs=outputs,
        log=tuple(lines),
        described=described,
    )


def _filled(endpoint: Endpoint, case: Case) -> Expected:
    expected = case.expected
    return Expected(
        refused=endpoint.filled(expected.refused, case),
        status=expected.status,
        failure_reason=expected.failure_reason,
        outputs=expected.outputs,
        matches={
            endpoint.filled(key, case): endpoint.filled(body, case) for key, body in expected.matches.items()
        },
        log=tuple(endpoint.filled(line, case) for line in expected.log),
        described=endpoint.filled(expected.described, case),
    )


def _differences(expected: Expected, outcome: Outcome) -> Iterator[str]:
    """Yield each difference from the expected outcome."""
    if expected.refused is not None:
        if outcome.refused is None:
            yield "the request was not refused"
        elif expected.refused not in outcome.refused:
            yield f"refused with a different text: {outcome.refused}"
        return
    if outcome.refused is not None:
        yield f"refused: {outcome.refused}"
        return
    if expected.status not in (None, outcome.status):
        yield f"status {outcome.status!r}, not {expected.status!r}"
    if not (outcome.failure_reason or "").startswith(expected.failure_reason or ""):
        yield f"FailureReason {outcome.failure_reason!r}, not {expected.failure_reason!r}"
    yield from _other_outputs(expected.outputs, outcome.outputs)
    yield from _unmatched_outputs(expected.matches, outcome.outputs)
    yield from (f"the data log has no line {line!r}" for line in expected.log if line not in outcome.log)
    for member, value in expected.described.items():
        if outcome.described.get(member) != value:
            yield f"{member} is {outcome.described.get(member)!r}, not {value!r}"


def _other_outputs(expected: Mapping[str, bytes] | None, outputs: Mapping[str, bytes]) -> Iterator[str]:
    if expected is None:
        return
    for key in sorted({*expected, *outputs}):
        if expected.get(key) != outputs.get(key):
            yield f"{key}: {_short(outputs.get(key))}, not {_short(expected.get(key))}"


def _unmatched_outputs(matches: Mapping[str, str], outputs: Mapping[str, bytes]) -> Iterator[str]:
    left = dict(outputs) if matches else {}
    for key_pattern, body_pattern in matches.items():
        found = [key for key in left if re.fullmatch(key_pattern, key)]
        if not found:
            yield f"no output matches {key_pattern}"
        for key in found:
            body = left.pop(key)
            if not re.fullmatch(body_pattern, body.decode("utf-8", "backslashreplace")):
                yield f"{key}: {_short(body)} does not match {body_pattern}"
    yield from (f"{key}: {_short(body)}, not missing" for key, body in left.items())


def _short(body: bytes | None) -> str:
    if body is None:
        return "missing"
    text = repr(body.decode("utf-8", "backslashreplace"))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(body):,} bytes)"
