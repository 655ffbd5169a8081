"""Buckets: properties that the emulator's CloudFormation ignores, their deletion, and the region in their listings.

- Lifecycle rules are kept and returned, with their expirations and prefix, but without transitions and other filters.
  Nothing expires here.
- The default encryption is kept.
- A bucket that isn't empty can't be deleted (API reference of S3, DeleteBucket). The emulator would delete it.
- Custom::S3AutoDeleteObjects empties the bucket. On AWS, a JavaScript function of the CDK does so. This machine may
  have no Node, and the emulator would wait for the function until a timeout.
- The answers of ListObjects and ListObjectsV2 have the header `x-amz-bucket-region`, as S3's have (versitygw, pull
  request 2002).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from xml.sax.saxutils import escape

from ministack.services import s3  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator import resources
from batch_transform.local.emulator.operations import HttpAnswer
from batch_transform.local.emulator.resources import Created, Properties

TYPE = "AWS::S3::Bucket"
AUTO_DELETE_TYPE = "Custom::S3AutoDeleteObjects"
_CONFLICT = 409


def plug_in() -> None:
    """Keep the properties, refuse to delete a bucket with data, empty those that the CDK empties, and name regions."""
    resources.apply_properties(TYPE, _apply)
    resources.check_deletion(TYPE, _require_empty)
    resources.register(AUTO_DELETE_TYPE, create=_create_auto_delete, delete=_empty)
    s3._list_objects_v1 = partial(_with_region, s3._list_objects_v1)
    s3._list_objects_v2 = partial(_with_region, s3._list_objects_v2)


def _with_region(list_objects: Callable[..., HttpAnswer], bucket: str, query_params: object) -> HttpAnswer:
    status, headers, body = list_objects(bucket, query_params)
    region = s3.bucket_region(bucket)
    return status, {**headers, "x-amz-bucket-region": region} if region else headers, body


def _apply(bucket: str, old: Properties, new: Properties) -> None:
    for member, (setting, xml) in _SETTINGS.items():
        if member in new:
            _ask("PUT", bucket, setting, xml(new[member] or {}))
        elif member in old:
            _ask("DELETE", bucket, setting)


def _require_empty(bucket: str) -> None:
    """Delete the bucket, which S3 refuses if it holds data. The emulator then has none to delete."""
    if _ask("DELETE", bucket) == _CONFLICT:
        raise ValueError(
            "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
            "(Service: S3, Status Code: 409, Error: BucketNotEmpty)"
        )


def _create_auto_delete(logical_id: str, properties: Properties, stack_name: str) -> Created:
    del properties
    return f"{stack_name}-{logical_id}", {}


def _empty(physical_id: str, properties: Properties) -> None:
    """Delete every object of the bucket, with all of its versions."""
    del physical_id
    bucket = properties["BucketName"]
    for bucket_name, key in list(s3._object_versions):
        if bucket_name == bucket:
            for version in list(s3._object_versions.get((bucket_name, key), [])):
                s3._dispatch("DELETE", bucket, key, {}, b"", {"versionId": [version["version_id"]]})
    for key in list((s3._buckets.get(bucket) or {"objects": {}})["objects"]):
        s3._dispatch("DELETE", bucket, key, {}, b"", {})


def _ask(method: str, bucket: str, setting: str = "", body: str = "") -> int:
    """Call S3 for a bucket, or for one of its settings; return the status."""
    status: int = s3._dispatch(method, bucket, "", {}, body.encode(), {setting: [""]} if setting else {})[0]
    return status


def _lifecycle(properties: Properties) -> str:
    """Return the property as the body of PutBucketLifecycleConfiguration."""
    rules = "".join(_rule(rule) for rule in properties.get("Rules", []))
    return f'<LifecycleConfiguration xmlns="{s3.S3_NS}">{rules}</LifecycleConfiguration>'


def _rule(rule: Properties) -> str:
    identity = _element("ID", rule["Id"]) if "Id" in rule else ""
    prefix = f"<Filter>{_element('Prefix', rule.get('Prefix', ''))}</Filter>"
    return f"<Rule>{identity}{_element('Status', rule['Status'])}{prefix}{''.join(_ends(rule))}</Rule>"


def _ends(rule: Properties) -> Iterator[str]:
    """CloudFormation has separate properties for the members of S3's `Expiration`."""
    if "ExpirationInDays" in rule:
        yield f"<Expiration>{_element('Days', rule['ExpirationInDays'])}</Expiration>"
    elif "ExpiredObjectDeleteMarker" in rule:
        marker = str(rule["ExpiredObjectDeleteMarker"]).lower()
        yield f"<Expiration>{_element('ExpiredObjectDeleteMarker', marker)}</Expiration>"
    for member in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if member in rule:
            yield f"<{member}>{''.join(_element(*each) for each in rule[member].items())}</{member}>"


def _encryption(properties: Properties) -> str:
    """Return the property as the body of PutBucketEncryption."""
    rules = []
    for rule in properties.get("ServerSideEncryptionConfiguration", []):
        default = rule.get("ServerSideEncryptionByDefault", {})
        key = default.get("KMSMasterKeyID")
        rules.append(
            "<Rule><ApplyServerSideEncryptionByDefault>"
            + _element("SSEAlgorithm", default.get("SSEAlgorithm", "AES256"))
            + (_element("KMSMasterKeyID", key) if key else "")
            + "</ApplyServerSideEncryptionByDefault>"
            + _element("BucketKeyEnabled", str(rule.get("BucketKeyEnabled", False)).lower())
            + "</Rule>"
        )
    return f'<ServerSideEncryptionConfiguration xmlns="{s3.S3_NS}">{"".join(rules)}</ServerSideEncryptionConfiguration>'


def _element(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


_SETTINGS: dict[str, tuple[str, Callable[[Properties], str]]] = {
    "LifecycleConfiguration": ("lifecycle", _lifecycle),
    "BucketEncryption": ("encryption", _encryption),
}
"""Property of AWS::S3::Bucket -> the setting's name in a request to S3, and its body."""
