"""When new objects start the job."""

from __future__ import annotations

import json
from collections.abc import Iterator

from batch_transform.job.aws.request_shape import Flag
from batch_transform.job.aws.stack_shape import (
    KEY_PART,
    LONGEST_KEY,
    LONGEST_UPLOAD_INPUT,
    QUIET_PERIOD_IN_SECONDS,
)
from batch_transform.job.errors import InvalidS3UriError, Problem
from batch_transform.job.rules.shape import shown, value_problems
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import JobSpec, UploadSpec
from batch_transform.job.values.s3_uri import S3Uri

_UPLOAD = "triggers.on_upload"


def upload_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check which objects count, how long nothing must come, and that a job's data are what is uploaded."""
    upload = spec.triggers.on_upload
    if upload is None:
        return
    yield from value_problems(
        f"{_UPLOAD}.quiet_period_in_seconds", upload.quiet_period_in_seconds, QUIET_PERIOD_IN_SECONDS
    )
    yield from value_problems(f"{_UPLOAD}.enabled", upload.enabled, Flag())
    for name in ("prefix", "suffix"):
        yield from value_problems(f"{_UPLOAD}.{name}", getattr(upload, name), KEY_PART)
    if not is_token(upload.prefix) and upload.prefix.startswith(("/", "s3://")):
        yield Problem(
            "upload-prefix-absolute",
            f"{_UPLOAD}.prefix",
            f"{shown(upload.prefix)} is seen from input.data, and follows its text; write such as incoming/",
        )
    yield from _key_length(spec, upload)
    size = len(json.dumps(upload.input, ensure_ascii=False, separators=(",", ":"), default=str).encode())
    if size > LONGEST_UPLOAD_INPUT:
        yield Problem(
            "upload-input-too-long",
            f"{_UPLOAD}.input",
            f"has {size} bytes as JSON, and {LONGEST_UPLOAD_INPUT} fit into the environment of the function that "
            "starts the job; say in the job itself what all its runs have",
        )
    if spec.input.data_type == "ManifestFile":
        yield Problem(
            "upload-with-manifest",
            _UPLOAD,
            "cannot be given with input.data_type ManifestFile: the data are what the manifest names, wherever that "
            "lies; write a new manifest, and start the job from what writes it, or by triggers.schedule",
        )


def _key_length(spec: JobSpec, upload: UploadSpec) -> Iterator[Problem]:
    """A rule that no key fits would be created, if EventBridge took so long a pattern, and start nothing."""
    try:
        before = f"{spec.name}/" if spec.input.data is None else S3Uri.parse(spec.input.data).key
    except InvalidS3UriError:
        return  # told where the data are
    parts = (before, upload.prefix, upload.suffix)
    length = sum(len(part.encode()) for part in parts)
    if length > LONGEST_KEY and not any(map(is_token, parts)):
        yield Problem(
            "upload-key-too-long",
            _UPLOAD,
            f"no key begins with input.data and prefix and ends with suffix, which have {length} bytes together: a key "
            f"has {LONGEST_KEY}; shorten them",
        )
