"""Fetches the page of a run, which the workflow keeps beside the run's record."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from batch_transform.job.errors import DataNotFoundError
from batch_transform.job.record.names import REPORT_FILE
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs.aws_calls import aws_calls

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


def save_report(output: S3Uri, target: Path, s3: S3Client, *, makes_folder: bool = False) -> None:
    """Save the page below a run's output prefix as `target`, which appears once it is complete.

    `makes_folder` creates the folder of the file, if there is none. Raises DataNotFoundError if the run has no page or
    the file cannot be written, and AwsCallError.
    """
    key = f"{output.key.rstrip('/')}/{REPORT_FILE}"
    with aws_calls():
        try:
            page = s3.get_object(Bucket=output.bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            raise DataNotFoundError(
                f"there is no s3://{output.bucket}/{key}: the run is still in progress, was skipped, or was made by a "
                "release before 0.2.0"
            ) from None
    try:
        if makes_folder:
            target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, delete=False) as part:
            part.write(page)
        try:
            Path(part.name).chmod(0o644)
            Path(part.name).replace(target)
        except BaseException:
            Path(part.name).unlink()
            raise
    except FileNotFoundError:
        raise DataNotFoundError(
            f"{target} cannot be written: there is no folder {target.parent}; create it, or name another file with --to"
        ) from None
    except OSError as error:
        raise DataNotFoundError(
            f"{target} cannot be written ({error.strerror}): name another file with --to"
        ) from error
