"""What the policies of a template allow, in plain text: a reference is written as the name of what it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aws_cdk.assertions import Template


def text(value: Any) -> str:
    """Return a value of a template as text: `Key961B73FD.Arn` for a Fn::GetAtt."""
    if not isinstance(value, dict):
        return str(value)
    [(function, argument)] = value.items()
    if function == "Fn::Join":
        return "".join(text(part) for part in argument[1])
    return ".".join(map(text, argument)) if isinstance(argument, list) else text(argument)


def listed(value: Any) -> list[Any]:
    """Return what IAM writes as one value or a list, as a list."""
    return value if isinstance(value, list) else [value]


def statements(template: Template, role: str) -> Iterator[dict[str, Any]]:
    """Yield the statements on roles with this in their logical id, inline or in a policy of their own."""
    resources = template.to_json()["Resources"]
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role" and role in name:
            for policy in properties.get("Policies", []):
                yield from policy["PolicyDocument"]["Statement"]
        if resource["Type"] == "AWS::IAM::Policy" and any(role in text(one) for one in properties["Roles"]):
            yield from properties["PolicyDocument"]["Statement"]


def allowed(template: Template, role: str) -> dict[str, set[str]]:
    """Return what the roles may do, as resource -> actions."""
    found: dict[str, set[str]] = {}
    for statement in statements(template, role):
        for resource in listed(statement["Resource"]):
            found.setdefault(text(resource), set()).update(listed(statement["Action"]))
    return found
