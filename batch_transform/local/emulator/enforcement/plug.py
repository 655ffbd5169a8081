"""All of it at once."""

from __future__ import annotations

from collections.abc import Mapping

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator import roles
from batch_transform.local.emulator.enforcement import (
    deliveries,
    functions,
    integrations,
    log_keys,
    machine_role,
    objects,
    pass_role,
    refusals,
    topics_and_queues,
    volume_key,
)
from batch_transform.local.emulator.enforcement.calls import refuse_calls
from batch_transform.local.emulator.enforcement.keys import KeyUse, refusal
from batch_transform.local.emulator.enforcement.permissions import denial
from batch_transform.local.emulator.service import NAME


def plug_in(endpoint_url: str) -> None:
    """Ask for everything that AWS asks for. SageMaker and its integration are plugged in already."""
    refusals.plug_in()
    pass_role.plug_in()
    refuse_calls(NAME, roles.refuse_tags)
    volume_key.plug_in()
    machine_role.plug_in()
    integrations.plug_in(endpoint_url)
    functions.plug_in()
    objects.plug_in()
    topics_and_queues.plug_in()
    log_keys.plug_in()
    deliveries.plug_in()


def require(access_key: str, action: str, resource: str, context: Mapping[str, str]) -> None:
    """Raise RefusedRequestError AccessDeniedException when the holder of the key may not; a key may be an alias."""
    if action.startswith("kms:"):
        refused = refusal(KeyUse(resource, action, "s3", {}), access_key)
        message = refused.message if refused else None
    else:
        denied = denial(access_key, action, resource, context)
        message = denied.message if denied else None
    if message is not None:
        raise RefusedRequestError("AccessDeniedException", message)
