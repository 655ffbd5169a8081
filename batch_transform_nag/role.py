"""The permissions of a role in a template: from the role itself, from policies and from managed policies."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from batch_transform_nag.cfn_template import Resource, as_list, text
from batch_transform_nag.transform_task import transform_tasks

ROLE = "AWS::IAM::Role"
_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")


@dataclass(frozen=True)
class Statement:
    """A statement of a policy."""

    body: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether its effect is Allow."""
        return str(self.body.get("Effect")) == "Allow"

    @property
    def actions(self) -> list[str]:
        """The actions, as written."""
        return [text(action) for action in as_list(self.body.get("Action"))]

    @property
    def resources(self) -> list[str]:
        """The resources as text, with references in `<>`."""
        return [text(resource) for resource in as_list(self.body.get("Resource"))]

    def covers(self, action: str) -> bool:
        """Whether one of its actions matches; as in IAM, case is ignored and `*` matches anything."""
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in self.actions)


@dataclass(frozen=True)
class Role:
    """An AWS::IAM::Role; `services` are the service principals that may assume it."""

    resource: Resource

    @property
    def services(self) -> set[str]:
        """The services in its trust policy."""
        trust = self.resource.properties.get("AssumeRolePolicyDocument", {})
        return {
            text(service)
            for statement in as_list(trust.get("Statement"))
            if isinstance(statement.get("Principal"), Mapping)
            for service in as_list(statement["Principal"].get("Service"))
        }

    @property
    def managed_policies(self) -> list[str]:
        """The names of its managed policies that this template does not define."""
        given = as_list(self.resource.properties.get("ManagedPolicyArns"))
        return [
            re.sub(r"^.*:policy/(?:.*/)?", "", text(arn))
            for arn in given
            if self.resource.template.referred(arn) is None
        ]

    def statements(self) -> Iterator[Statement]:
        """Yield every statement of the role in this template."""
        for document in self._documents():
            for statement in as_list(document.get("Statement")):
                if isinstance(statement, Mapping):
                    yield Statement(statement)

    def allows(self, action: str) -> bool:
        """Whether a statement allows the action, on any resource."""
        return any(statement.allows and statement.covers(action) for statement in self.statements())

    def _documents(self) -> Iterator[Mapping[str, Any]]:
        for policy in as_list(self.resource.properties.get("Policies")):
            yield policy.get("PolicyDocument", {})
        template = self.resource.template
        attached = [
            template.referred(arn) for arn in as_list(self.resource.properties.get("ManagedPolicyArns"))
        ]
        for policy in template.resources(*_POLICIES):
            roles = [template.referred(role) for role in as_list(policy.properties.get("Roles"))]
            if any(one is self.resource for one in roles) or any(one is policy for one in attached):
                yield policy.properties.get("PolicyDocument", {})


def role_of_machine(machine: Resource) -> Role | None:
    """Return the role of a state machine; None when another template defines it."""
    resource = machine.template.referred(machine.properties.get("RoleArn"))
    return Role(resource) if resource is not None and resource.type == ROLE else None


def runs_transform_jobs(resource: Resource) -> bool:
    """Whether SageMaker may assume the role, or it belongs to a state machine that creates transform jobs."""
    if resource.type != ROLE:
        return False
    if "sagemaker.amazonaws.com" in Role(resource).services:
        return True
    machines = resource.template.resources("AWS::StepFunctions::StateMachine")
    return any(
        resource.template.referred(machine.properties.get("RoleArn")) is resource and transform_tasks(machine)
        for machine in machines
    )


def in_condition(statement: Statement, key: str) -> Collection[str]:
    """Return the values that a statement's conditions require for a key, such as `iam:PassedToService`."""
    return [
        text(value)
        for operator in statement.body.get("Condition", {}).values()
        for name, values in operator.items()
        if name.lower() == key.lower()
        for value in as_list(values)
    ]
