"""What started a run, read from the execution's input and name. What they don't say is unknown, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping

PARENT = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
"""The member that Step Functions' own integration adds to the input (Developer Guide, "Start executions")."""

_NAME = re.compile(r"(?P<prefix>start|schedule|upload)-(?P<rest>.+)")
_BY_PERSON = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}(?:-(?P<person>.+))?")


def started_by(execution_arn: str, run_input: object) -> dict[str, str | None]:
    """Return `Type`, one of Schedule, Upload, StateMachine, Person and Unknown, and `Name`, which may be None.

    - StateMachine: the input names the execution that started this one.
    - Schedule, Upload: the execution is named `schedule-ID`, `schedule-NAME-ID` or `upload-ID`, where the name is the
      schedule's.
    - Person: the execution is named as `batch-transform start` does, perhaps with the caller's name at its end.
    """
    if isinstance(run_input, Mapping) and isinstance(parent := run_input.get(PARENT), str):
        return {"Type": "StateMachine", "Name": parent}
    found = _NAME.fullmatch(execution_arn.rpartition(":")[2])
    if found is None:
        return {"Type": "Unknown", "Name": None}
    if found["prefix"] == "schedule":
        return {"Type": "Schedule", "Name": found["rest"].rpartition("-")[0] or None}
    if found["prefix"] == "upload":
        return {"Type": "Upload", "Name": None}
    person = _BY_PERSON.fullmatch(found["rest"])
    if person is None:
        return {"Type": "Unknown", "Name": None}
    return {"Type": "Person", "Name": person["person"]}
