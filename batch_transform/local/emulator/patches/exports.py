"""Exports that another stack imports: an update can neither remove one nor change its value.

CloudFormation User Guide, "Get exported outputs": "you can't modify or remove the output value while it is
referenced by an import". Texts and moments are from reported updates: a removed export ends the update before it
touches any resource (aws-cdk issue 8671), a changed value ends it after the resources (linz/geostore issue 630). A
template that computes the name of an export isn't checked for removals: the name isn't known before its resources are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from typing import Any

from ministack.services import cloudformation  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import changesets, handlers, stacks  # type: ignore[import-untyped]  # it has no types

Stack = Mapping[str, Any]
Exports = Mapping[str, Mapping[str, str]]

# The members of a stack that a rollback restores.
_AS_BEFORE = (
    "_template",
    "_resolved_params",
    "_template_body",
    "Parameters",
    "Tags",
    "Outputs",
    "_conditions",
)


def plug_in() -> None:
    """Check updates of stacks against what other stacks import."""
    deploy = stacks._deploy_stack_async
    resolve = stacks._resolve_stack_outputs

    @wraps(deploy)
    async def deployed(
        name: str,
        stack_id: str,
        template: Mapping[str, Any],
        *given: object,
        **named: Any,  # noqa: ANN401  # the emulator's
    ) -> None:
        before = named.get("previous_stack")
        reason = _removed_in_use(name, template, before) if before else None
        if before is not None and reason is not None:
            _roll_back(cloudformation._stacks[name], before, reason)
        else:
            await deploy(name, stack_id, template, *given, **named)

    @wraps(resolve)
    def resolved(outputs: Mapping[str, Any], *given: object) -> tuple[list[dict[str, str]], Exports]:
        found, exports = resolve(outputs, *given)
        if reason := _changed_in_use(exports):
            # any ValueError makes the emulator roll back, with its text as the reason
            raise ValueError(reason)
        return found, exports

    stacks._deploy_stack_async = handlers._deploy_stack_async = changesets._deploy_stack_async = deployed
    stacks._resolve_stack_outputs = resolved


def _removed_in_use(name: str, template: Mapping[str, Any], before: Stack) -> str | None:
    """Return the reason why the update can't start, or None: it removes an export that another stack imports."""
    left = [output["Export"]["Name"] for output in template.get("Outputs", {}).values() if "Export" in output]
    if not all(isinstance(one, str) for one in left):
        return None
    for output in before["Outputs"]:
        export = output.get("ExportName")
        if export and export not in left and (importers := _importers(export, name)):
            return f"Export {export} cannot be deleted as it is in use by {importers}"
    return None


def _changed_in_use(exports: Exports) -> str | None:
    """Return the reason why the update can't end, or None: it changes a value that another stack imports."""
    for export, now in exports.items():
        before = cloudformation._exports.get(export)
        if (
            before
            and before["Value"] != now["Value"]
            and (importers := _importers(export, before["StackId"]))
        ):
            return f"Export {export} cannot be updated as it is in use by {importers}"
    return None


def _importers(export: str, exporter: str) -> str:
    """Return the names of the stacks that import it, or "" if none does. `exporter` is a stack's name or id."""
    return " and ".join(
        sorted(
            name
            for name, stack in cloudformation._stacks.items()
            if exporter not in (name, stack["StackId"])
            and stack["StackStatus"] != "DELETE_COMPLETE"
            and export in handlers._imported_export_names(stack, name)
        )
    )


def _roll_back(stack: dict[str, Any], before: Stack, reason: str) -> None:
    stack.update({key: before[key] for key in _AS_BEFORE if key in before})
    for status, why in (("UPDATE_ROLLBACK_IN_PROGRESS", reason), ("UPDATE_ROLLBACK_COMPLETE", "")):
        stacks._add_event(
            stack["StackId"],
            stack["StackName"],
            stack["StackName"],
            "AWS::CloudFormation::Stack",
            status,
            why,
            stack["StackId"],
        )
    stack["StackStatusReason"] = reason
    stack["StackStatus"] = "UPDATE_ROLLBACK_COMPLETE"
