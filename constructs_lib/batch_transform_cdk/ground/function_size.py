"""How large a Lambda function of the workflow is, and how long the state that calls it waits."""

from __future__ import annotations

from dataclasses import dataclass

_LATER = 10


@dataclass(frozen=True)
class FunctionSize:
    """Memory in MB, and the timeout in seconds, 900 at most.

    Lambda gives a function CPU in proportion to its memory: one vCPU at 1,769 MB (Developer Guide, "Configure Lambda
    function memory").
    """

    memory_mb: int
    timeout_seconds: int

    @property
    def vcpus(self) -> float:
        """The share of CPU that Lambda gives this function."""
        return self.memory_mb / 1769

    @property
    def state_timeout_seconds(self) -> int:
        """TimeoutSeconds of the state that calls it: longer, so that the function's own error is reported."""
        return self.timeout_seconds + _LATER


FEW_CALLS = FunctionSize(memory_mb=256, timeout_seconds=180)
"""For a function that makes a few calls of AWS: it waits most of the time.

The worst call takes 110 seconds with all its retries (`lambda/shared/aws_client.py`): with a shorter timeout,
Lambda would end a function whose call could still succeed."""

LISTS_OBJECTS = FunctionSize(memory_mb=1769, timeout_seconds=900)
"""For a function that lists up to a million objects below a prefix, a thousand calls, and perhaps their results.

Parsing the answers is what takes CPU, and more than one vCPU wouldn't help one thread. The time is the longest that
Lambda gives. `make bench BENCH=functions` measures both."""

KEEPS_RECORD = LISTS_OBJECTS
"""For a function that lists the same objects, and may read all of them: one vCPU counts lines faster than it reads."""
