"""What the states have in common: retries of functions, pauses between status checks, and how an error is quoted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

State = dict[str, Any]
States = dict[str, State]

LAMBDA_RETRY = {
    "ErrorEquals": [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
    ],
    "IntervalSeconds": 2,
    "BackoffRate": 1.5,
    "MaxAttempts": 5,
    "JitterStrategy": "FULL",
}

_SHORTEST_PAUSE = 60
MOST_CHECKS = 1000


def pause_and_checks(total_seconds: int, *, most: int = MOST_CHECKS) -> tuple[int, int]:
    """Return the seconds between two status checks, and how many checks fill `total_seconds`.

    An execution has at most 25,000 events (Step Functions quotas) and a check adds about nine, so a thousand
    checks leave room for a second loop of this kind.
    """
    pause = max(_SHORTEST_PAUSE, math.ceil(total_seconds / most))
    return pause, math.ceil(total_seconds / pause)


LONGEST_QUOTED = 25_000
"""How many characters of an error are quoted. The Cause of a Fail state has at most 32,768 (API reference,
ExecutionFailedEventDetails), with the job, its file, its data and the next step."""


def literal(value: Any) -> Any:  # noqa: ANN401  # any JSON
    """Return a value that states pass on unchanged, whatever strings it contains.

    A string in `{% %}` would be evaluated, and one with only half of that refused (Developer Guide, "Transforming data
    with JSONata"). Such a string becomes an expression for itself; so does an empty one, which asl-validator refuses.
    """
    if isinstance(value, Mapping):
        return {name: literal(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [literal(item) for item in value]
    if isinstance(value, str) and (not value or value.startswith("{%") or value.endswith("%}")):
        quoted = json.dumps(value, ensure_ascii=False)
        return "{% " + quoted.replace("{%", '{" & "%').replace("%}", '%" & "}') + " %}"
    return value


def caught_error() -> State:
    """Return a caught error as a variable. A Cause may be missing, and an expression that reads it would fail."""
    return {"Error": "{% $states.errorOutput.Error %}", "Cause": "{% $states.errorOutput.Cause & '' %}"}


def message(cause: str, field: str) -> str:
    """Return an expression for the reason in a Cause: one field of a JSON document, or all of any other text.

    A Cause may be a document that was cut off at the service's limit. It is quoted up to LONGEST_QUOTED.
    """
    document = f"$substring({cause}, 0, 1) = '{{' and $substring({cause}, -1) = '}}'"
    said = f"$string({document} ? $parse({cause}).{field} : {cause})"
    return f"$substring({said}, 0, {LONGEST_QUOTED})"


THE_JOB = "'job ' & $job_name & ($job_file ? ' (' & $job_file & ')' : '')"
"""An expression: the job and its file, with which every cause starts."""

DATA_OF = "{variable}.TransformInput.DataSource.S3DataSource.S3Uri"
"""An expression to be formatted: the S3 URI of a request's data."""

JOB_FILE = "{% $job_file ? $job_file : '' %}"
"""An expression: the path of the job file, empty for a job defined in Python."""
