"""Fields that the job file will have, and what to write until then."""

from __future__ import annotations

# Field -> what ends the sentence "is not supported yet; ...".
LATER_FIELDS = {
    "triggers.on_upload": "leave it out, and write triggers.schedule or start the job from the console or the "
    "command line",
    "notify": "leave it out; a run that fails ends in a FAILED execution of the state machine",
}

# Fields that will take a list.
LATER_LISTS = {
    "transform.instance_type": "a list of instance types, to try one after the other, is not supported yet; "
    "write one instance type",
}
