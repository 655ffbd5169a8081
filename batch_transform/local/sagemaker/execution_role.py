"""The model's execution role: a transform job reads and writes with it, and so does its container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from batch_transform.local.clients import Clients, Credentials, account_credentials
from batch_transform.local.sagemaker.models import Model
from batch_transform.local.sagemaker.scope import Scope
from batch_transform.local.sagemaker.transform_job import TransformJob

SERVICE = "sagemaker.amazonaws.com"
SESSION_NAME = "SageMaker"


class AssumeRole(Protocol):
    """Gives sessions of roles, where IAM is enforced."""

    def __call__(self, role_arn: str, *, service: str, session_name: str, source_arn: str) -> Credentials:
        """Return a session for that service principal, which acts for the resource `source_arn`.

        Raises RefusedRequestError when there is no such role, or when it does not trust the service.
        """


class Require(Protocol):
    """Asks IAM, where it is enforced."""

    def __call__(self, access_key: str, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Raise RefusedRequestError AccessDeniedException when the holder of the key may not."""


class ExecutionRoles:
    """AWS clients that act as a model does. Thread safe.

    Without `assume_role` and `require`, IAM is not enforced and a model acts as the account; its role need not
    exist.
    """

    def __init__(
        self, clients: Clients, assume_role: AssumeRole | None = None, require: Require | None = None
    ) -> None:
        self._clients = clients
        self._assume_role = assume_role
        self._require = require

    def credentials(self, model: Model, job: TransformJob) -> Credentials:
        """Return what the model's job acts with. Raises RefusedRequestError as `AssumeRole` does."""
        role = model.request.get("ExecutionRoleArn")
        if self._assume_role is None or role is None:
            return account_credentials(model.scope.account)
        return self._assume_role(role, service=SERVICE, session_name=SESSION_NAME, source_arn=job.arn)

    def client(self, service: str, model: Model, job: TransformJob) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return a client with the model's execution role. Raises RefusedRequestError as `AssumeRole` does."""
        return self._clients.client(service, self.credentials(model, job), model.scope.region)

    def require(
        self,
        model: Model,
        job: TransformJob,
        action: str,
        resource: str,
        context: Mapping[str, str] | None = None,
    ) -> None:
        """Raise RefusedRequestError unless the model's execution role may do this, as `AssumeRole` does too."""
        if self._require is not None:
            self._require(self.credentials(model, job).access_key, action, resource, context or {})

    def owner(self, service: str, scope: Scope) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        """Return a client that may do everything in the account: what SageMaker does by itself."""
        return self._clients.client(service, account_credentials(scope.account), scope.region)
