"""When new objects start the job."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.spec.cdk_token import is_token
from batch_transform.spec.job_spec import JobSpec
from batch_transform.spec.problem import Problem
from batch_transform.spec.request_shape import Flag
from batch_transform.spec.rules.shape import shown, value_problems
from batch_transform.spec.stack_shape import KEY_PART, QUIET_PERIOD_IN_SECONDS

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
    if spec.input.data_type == "ManifestFile":
        yield Problem(
            "upload-with-manifest",
            _UPLOAD,
            "cannot be given with input.data_type ManifestFile: the data are what the manifest names, wherever that "
            "lies; write a new manifest, and start the job from what writes it, or by triggers.schedule",
        )
