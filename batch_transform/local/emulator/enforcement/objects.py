"""Permissions for objects: those for their KMS key, and those of DeleteObjects.

S3 calls KMS with the caller's permissions for each write and read.

S3 User Guide, "Using server-side encryption with AWS KMS keys": a write needs `kms:GenerateDataKey`, a read
`kms:Decrypt`, a multipart upload both. The emulator stores the key of each object, but never checks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from ministack.core import iam_actions  # type: ignore[import-untyped]  # it has no types
from ministack.services import s3  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.enforcement.calls import Call, refuse_calls
from batch_transform.local.emulator.enforcement.keys import KeyRefusal, KeyUse, refusal
from batch_transform.local.emulator.operations import HttpAnswer

_TLS = "x-tls-version"
"""The header with which a request claims an older TLS version, to test a policy."""

_BUCKET_KEY = "x-amz-server-side-encryption-bucket-key-enabled"
_has_bucket_key: dict[tuple[str, str], bool] = {}
"""The bucket-key header of each write, while the local AWS runs. The emulator doesn't keep this header."""

_CHECKSUM_MODE = "x-amz-checksum-mode"
_GENERATE, _DECRYPT = "kms:GenerateDataKey", "kms:Decrypt"
_ALGORITHM = "x-amz-server-side-encryption"
_KEY_ID = "x-amz-server-side-encryption-aws-kms-key-id"
_CUSTOMER_KEY = "x-amz-server-side-encryption-customer-algorithm"


def plug_in() -> None:
    """Check the key before each read and write of an object, and add the TLS version to the conditions."""
    refuse_calls("s3", _refuse)
    context = iam_actions.s3_service_context

    def context_with_tls(
        iam_action: str, query_params: object, path: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        return {**context(iam_action, query_params, path, headers), "s3:TlsVersion": headers.get(_TLS, "1.3")}

    iam_actions.s3_service_context = context_with_tls
    checks = iam_actions.s3_additional_checks

    def checks_of_deletion(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, object]
    ) -> list[tuple[str, str]]:
        """Require `s3:DeleteObject` of DeleteObjects also for versions (API reference, "Permissions")."""
        found = list(checks(method, path, headers, body, query_params))
        if method == "POST" and "delete" in query_params:
            bucket = path.strip("/").partition("/")[0]
            targets = iam_actions._s3_batch_delete_targets(bucket, body)
            found += [("s3:DeleteObject", place) for place, version in targets if version]
        return found

    iam_actions.s3_additional_checks = checks_of_deletion


def accept_aws_managed_key() -> None:
    """Accept `aws:kms` without a key. S3 then uses the account's key `aws/s3`, which the emulator lacks.

    `cdk deploy` publishes to the bucket of `cdk bootstrap` this way. Callers of S3 may use that key (KMS Developer
    Guide, "AWS managed keys"), so KMS isn't asked.
    """
    resolve = s3._resolve_sse_write_headers

    def resolved(headers: dict[str, str], bucket_name: str) -> tuple[dict[str, str] | None, Any]:
        is_kms = headers.get(_ALGORITHM) == "aws:kms" and not headers.get(_KEY_ID)
        if is_kms and _CUSTOMER_KEY not in headers:
            return {_ALGORITHM: "aws:kms"}, None
        answer: tuple[dict[str, str] | None, Any] = resolve(headers, bucket_name)
        return answer

    s3._resolve_sse_write_headers = resolved


def _refuse(call: Call) -> HttpAnswer | None:
    bucket, _, key = call.path.lstrip("/").partition("/")
    if not key:
        return None
    if call.method != "GET" and _BUCKET_KEY in call.headers:
        _has_bucket_key[(bucket, key)] = call.headers[_BUCKET_KEY] == "true"
    for action, headers in _uses(call, bucket, key):
        if kms_key := headers.get(_KEY_ID):
            use = KeyUse(kms_key, action, "s3", {"aws:s3:arn": _bound_to(bucket, key)})
            if (why := refusal(use, call.caller)) is not None:
                return _answer(why)
    return None


def _uses(call: Call, bucket: str, key: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each action on a key, and the headers that name the key."""
    upload = s3._multipart_uploads.get(_one(call, "uploadId"))
    if upload is not None and call.method in ("PUT", "POST"):  # a part, or the completion
        yield _DECRYPT, upload["preserved_headers"]
    elif call.method == "POST" and "uploads" in call.query_params:
        yield from ((action, _written_with(call, bucket)) for action in (_GENERATE, _DECRYPT))
    elif call.method == "PUT" and not call.query_params:
        yield _GENERATE, _written_with(call, bucket)
        if source := call.headers.get("x-amz-copy-source"):
            source_bucket, _, source_key = unquote(source).lstrip("/").partition("/")
            yield _DECRYPT, _stored(source_bucket, source_key.partition("?versionId=")[0])
    elif _reads_object(call):
        yield _DECRYPT, _stored(bucket, key)


def _reads_object(call: Call) -> bool:
    """Whether S3 decrypts the object: to read it, or its checksum (API reference, HeadObject, ChecksumMode)."""
    if set(call.query_params) - {"versionId", "partNumber", "x-id"}:
        return False
    return call.method == "GET" or (call.method == "HEAD" and call.headers.get(_CHECKSUM_MODE) == "ENABLED")


def _written_with(call: Call, bucket: str) -> Mapping[str, str]:
    """Return the encryption of the request, or else the bucket's default. S3 itself refuses an invalid one."""
    headers, _ = s3._resolve_sse_write_headers(call.headers, bucket)
    return headers or {}


def _stored(bucket: str, key: str) -> Mapping[str, str]:
    found = (s3._buckets.get(bucket) or {"objects": {}})["objects"].get(key)
    headers: Mapping[str, str] = found["preserved_headers"] if found else {}
    return headers


def _bound_to(bucket: str, key: str) -> str:
    """Return the ARN in the encryption context: the bucket's with a bucket key, else the object's.

    The write may say whether to use a bucket key; otherwise the bucket does (S3 User Guide, "S3 Bucket Keys").
    """
    default = "<BucketKeyEnabled>true" in (s3._bucket_encryption.get(bucket) or "")
    with_bucket_key = _has_bucket_key.get((bucket, key), default)
    return f"arn:aws:s3:::{bucket}" if with_bucket_key else f"arn:aws:s3:::{bucket}/{key}"


def _one(call: Call, name: str) -> str:
    value = call.query_params.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _answer(why: KeyRefusal) -> HttpAnswer:
    """Return the refusal: AccessDenied without permission, and KMS's error for a key that can't be used."""
    code = "AccessDenied" if why.code == "AccessDeniedException" else f"KMS.{why.code}"
    status = 403 if code == "AccessDenied" else 400
    body = f"<Error><Code>{code}</Code><Message>{escape(why.message)}</Message></Error>"
    return (
        status,
        {"Content-Type": "application/xml"},
        f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode(),
    )
