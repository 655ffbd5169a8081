"""The members of an execution's input that make it the retry of a run.

{"retry_of": "20261122T185011-32c3bd31"}     # score what has no result, into that run's output
{"retry_of": "…", "accept_changes": true}    # also with another model, other filters or other formats
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.job.errors import Problem, RunInputError
from batch_transform.job.values.wording import shown

RETRY_OF = "retry_of"
ACCEPT_CHANGES = "accept_changes"

_RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Retry:
    """A retry of the run with the id `run`. With `accepts_changes`, two definitions may make one output."""

    run: str
    accepts_changes: bool = False

    def as_input(self) -> dict[str, Any]:
        """Return the members of the execution's input."""
        return {RETRY_OF: self.run, **({ACCEPT_CHANGES: True} if self.accepts_changes else {})}


def retry_in(run_input: object) -> tuple[Retry | None, object]:
    """Return the retry that an execution's input asks for, None without one, and the input without its members.

    Raises RunInputError for a member that isn't what it should be.
    """
    if not isinstance(run_input, Mapping) or not {RETRY_OF, ACCEPT_CHANGES} & set(run_input):
        return None, run_input
    rest = {name: value for name, value in run_input.items() if name not in {RETRY_OF, ACCEPT_CHANGES}}
    run, accepts = run_input.get(RETRY_OF), run_input.get(ACCEPT_CHANGES, False)
    problems = []
    if RETRY_OF not in run_input:
        problems.append(
            Problem("retry-input", ACCEPT_CHANGES, f"is for a retry; name the run to retry in {RETRY_OF}")
        )
    elif not isinstance(run, str) or not _RUN_ID.fullmatch(run):
        message = f"must be the id of a run, such as 20261122T185011-32c3bd31; got {shown(run)}"
        problems.append(Problem("retry-input", RETRY_OF, message))
    if not isinstance(accepts, bool):
        problems.append(
            Problem("retry-input", ACCEPT_CHANGES, f"must be true or false; got {shown(accepts)}")
        )
    if problems:
        raise RunInputError(problems)
    return Retry(str(run), accepts), rest


def retried_run(run_input: object) -> str | None:
    """Return the id of the run that an execution retries; None if it retries none, or names none that could be."""
    try:
        retry, _ = retry_in(run_input)
    except RunInputError:
        return None
    return retry.run if retry else None
