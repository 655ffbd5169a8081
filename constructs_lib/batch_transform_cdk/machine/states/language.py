"""What the states have in common: their types, how often they look, and how they quote an error."""

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

LAMBDA_TIMEOUT_SECONDS = 60

_SHORTEST_PAUSE = 60
_MOST_LOOKS = 1000


def pause_and_looks(total_seconds: int) -> tuple[int, int]:
    """Return the seconds between two looks, and how many looks fill `total_seconds`.

    An execution has 25,000 events at most (Step Functions quotas) and a look makes about nine, so that a thousand
    looks leave room for a second loop of the kind.
    """
    pause = max(_SHORTEST_PAUSE, math.ceil(total_seconds / _MOST_LOOKS))
    return pause, math.ceil(total_seconds / pause)


LONGEST_QUOTED = 25_000
"""How many characters of an error are quoted: the Cause of a Fail state has 32,768 at most (API reference,
ExecutionFailedEventDetails), and with the job, its file, its data and the advice it must not be longer."""


def literal(value: Any) -> Any:  # noqa: ANN401  # any JSON
    """Return a value that states hand on as it is, whatever texts there are in it.

    A text in `{% %}` would be evaluated, and one with a half of it refused (Developer Guide, "Transforming data with
    JSONata"). Such a text becomes an expression for itself; so does an empty one, which asl-validator refuses.
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
    """Return a caught error as a variable: a Cause may be missing, and no expression may meet that."""
    return {"Error": "{% $states.errorOutput.Error %}", "Cause": "{% $states.errorOutput.Cause & '' %}"}


def message(cause: str, field: str) -> str:
    """Return an expression for what a Cause says: of a JSON document one field, of any other text all.

    A Cause may be a document that was cut off at the service's limit. It is quoted up to LONGEST_QUOTED.
    """
    document = f"$substring({cause}, 0, 1) = '{{' and $substring({cause}, -1) = '}}'"
    said = f"$string({document} ? $parse({cause}).{field} : {cause})"
    return f"$substring({said}, 0, {LONGEST_QUOTED})"


THE_JOB = "'job ' & $job & ($job_file ? ' (' & $job_file & ')' : '')"
"""An expression: the job and its file, as every cause begins."""

DATA_OF = "{variable}.TransformInput.DataSource.S3DataSource.S3Uri"
"""An expression, to be formatted: where the data of a request lie."""

JOB_FILE = "{% $job_file ? $job_file : '' %}"
"""The path of the job file, empty for a job made in Python."""
