"""Checks the user's own files against the rules of the preflight before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from batch_transform.job.errors import UnfitDataError
from batch_transform.job.files.regular_file import open_file
from batch_transform.job.request.request import Request
from batch_transform.job.rules.unfit_data import FIRST_BYTES, Reading, unfit_text


def require_fit(files: Sequence[Path], request: Request) -> None:
    """Raise UnfitDataError with all files that the job could not score as they are."""
    if request["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] != "S3Prefix":
        return  # a manifest is not data
    reading = Reading.of(request)
    unfit = []
    for file in files:
        reasons = [reading.unfit_size(file.stat().st_size)]
        if reading.looks_at_first_bytes:
            with open_file(file) as stream:
                reasons.append(reading.unfit_start(stream.read(FIRST_BYTES)))
        unfit += [(str(file), reason) for reason in reasons if reason]
    if unfit:
        raise UnfitDataError(unfit_text(unfit, len(files)))
