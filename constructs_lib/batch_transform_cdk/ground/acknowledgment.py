"""Findings of security tools that we reviewed and accept, each with its reason, next to the resource."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct

_SHARE_RULES = ("NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321")
"""Packs of cdk-nag that share the names of their rules."""

_LACKING = {("PCI.DSS.321", "LambdaConcurrency"), ("PCI.DSS.321", "LambdaDLQ")}

Reasons = Mapping[str | tuple[str, ...], str]
"""A finding, or several with the same meaning, and why it is accepted."""

INLINE_POLICY: Reasons = {
    "IAMNoInlinePolicy": "the statements are written for this role alone, and are created and deleted with it"
}
"""What the packs report for each role with statements of its own."""

OWN_KEY_IS_A_CHOICE = "no customer key was requested: the service encrypts with its own key"

_kept = True


def keep_acknowledgments(*, keep: bool) -> None:
    """Set whether this process records acknowledgments: without rules they cost time and change no template."""
    global _kept  # noqa: PLW0603 - a process synthesises one app
    _kept = keep


def acknowledge(construct: IConstruct, findings: str | tuple[str, ...], reason: str) -> None:
    """Accept findings of one or several tools on a construct and its children, all for one reason.

    A finding is an id such as `AwsSolutions-S1`; the name that the NIST 800-53, HIPAA and PCI packs share for a rule,
    such as `LambdaDLQ`; checkov's id, such as `CKV_AWS_116`; or the id of another pack as the synth prints it, such
    as `BatchTransform::NoTimeout[Transform]`.
    """
    acknowledge_each(construct, {findings: reason})


def acknowledge_each(construct: IConstruct, reasons: Reasons) -> None:
    """Accept findings on a construct and its children, each with its own reason, in one call to Node."""
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
    """Accept the wildcards in a role's policies, given as resource -> reason.

    cdk-nag names such a finding by the resource's text with each reference in `<>`. The name is built from the
    statement's own ARN, so that the two cannot drift apart.
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
            raise TypeError(f"cdk-nag finding has no text for {resolved!r}")
