"""Findings of cdk-nag that we looked at and keep, each with its reason, next to the resource."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Keep one finding of the AwsSolutions pack, such as `AwsSolutions-S1`, on a construct and its children."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason))


def acknowledge_wildcards(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Keep the wildcards in a role's policies, given as resource -> reason.

    cdk-nag names such a finding by the resource's text with each reference in `<>`. Building that
    name from the very ARN of the statement keeps the two from drifting apart.
    """
    stack = cdk.Stack.of(construct)
    for resource, reason in reasons.items():
        acknowledge(construct, f"AwsSolutions-IAM5[Resource::{_as_text(stack.resolve(resource))}]", reason)


def _as_text(resolved: object) -> str:
    match resolved:
        case str():
            return resolved
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::ImportValue": str(name)}:
            return name
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_as_text(part) for part in parts)
        case _:
            raise TypeError(f"no text for {resolved!r} in a finding of cdk-nag")
