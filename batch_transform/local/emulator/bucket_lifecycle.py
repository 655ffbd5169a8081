"""The lifecycle rules of a stack's bucket: kept and shown, where the emulator's CloudFormation ignores them.

Nothing expires here. Of a rule, its expirations and its prefix are kept; transitions and other filters are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import s3  # type: ignore[import-untyped]  # it has no types
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]  # it has no types


def plug_in() -> None:
    """Let a stack put the rules on its bucket, change them and take them away."""
    provisioners._S3_BUCKET_CONFIGURATIONS = (
        *provisioners._S3_BUCKET_CONFIGURATIONS,
        ("LifecycleConfiguration", _xml, s3._put_bucket_lifecycle, s3._delete_bucket_lifecycle),
    )


def _xml(properties: Mapping[str, Any]) -> bytes:
    """Return the property as the body of PutBucketLifecycleConfiguration."""
    rules = "".join(_rule(rule) for rule in properties.get("Rules", []))
    return f'<LifecycleConfiguration xmlns="{s3.S3_NS}">{rules}</LifecycleConfiguration>'.encode()


def _rule(rule: Mapping[str, Any]) -> str:
    identity = _element("ID", rule["Id"]) if "Id" in rule else ""
    prefix = f"<Filter>{_element('Prefix', rule.get('Prefix', ''))}</Filter>"
    return f"<Rule>{identity}{_element('Status', rule['Status'])}{prefix}{''.join(_ends(rule))}</Rule>"


def _ends(rule: Mapping[str, Any]) -> Iterator[str]:
    """CloudFormation has a member of its own for what S3 puts into one `Expiration`."""
    if "ExpirationInDays" in rule:
        yield f"<Expiration>{_element('Days', rule['ExpirationInDays'])}</Expiration>"
    elif "ExpiredObjectDeleteMarker" in rule:
        marker = str(rule["ExpiredObjectDeleteMarker"]).lower()
        yield f"<Expiration>{_element('ExpiredObjectDeleteMarker', marker)}</Expiration>"
    for member in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if member in rule:
            yield f"<{member}>{''.join(_element(*each) for each in rule[member].items())}</{member}>"


def _element(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"
