"""Findings of cdk-nag that we looked at and keep, each with its reason, next to the resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from constructs import IConstruct

_SHARE_RULES = ("NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321")
"""Packs of cdk-nag that call one rule alike."""

_kept = True


def keep_acknowledgments(*, keep: bool) -> None:
    """Say whether this process needs them: where no rules are run, they cost time and change no template."""
    global _kept  # noqa: PLW0603 - a process synthesises one app
    _kept = keep


def acknowledge(construct: IConstruct, findings: str | Sequence[str], reason: str) -> None:
    """Keep findings on a construct and its children.

    A finding is `AwsSolutions-S1`, the name that the NIST 800-53, HIPAA and PCI packs share for a rule, such as
    `LambdaDLQ`, or the id of another pack's as the synth prints it, such as `BatchTransform::NoTimeout[Transform]`.
    """
    named = [findings] if isinstance(findings, str) else findings
    _acknowledge(construct, dict.fromkeys((one for finding in named for one in _ids(finding)), reason))


def _acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    if _kept and reasons:
        cdk.Validations.of(construct).acknowledge(
            *(cdk.Acknowledgment(id=finding, reason=reason) for finding, reason in reasons.items())
        )


def _ids(finding: str) -> list[str]:
    if finding.startswith("AwsSolutions-"):
        return [f"AwsSolutions::{finding}"]
    if "::" in finding.partition("[")[0]:
        return [finding]
    return [f"{pack}::{pack}-{finding}" for pack in _SHARE_RULES]


def acknowledge_wildcards(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Keep the wildcards in a role's policies, given as resource -> reason.

    cdk-nag names such a finding by the resource's text with each reference in `<>`. Building that
    name from the very ARN of the statement keeps the two from drifting apart.
    """
    if not _kept or not reasons:
        return
    resources = cdk.Stack.of(construct).resolve(list(reasons))
    _acknowledge(
        construct,
        {
            f"AwsSolutions::AwsSolutions-IAM5[Resource::{_as_text(resource)}]": reason
            for resource, reason in zip(resources, reasons.values(), strict=True)
        },
    )


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
