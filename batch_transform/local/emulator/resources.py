"""Adds resource types to the emulator's CloudFormation, and extends those that it has.

A ValueError fails the resource, with its text as the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types

Properties: TypeAlias = Mapping[str, Any]
Created: TypeAlias = tuple[str, dict[str, str]]
"""The physical id of a resource, and its attributes."""


def register(
    resource_type: str,
    *,
    create: Callable[[str, Properties, str], Created],
    delete: Callable[[str, Properties], None],
    update: Callable[[str, Properties, Properties, str], Created] | None = None,
    replacing: Sequence[str] = (),
) -> None:
    """Add a resource type, or replace the emulator's. A change to a `replacing` property replaces the resource."""
    handlers: dict[str, Callable[..., Any]] = {"create": create, "delete": delete}
    if update is not None:
        handlers["update"] = update
    provisioners._RESOURCE_HANDLERS[resource_type] = handlers
    if replacing:
        provisioners._REPLACING_PROPERTIES[resource_type] = tuple(replacing)


def check_properties(resource_type: str, check: Callable[[Properties], None]) -> None:
    """Check the properties before the emulator creates or updates a resource of this type."""
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    def create_checked(logical_id: str, properties: Properties, stack_name: str) -> Created:
        check(properties)
        created: Created = create(logical_id, properties, stack_name)
        return created

    def update_checked(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Created:  # noqa: ANN401  # the emulator's
        check(new)
        updated: Created = update(physical_id, old, new, *rest)
        return updated

    handlers["create"], handlers["update"] = create_checked, update_checked


def apply_properties(resource_type: str, apply: Callable[[str, Properties, Properties], None]) -> None:
    """After the emulator creates or updates a resource, call `apply` with its physical id, old and new properties."""
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    def create_and_apply(logical_id: str, properties: Properties, stack_name: str) -> Created:
        created: Created = create(logical_id, properties, stack_name)
        apply(created[0], {}, properties)
        return created

    def update_and_apply(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Created:  # noqa: ANN401  # the emulator's
        updated: Created = update(physical_id, old, new, *rest)
        apply(updated[0], old, new)
        return updated

    handlers["create"], handlers["update"] = create_and_apply, update_and_apply


def check_deletion(resource_type: str, check: Callable[[str], None]) -> None:
    """Check, before a resource of this type is deleted, that it may be: `check` gets its physical id."""
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    delete = handlers["delete"]

    def delete_checked(physical_id: str, properties: Properties) -> None:
        check(physical_id)
        delete(physical_id, properties)

    handlers["delete"] = delete_checked


def physical_name(stack_name: str, logical_id: str, longest: int) -> str:
    """Return the name that CloudFormation gives a resource without a name in its template."""
    name: str = provisioners._physical_name(stack_name, logical_id, max_len=longest)
    return name
