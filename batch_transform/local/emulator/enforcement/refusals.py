"""What was refused, to whom, for which action: a line each in what the local AWS says.

Who calls the API reads the reason in the answer. A delivery that is not made, and a function's lost log, have nobody
who could.
"""

from __future__ import annotations

import logging
from typing import Any

from ministack.core import iam_evaluator  # type: ignore[import-untyped]  # it has no types

logger = logging.getLogger(__name__)


def tell(principal: str, action: str, resource: str) -> None:
    """Say that the principal, an ARN or a service, was refused."""
    logger.warning("refused: %s may not %s on %s", principal, action, resource)


def plug_in() -> None:
    """Tell of the calls that the emulator itself refuses for want of a permission."""
    enforce = iam_evaluator.enforce

    def enforce_and_tell(  # noqa: PLR0917  # the emulator's arguments
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> object:
        denied = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if denied is not None and not isinstance(denied, iam_evaluator.AuthError):
            tell(denied.principal_arn, iam_action, resource_arn)
        return denied

    iam_evaluator.enforce = enforce_and_tell
