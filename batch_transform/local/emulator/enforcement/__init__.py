"""Enforces IAM: checks the permissions that AWS checks and the emulator doesn't.

The emulator checks a call against the policies of the caller and of the resource. AWS checks more: the role that is
passed, the key that encrypts the data, and the permissions of its own services, which act with a role or as a service
principal. Each module here checks one of these, during the call, and only with `--enforce-iam`.
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
    sagemaker_keys,
    topics_and_queues,
)
from batch_transform.local.emulator.enforcement.keys import KeyUse, refusal
from batch_transform.local.emulator.enforcement.permissions import denial


def plug_in(endpoint_url: str) -> None:
    """Plug in every check. SageMaker and its integration must be plugged in before."""
    permissions.plug_in()
    call_resources.plug_in()
    sagemaker_keys.plug_in()
    dependent_actions.plug_in()
    machine_role.plug_in()
    integrations.plug_in(endpoint_url)
    functions.plug_in()
    objects.plug_in()
    topics_and_queues.plug_in()
    log_keys.plug_in()
    deliveries.plug_in()


def require(access_key: str, action: str, resource: str, context: Mapping[str, str]) -> None:
    """Raise RefusedRequestError AccessDeniedException if the holder of the access key may not do this.

    For an action of KMS, `resource` is a key or an alias.
    """
    if action.startswith("kms:"):
        refused = refusal(KeyUse(resource, action, "s3", {}), access_key)
        message = refused.message if refused else None
    else:
        denied = denial(access_key, action, resource, context)
        message = denied.message if denied else None
    if message is not None:
        raise RefusedRequestError("AccessDeniedException", message)
