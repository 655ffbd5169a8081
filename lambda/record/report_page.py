"""Writes the page of a run, `_report.html`, beside its record, and the distribution of its predictions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batch_transform.job.record.names import BAD_RECORDS_FILE, OBJECTS_FILE, PREDICTIONS_FILE, REPORT_FILE
from batch_transform.job.run_page.distribution import Distribution, distribution
from batch_transform.job.run_page.page import CONTENT_TYPE, RunPage, run_page
from batch_transform.job.run_page.predictions import prediction_values, whole_lines
from record_files import RecordFiles, S3Client
from run_record import Record, Run
from run_states import Passed
from time_budget import TimeBudget

MOST_OBJECTS = 500
MOST_BAD_RECORDS = 100

_RESULTS_READ = 20
_BYTES_READ = 512 * 1024
"""Of each result: enough for the shape of the predictions, and little of the function's time."""

_RUN_FOLDER = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")


def write_page(
    run: Run,
    record: Record,
    files: RecordFiles,
    s3: S3Client,
    states: Sequence[Passed],
    *,
    budget: TimeBudget,
) -> None:
    """Write the page of a run that ended, with the states that it has passed.

    Only a job with `reconcile: records` lets the function read results: without it, the page has no predictions.
    """
    objects = list(itertools.islice(files.lines(OBJECTS_FILE), MOST_OBJECTS))
    found = earlier = None
    if run.reconcile == "records" and record["Request"]:
        earlier = _earlier(run, files, s3, budget)
        found = distribution(_predictions(run, record, objects, s3), like=earlier)
        files.write(PREDICTIONS_FILE, found.as_json())
    page = RunPage(
        record,
        objects=objects,
        bad_records=list(itertools.islice(files.lines(BAD_RECORDS_FILE), MOST_BAD_RECORDS)),
        states=states,
        predictions=found,
        earlier=earlier,
        details=run.details,
    )
    files.write_text(REPORT_FILE, run_page(page), CONTENT_TYPE)


def _predictions(run: Run, record: Record, objects: list[dict[str, Any]], s3: S3Client) -> Iterator[str]:
    """Yield predictions of the first results, the beginning of each."""
    kept = (record["Filters"] or {}).get("OutputFilter")
    done = [one for one in objects if one["Status"] == "Completed" and one["OutputSize"]]
    bucket = RecordFiles.below(run.output, run.run_id, s3).prefix.bucket
    for one in done[:_RESULTS_READ]:
        answer = s3.get_object(Bucket=bucket, Key=one["OutputKey"], Range=f"bytes=0-{_BYTES_READ - 1}")
        with answer["Body"] as body:
            text = body.read().decode("utf-8", "replace")
        lines = whole_lines(text, is_cut=one["OutputSize"] > _BYTES_READ)
        yield from prediction_values(lines, record["Request"], kept, run.columns.get("output", ()))


def _earlier(run: Run, files: RecordFiles, s3: S3Client, budget: TimeBudget) -> Distribution | None:
    """Return the distribution of the last run before this one that has one.

    None if there is none, or if there was no time to list the runs: the last ones come last.
    """
    above = files.prefix.key.removesuffix(f"{run.run_id}/")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=files.prefix.bucket, Prefix=above, Delimiter="/"
    )
    before: list[str] = []
    for page in pages:
        names = [
            folder["Prefix"].removeprefix(above).rstrip("/") for folder in page.get("CommonPrefixes", [])
        ]
        before += [name for name in names if _RUN_FOLDER.fullmatch(name) and name < run.run_id]
        if page.get("IsTruncated") and budget.is_over:
            return None
    before.sort(reverse=True)
    for name in before[:3]:  # the last ones may have failed
        kept: Mapping[str, Any] | None = RecordFiles.below(run.output, name, s3).read(PREDICTIONS_FILE)
        if kept is not None and kept["Count"]:
            return Distribution.of_json(kept)
    return None
