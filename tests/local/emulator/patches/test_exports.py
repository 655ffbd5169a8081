"""Exports that another stack imports, tested through CloudFormation's own API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "first"}}


class Pair:
    """A stack that exports the value of its parameter, and one that imports it."""

    def __init__(self, lab: Any, until: Callable[..., None]) -> None:
        self.exporter, self.importer = lab.name(), lab.name()
        self.export = f"{self.exporter}-value"
        self._cloudformation = lab.aws.client("cloudformation")
        self._until = until
        self.deploy(self.exporter, self.exporting("first"))

    def exporting(self, value: str, *, export: bool = True) -> dict[str, Any]:
        output = {"Value": value, **({"Export": {"Name": self.export}} if export else {})}
        parameter = {**PARAMETER, "Properties": {"Type": "String", "Value": value}}
        return {"Resources": {"Parameter": parameter}, "Outputs": {"Value": output}}

    def importing(self) -> dict[str, Any]:
        value = {"Fn::ImportValue": self.export}
        return {"Resources": {"Parameter": {**PARAMETER, "Properties": {"Type": "String", "Value": value}}}}

    def deploy(self, name: str, template: dict[str, Any]) -> str:
        """Return the final status of the stack."""
        there = [one["StackName"] for one in self._cloudformation.describe_stacks()["Stacks"]]
        act = self._cloudformation.update_stack if name in there else self._cloudformation.create_stack
        act(StackName=name, TemplateBody=json.dumps(template))
        self._until(lambda: not self.stack(name)["StackStatus"].endswith("_IN_PROGRESS"))
        return str(self.stack(name)["StackStatus"])

    def delete(self, name: str) -> None:
        self._cloudformation.delete_stack(StackName=name)
        listed = self._cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])
        self._until(
            lambda: name in [one["StackName"] for one in listed["StackSummaries"]] or not self.is_there(name)
        )

    def is_there(self, name: str) -> bool:
        return name in [one["StackName"] for one in self._cloudformation.describe_stacks()["Stacks"]]

    def stack(self, name: str) -> dict[str, Any]:
        return dict(self._cloudformation.describe_stacks(StackName=name)["Stacks"][0])

    def events(self, name: str) -> list[tuple[str, str, str]]:
        events = self._cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return [
            (event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason", ""))
            for event in reversed(events)
        ]


@pytest.fixture
def pair(lab: Any, until: Callable[..., None]) -> Pair:
    return Pair(lab, until)


def test_an_export_in_use_cannot_be_removed_and_nothing_changes(pair: Pair) -> None:
    pair.deploy(pair.importer, pair.importing())
    seen = len(pair.events(pair.exporter))
    status = pair.deploy(pair.exporter, pair.exporting("second", export=False))
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    why = f"Export {pair.export} cannot be deleted as it is in use by {pair.importer}"
    assert pair.events(pair.exporter)[seen:] == [
        (pair.exporter, "UPDATE_IN_PROGRESS", "User Initiated"),
        (pair.exporter, "UPDATE_ROLLBACK_IN_PROGRESS", why),
        (pair.exporter, "UPDATE_ROLLBACK_COMPLETE", ""),
    ]
    (output,) = pair.stack(pair.exporter)["Outputs"]
    assert (output["OutputValue"], output["ExportName"]) == ("first", pair.export)


def test_an_export_in_use_cannot_change_its_value(pair: Pair) -> None:
    pair.deploy(pair.importer, pair.importing())
    assert pair.deploy(pair.exporter, pair.exporting("second")) == "UPDATE_ROLLBACK_COMPLETE"
    why = f"Export {pair.export} cannot be updated as it is in use by {pair.importer}"
    assert why in [reason for _, _, reason in pair.events(pair.exporter)]


def test_a_stack_that_was_rolled_back_can_be_updated(pair: Pair) -> None:
    pair.deploy(pair.importer, pair.importing())
    pair.deploy(pair.exporter, pair.exporting("second", export=False))
    same = pair.exporting("first")
    same["Resources"]["Parameter"]["Properties"]["Description"] = "of the first"
    assert pair.deploy(pair.exporter, same) == "UPDATE_COMPLETE"


def test_an_export_that_nobody_imports_can_be_changed_and_removed(pair: Pair) -> None:
    assert pair.deploy(pair.exporter, pair.exporting("second")) == "UPDATE_COMPLETE"
    assert pair.deploy(pair.exporter, pair.exporting("second", export=False)) == "UPDATE_COMPLETE"


def test_an_export_can_be_removed_once_its_importer_is_deleted(pair: Pair) -> None:
    pair.deploy(pair.importer, pair.importing())
    pair.delete(pair.importer)
    assert pair.deploy(pair.exporter, pair.exporting("first", export=False)) == "UPDATE_COMPLETE"
