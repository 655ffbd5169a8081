"""Plans the retry of a run: what has no result, in a manifest for one transform job that writes into the same output.

The outputs of a manifest's objects are named by what follows its prefix, as those of a prefix are (API reference,
S3DataType; `output_key`). So the manifest has the run's own prefix, and each name is checked to give the key that the
run gave the object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.errors import RetryError
from batch_transform.job.record.names import BAD_RECORDS_FILE, OBJECTS_FILE, RETRY_PREFIX, RUN_FILE
from batch_transform.job.request.changes import changes, model_change, require_accepted, require_same_data
from batch_transform.job.request.retry_input import Retry, retry_in
from batch_transform.job.values.s3_uri import S3Uri, output_key
from batch_transform.job.values.wording import counted
from inputs import InputObject, Inputs, manifest_head
from matching import CHANGED, COMPLETED, FAILED, STRAY, in_key_order, matched, objects_of, results_below
from record_files import Line, LineWriter, RecordFiles, S3Client, is_written_meanwhile
from retries import holder, left_behind, retry_begun
from run_jobs import NOT_ENDED, SageMakerClient, model_of, transform_jobs
from run_record import Record, Run
from time_budget import TimeBudget

_NAMED = 5


@dataclass(frozen=True)
class RetryPlan:
    """The retry of one run. `run` is the retry's own, with the request that its preflight made.

    `outcome_of` returns how an execution ended, as a record has it; None while it is in progress.
    """

    run: Run
    s3: S3Client
    sagemaker: SageMakerClient
    outcome_of: Callable[[str], str | None]

    def plan(self, budget: TimeBudget) -> dict[str, Any]:
        """Write the manifest, and continue the record of the retried run.

        Return `request`, that of the whole run, whose output is compared with all of its input; and `sent_request`, the
        same on the manifest. Planning again, after an answer that was lost, returns the same.

        Raises RetryError, without having changed anything, if the run isn't recorded or is in progress, if nothing is
        missing, if an input object has changed since, or if the job has. Raises ListingTimeError.
        """
        retry, _ = retry_in(self.run.input)
        assert retry is not None  # noqa: S101  # the state machine asks for nothing else
        files = RecordFiles.below(self.run.output, retry.run, self.s3)
        record, version = files.read_version(RUN_FILE)
        record = self._ended(retry.run, record)
        request = self._whole_request(retry.run)
        require_same_data(retry.run, record["Request"], request)
        model = model_of(request["ModelName"], self.sagemaker)
        changed = [*model_change(record["Model"], model), *changes(record["Request"], request)]
        require_accepted(retry.run, changed, accepted=retry.accepts_changes)
        earlier = [one for one in record.get("Retries", ()) if one["ExecutionArn"] != self.run.execution_arn]
        name = f"{RETRY_PREFIX}{len(earlier) + 1}.manifest"
        whole = replace(self.run, run_id=retry.run, request=request)
        with (
            files.line_writer(OBJECTS_FILE) as lines,
            files.line_writer(name, "application/json") as manifest,
        ):
            bad = list(files.lines(BAD_RECORDS_FILE))  # ten thousand at most
            planned = _Planned(retry, request, self.s3, manifest, {line["Object"] for line in bad})
            for line in self._matched(retry.run, files, request, budget):
                lines.write(planned.add(line))
            planned.complete()
            begun = retry_begun(
                record,
                whole,
                model,
                manifest=f"{files.prefix}{name}",
                objects=planned.count,
                changed=changed,
            )
            try:
                files.write(RUN_FILE, begun, IfMatch=version)
            except ClientError as error:
                if is_written_meanwhile(error):
                    raise RetryError(_in_progress(retry.run)) from error
                raise
        _keep_bad_records(files, bad, planned.bad)
        return {"request": request, "sent_request": _on_manifest(request, f"{files.prefix}{name}")}

    def _ended(self, run: str, record: Record | None) -> Record:
        """Return the record of a run that can be retried.

        One that was never completed is, if its execution and its transform jobs have ended: the event about its end may
        be lost, or have come before the call of the function that wrote last.
        """
        if record is None:
            raise RetryError(
                f"run {run} has no record below {self.run.output['S3OutputPath']}: name a run of this job, "
                "as batch-transform runs lists them"
            )
        if record["Request"] is None:
            raise RetryError(_nothing_scored(run))
        if record["Outcome"] is not None or holder(record) == self.run.execution_arn:
            return record
        outcome = self.outcome_of(holder(record))
        jobs = transform_jobs(self.run.job, holder(record), self.sagemaker)
        if outcome is None or any(job["TransformJobStatus"] in NOT_ENDED for job in jobs):
            raise RetryError(_in_progress(run))
        return left_behind(record, outcome, jobs)

    def _whole_request(self, retried: str) -> dict[str, Any]:
        """Return the request of the preflight, with the output of the retried run."""
        request = dict(self.run.sent or {})
        path = replace(self.run, run_id=retried).output_path
        request["TransformOutput"] = {**request["TransformOutput"], "S3OutputPath": path}
        return request

    def _matched(
        self, retried: str, files: RecordFiles, request: Mapping[str, Any], budget: TimeBudget
    ) -> Iterator[Line]:
        if not files.exists(OBJECTS_FILE):
            raise RetryError(_nothing_scored(retried))
        inputs = Inputs.of(request)
        listed = objects_of(files.lines(OBJECTS_FILE))
        if not inputs.is_prefix:
            listed = _still_named(retried, listed, inputs.now(self.s3, budget), inputs.source)
        return matched(
            in_key_order(listed),
            inputs.now(self.s3, budget) if inputs.is_prefix else None,
            results_below(files.prefix, self.s3, budget),
            output_prefix=inputs.output_prefix,
            without_result=FAILED,
        )


def _in_progress(run: str) -> str:
    return (
        f"the run {run} is in progress, or has just been stopped: retry it when batch-transform show {run} says that "
        "it has ended"
    )


def _nothing_scored(run: str) -> str:
    return (
        f"the run {run} has no list of its input, since it ended before its first transform job: start another run: "
        f"batch-transform start --like {run}"
    )


def _on_manifest(request: Mapping[str, Any], manifest: str) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": manifest}}
    return {**request, "TransformInput": {**request["TransformInput"], "DataSource": source}}


def _still_named(
    run: str, listed: Iterable[InputObject], now: Iterable[InputObject], manifest: S3Uri
) -> Iterator[InputObject]:
    """Yield the listed objects. Raises RetryError if the manifest of the run names others now."""
    left = {one.key for one in now}
    for one in listed:
        if one.key not in left:
            break
        left.remove(one.key)
        yield one
    else:
        if not left:
            return
    raise RetryError(
        f"the manifest {manifest} has changed since the run {run}: start another run: batch-transform start "
        f"--like {run}"
    )


@dataclass
class _Planned:
    """What the retry scores. `bad` are the objects with bad records, without those that are scored again."""

    retry: Retry
    request: Mapping[str, Any]
    s3: S3Client
    manifest: LineWriter
    bad: set[str]
    count: int = 0
    changed: list[str] = field(default_factory=list)
    changed_count: int = 0
    _head: S3Uri | None = None
    _last_result: str = ""

    def add(self, line: Line) -> Line:
        """Add an object to the manifest if it has no result, and return its line of `_objects.jsonl`."""
        if line["Status"] == STRAY:
            return line
        place = str(S3Uri(self.head.bucket, line["Key"]))
        if line["Status"] == CHANGED:
            self.changed_count += 1
            self.changed += [place] if self.changed_count <= _NAMED else []
            return line
        before, self._last_result = self._last_result, line["OutputKey"]
        if line["Status"] == COMPLETED:
            return line
        if line["OutputKey"] == before:
            raise RetryError(
                f"{place} and another object have the same result, {line['OutputKey']}: rename one of them, and start "
                "another run"
            )
        self.manifest.write_text(",\n" if self.count else self._begin(line["Key"]))
        self.manifest.write_text(json.dumps(self._name(line), ensure_ascii=False))
        self.bad.discard(place)
        self.count += 1
        return {**line, "Status": None}

    def complete(self) -> None:
        """End the manifest. Raises RetryError if an object has changed, or if nothing is missing."""
        run = self.retry.run
        if self.changed:
            more = self.changed_count - len(self.changed)
            also = f", and {more:,} more" if more else ""
            raise RetryError(
                f"the input of the run {run} was replaced or deleted since: {', '.join(self.changed)}{also}; its "
                f"output would have results of old and new data: start another run: batch-transform start --like {run}"
            )
        if not self.count:
            raise RetryError(f"every input object of the run {run} has its result: there is nothing to retry")
        self.manifest.write_text("\n]\n")
        print(f"{counted(self.count, 'object')} of the run {run} without a result")  # noqa: T201  # for the log

    @property
    def head(self) -> S3Uri:
        """The prefix that the run's objects were named by."""
        if self._head is None:
            self._head = manifest_head(self.request, self.s3)
        return self._head

    def _begin(self, first_key: str) -> str:
        """Begin the manifest. An object that is the whole S3Uri is named by its last part, as its result is."""
        head = self.head
        if first_key == head.key:
            folder, slash, _ = first_key.rpartition("/")
            head = self._head = S3Uri(head.bucket, folder + slash)
        return "[\n" + json.dumps({"prefix": str(head)}, ensure_ascii=False) + ",\n"

    def _name(self, line: Line) -> str:
        key, head = line["Key"], self.head.key
        output = S3Uri.parse(self.request["TransformOutput"]["S3OutputPath"])
        name = key[len(head) :]
        if not key.startswith(head) or output_key(key, head, output.key, alone=not name) != line["OutputKey"]:
            raise RetryError(
                f"{S3Uri(self.head.bucket, key)} can't be named in one manifest with the others, so that its result is "
                f"{line['OutputKey']}: start another run: batch-transform start --like {self.retry.run}"
            )
        return str(name)


def _keep_bad_records(files: RecordFiles, bad: list[Line], kept: set[str]) -> None:
    """Keep the bad records of objects that have their result: a round of the retry replaces their file."""
    if not bad:
        return
    for name in (BAD_RECORDS_FILE, _KEPT):
        with files.line_writer(name) as writer:
            for line in bad:
                if line["Object"] in kept:
                    writer.write(line)


def restore_bad_records(files: RecordFiles) -> None:
    """Add the bad records that were known before the retry to those that it found."""
    kept = list(files.lines(_KEPT))
    if not kept:
        return
    found = list(files.lines(BAD_RECORDS_FILE))
    again = {line["Object"] for line in found}
    with files.line_writer(BAD_RECORDS_FILE) as writer:
        for line in (*(one for one in kept if one["Object"] not in again), *found):
            writer.write(line)


_KEPT = f"{RETRY_PREFIX}bad_records.jsonl"
