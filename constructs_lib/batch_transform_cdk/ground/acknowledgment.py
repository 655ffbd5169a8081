"""Findings of security tools that we looked at and keep, each with its reason, next to the resource."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct

_SHARE_RULES = ("NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321")
"""Packs of cdk-nag that call one rule alike."""

_LACKING = {("PCI.DSS.321", "LambdaConcurrency"), ("PCI.DSS.321", "LambdaDLQ")}

Reasons = Mapping[str | tuple[str, ...], str]
"""A finding, or several that say the same, and why it is kept."""

INLINE_POLICY: Reasons = {
    "IAMNoInlinePolicy": "the statements are written for this role alone, and come and go with it"
}
"""What the packs say of each role whose statements are its own."""

OWN_KEY_IS_A_CHOICE = "no key of the account was asked for: the service encrypts with a key of its own"

_kept = True


def keep_acknowledgments(*, keep: bool) -> None:
    """Say whether this process needs them: where no rules are run, they cost time and change no template."""
    global _kept  # noqa: PLW0603 - a process synthesises one app
    _kept = keep


def acknowledge(construct: IConstruct, findings: str | tuple[str, ...], reason: str) -> None:
    """Keep findings of one or several tools on a construct and its children, all for one reason.

    A finding is `AwsSolutions-S1`; the name that the NIST 800-53, HIPAA and PCI packs share for a rule, such as
    `LambdaDLQ`; checkov's id, such as `CKV_AWS_116`; or the id of another pack's as the synth prints it, such as
    `BatchTransform::NoTimeout[Transform]`.
    """
    acknowledge_each(construct, {findings: reason})


def acknowledge_each(construct: IConstruct, reasons: Reasons) -> None:
    """Keep findings on a construct and its children, each with a reason of its own, in one call to Node."""
    if not _kept or not reasons:
        return
    cdk.Validations.of(construct).acknowledge(
        *(
            cdk.Acknowledgment(id=one, reason=reason)
            for findings, reason in reasons.items()
            for finding in ((findings,) if isinstance(findings, str) else findings)
            for one in _ids(finding)
        )
    )


def _ids(finding: str) -> list[str]:
    if finding.startswith("AwsSolutions-"):
        return [f"AwsSolutions::{finding}"]
    if finding.startswith("CKV_"):
        return [f"checkov::{finding}"]
    if "::" in finding.partition("[")[0]:
        return [finding]
    return [f"{pack}::{pack}-{finding}" for pack in _SHARE_RULES if (pack, finding) not in _LACKING]


def acknowledge_wildcards(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Keep the wildcards in a role's policies, given as resource -> reason.

    cdk-nag names such a finding by the resource's text with each reference in `<>`. Building that
    name from the very ARN of the statement keeps the two from drifting apart.
    """
    if not _kept or not reasons:
        return
    resources = cdk.Stack.of(construct).resolve(list(reasons))
    acknowledge_each(
        construct,
        {
            f"AwsSolutions-IAM5[Resource::{_as_text(resource)}]": reason
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
