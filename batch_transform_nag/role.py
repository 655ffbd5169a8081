"""What a role of a template may do, wherever it is said: in the role, in a policy, in a managed policy."""

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
    """One statement of a policy."""

    body: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether it allows, and does not deny."""
        return str(self.body.get("Effect")) == "Allow"

    @property
    def actions(self) -> list[str]:
        """The actions, as written."""
        return [text(action) for action in as_list(self.body.get("Action"))]

    @property
    def resources(self) -> list[str]:
        """The resources as text, with each reference in `<>`."""
        return [text(resource) for resource in as_list(self.body.get("Resource"))]

    def covers(self, action: str) -> bool:
        """Whether `action` is one of those that it names; IAM reads neither case nor what `*` stands for."""
        return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in self.actions)


@dataclass(frozen=True)
class Role:
    """An AWS::IAM::Role; `services` are the service principals that may assume it."""

    resource: Resource

    @property
    def services(self) -> set[str]:
        """The services that its trust policy names."""
        trust = self.resource.properties.get("AssumeRolePolicyDocument", {})
        return {
            text(service)
            for statement in as_list(trust.get("Statement"))
            if isinstance(statement.get("Principal"), Mapping)
            for service in as_list(statement["Principal"].get("Service"))
        }

    @property
    def managed_policies(self) -> list[str]:
        """The names of the managed policies that it has and that this template does not define."""
        given = as_list(self.resource.properties.get("ManagedPolicyArns"))
        return [
            re.sub(r"^.*:policy/(?:.*/)?", "", text(arn))
            for arn in given
            if self.resource.template.referred(arn) is None
        ]

    def statements(self) -> Iterator[Statement]:
        """Yield every statement that this template gives the role."""
        for document in self._documents():
            for statement in as_list(document.get("Statement")):
                if isinstance(statement, Mapping):
                    yield Statement(statement)

    def allows(self, action: str) -> bool:
        """Whether some statement allows the action, on whatever resource."""
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
    """Return the role of a state machine, and None for one that another template defines."""
    resource = machine.template.referred(machine.properties.get("RoleArn"))
    return Role(resource) if resource is not None and resource.type == ROLE else None


def runs_transform_jobs(resource: Resource) -> bool:
    """Whether a role is a state machine's that creates transform jobs, or may be handed to SageMaker."""
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
    """Return the values that a statement's conditions ask of a key, such as `iam:PassedToService`."""
    return [
        text(value)
        for operator in statement.body.get("Condition", {}).values()
        for name, values in operator.items()
        if name.lower() == key.lower()
        for value in as_list(values)
    ]
