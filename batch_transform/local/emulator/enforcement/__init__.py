"""IAM enforced: what AWS asks of roles, keys and policies beyond the call itself, asked here as well.

The emulator holds the policy of a caller, and of the resource, against the call. AWS asks for more: for the
role that is passed on, for the key that encrypts what is written, and for a permission of its own services,
which act with a role or as a service principal. Each module here asks for one of these, in the emulator's
way through the call, and only where IAM is enforced.
"""

from __future__ import annotations

from collections.abc import Mapping

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator.enforcement import (
    call_resources,
    deliveries,
    dependent_actions,
    functions,
    integrations,
    log_keys,
    machine_role,
    objects,
    permissions,
    topics_and_queues,
)
from batch_transform.local.emulator.enforcement.keys import KeyUse, refusal
from batch_transform.local.emulator.enforcement.permissions import denial


def plug_in(endpoint_url: str) -> None:
    """Ask for everything that AWS asks for. SageMaker and its integration are plugged in already."""
    permissions.plug_in()
    call_resources.plug_in()
    dependent_actions.plug_in()
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
