"""Fields that the job file will have, and what to write until then."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LaterField:
    """`instead` ends the sentence "not supported yet; ..."; `stands_for` is the field that it would set."""

    instead: str
    stands_for: str = ""


_EXISTING = "write model.existing with the name of a model that SageMaker has"
_FILTER_EXAMPLE = 'by index, such as "$[1:]" for all columns but the first'

LATER_FIELDS = {
    "model.endpoint": LaterField(_EXISTING, "model.existing"),
    "model.package_group": LaterField(_EXISTING, "model.existing"),
    "data_processing.send": LaterField(
        f"write data_processing.input_filter {_FILTER_EXAMPLE}", "data_processing.input_filter"
    ),
    "data_processing.send_except": LaterField(
        f"write data_processing.input_filter {_FILTER_EXAMPLE}", "data_processing.input_filter"
    ),
    "data_processing.keep": LaterField(
        'write data_processing.output_filter by index, such as "$[0,-1]" for the first and the last column',
        "data_processing.output_filter",
    ),
    "input.columns_from": LaterField("write the names in input.columns", "input.columns"),
    "triggers.on_upload": LaterField(
        "leave it out, and write triggers.schedule or start the job from the console or the command line"
    ),
    "notify": LaterField("leave it out; a run that fails ends in a FAILED execution of the state machine"),
}

# Fields that will take a list.
LATER_LISTS = {
    "transform.instance_type": "a list of instance types, to try one after the other, is not supported yet; "
    "write one instance type",
}
