"""Rules for the places where data is read and results are written.

S3Prefix is a plain string: it selects every key that starts with it, so a run can read the results of the previous run
(recorded in github.com/aws/sagemaker-python-sdk, issues 1106 and 3557).
"""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.errors import InvalidS3UriError, Problem
from batch_transform.job.rules.request_values import RequestValues
from batch_transform.job.values.s3_uri import S3Uri

_DATA = "input.data"
_PATH = "output.path"
_CAPTURE = "batch_data_capture_config.destination_s3_uri"


def location_problems(values: RequestValues) -> Iterator[Problem]:
    """Check the addresses, and that neither results nor captured data can become input."""
    places = {field: _place(values, field) for field in (_DATA, _PATH, _CAPTURE)}
    for field, place in places.items():
        if place is not None:
            yield from bucket_name_problems(field, place)
    data = places[_DATA]
    if data is None or values.text("input.data_type") != "S3Prefix":
        return
    for field, what in ((_PATH, "results"), (_CAPTURE, "captured data")):
        written = places[field]
        if written is not None and written.bucket == data.bucket:
            yield from _overlap(data, written, field, what)


def bucket_name_problems(field: str, place: S3Uri) -> Iterator[Problem]:
    """Check the name of an address's bucket: a bucket from before March 2018 may still have an unusual one."""
    allowed = "3 to 63 lower-case letters, digits, hyphens and dots"
    if not place.has_possible_bucket_name:
        yield Problem(
            "bucket-name-impossible",
            field,
            f"no S3 bucket can be named '{place.bucket}'; correct the address: a bucket's name is {allowed}",
        )
    elif not place.has_usual_bucket_name:
        yield Problem(
            "bucket-name-unusual",
            field,
            f"S3 no longer allows a bucket name such as '{place.bucket}': a bucket's name is {allowed}; check "
            f"the address",
            severity="warning",
        )


def _overlap(data: S3Uri, path: S3Uri, field: str, what: str) -> Iterator[Problem]:
    results = f"{path.key.rstrip('/')}/" if path.key.rstrip("/") else ""
    if results.startswith(data.key):
        if data.key and not data.key.endswith("/") and not results.startswith(f"{data.key}/"):
            fix = f"write the input as {data}/ with a slash at its end, or put {what} elsewhere"
        elif data.key:
            fix = f"put {what} elsewhere, such as s3://{path.bucket}/{data.key.rstrip('/')}-{what.replace(' ', '-')}/"
            if not data.key.endswith("/"):
                fix = f"write the input as {data}/ with a slash at its end, and {fix}"
        else:
            fix = f"give the input a prefix of its own, or put {what} in another bucket"
        yield Problem(
            "output-under-input",
            field,
            f"{path} begins with the input prefix {data}, which is a plain string and selects every key that "
            f"begins with it, so the next run would read these {what}; {fix}",
        )
    elif field == _PATH and results and data.key.startswith(results):
        yield Problem(
            "input-under-output",
            _DATA,
            f"{data} is below the output prefix {path}, so anything that cleans up results would delete input too; "
            "keep the two apart",
            severity="warning",
        )


def _place(values: RequestValues, field: str) -> S3Uri | None:
    text = values.text(field) if values.knows(field) else None
    if text is None:
        return None
    try:
        return S3Uri.parse(text)
    except InvalidS3UriError:
        # The API's pattern accepts any https address; only AWS knows where it leads.
        return None
