"""The steps of a run that keep its record: at its start, when its results are there, and at its end."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.errors import ListingTimeError
from batch_transform.job.record.names import BAD_RECORDS_FILE, OBJECTS_FILE, RUN_FILE, SUCCESS_FILE
from batch_transform.job.request.retry_input import retried_run
from inputs import Inputs
from matching import FAILED, MISSING, in_key_order, matched, objects_of, results_below
from record_counts import Cursor, RecordCounter, is_countable
from record_files import RecordFiles, S3Client, is_written_meanwhile
from report_page import write_page
from retries import holder, retry_ended
from retry_plan import restore_bad_records
from run_cost import cost_members, price_of, prices_of
from run_jobs import SageMakerClient, model_of, transform_jobs
from run_record import Ending, Record, Run, ended, iso, started
from run_states import Passed
from summary import Summary, not_checked
from time_budget import TimeBudget

COMPLETED = "Completed"
RECONCILIATION_ERROR = "ReconciliationError"


@dataclass(frozen=True)
class RecordSteps:
    """The record of one run. `states` returns the states that it has passed, for its page."""

    run: Run
    s3: S3Client
    sagemaker: SageMakerClient
    states: Callable[[], Sequence[Passed]] = tuple

    @property
    def files(self) -> RecordFiles:
        """The files of the record."""
        return RecordFiles.below(self.run.output, self.run.run_id, self.s3)

    def list_inputs(self, budget: TimeBudget) -> None:
        """Write the input objects as they are before the transform job, and the record of a run in progress.

        Of objects that can't all be listed within the budget, none is written: the run isn't reconciled then.
        """
        inputs = self._inputs
        with _in_time(), self.files.line_writer(OBJECTS_FILE) as writer:
            for one in inputs.now(self.s3, budget):
                writer.write(one.line())
        model = model_of(self._request["ModelName"], self.sagemaker)
        prices = {"Price": price_of(self.run.prices), "Prices": prices_of(self.run.prices)}
        record = {**started(self.run, model), **prices}
        try:
            self.files.write(RUN_FILE, record, IfNoneMatch="*")
        except ClientError as error:
            # A run that was stopped meanwhile has its record already, and a call that is repeated its first form.
            if not is_written_meanwhile(error):
                raise

    def reconcile(self, cursor: Mapping[str, Any] | None, budget: TimeBudget) -> Record:
        """Compare the results with the input, as far as there is time: what isn't matched has no Status.

        Return `done` and, if it is False, the `cursor` for the next call. `error` and `cause` are empty unless the
        results don't match the input.
        """
        if not self.files.exists(OBJECTS_FILE):  # the input wasn't listed: there is nothing to compare with
            return {"done": True, "cursor": {}, "error": "", "cause": ""}
        if cursor is None:
            self._match(MISSING, budget)
            cursor = {}
        if self.run.reconcile == "records" and is_countable(self._request):
            stopped = self._count(Cursor(**cursor), budget)
            if stopped is not None:
                return {"done": False, "cursor": stopped.as_json(), "error": "", "cause": ""}
        summary = self._summary()
        is_mismatch = summary.reconciliation(self.run.reconcile)["Result"] == "Mismatched"
        return {
            "done": True,
            "cursor": {},
            "error": RECONCILIATION_ERROR if is_mismatch else "",
            "cause": summary.cause(str(self.files.prefix)) if is_mismatch else "",
        }

    def write(self, ending: Ending, budget: TimeBudget, **condition: str) -> Record:
        """Write the record of a run that ended, and return it. `_SUCCESS` comes last, and for a completed run alone.

        `budget` is for matching the objects of a failed run. With a condition of S3, `_run.json` is written only if it
        is true; otherwise ClientError is raised.
        """
        record = self.files.read(RUN_FILE)
        is_known = record is not None
        if record is None:  # the run ended before its start was written
            record = started(self.run, None)
        if holder(record) != self.run.execution_arn:  # a retry has begun since
            return record
        if record["Request"] is not None and self.files.exists(OBJECTS_FILE):
            run = Run(**{**self.run.__dict__, "request": record["Request"]})
            record |= RecordSteps(run, self.s3, self.sagemaker)._objects(ending, budget, is_known=is_known)
        jobs = transform_jobs(self.run.job, self.run.execution_arn, self.sagemaker)
        self.files.touch(OBJECTS_FILE)
        self.files.touch(BAD_RECORDS_FILE)
        if self._is_retry:
            record = retry_ended(record, ending, jobs, self.run.prices)
        else:
            record = ended(record, ending, jobs)
            record |= cost_members(record, self.run.prices)
        self.files.write(RUN_FILE, record, **condition)
        try:
            write_page(self.run, record, self.files, self.s3, self.states(), budget=budget)
        except Exception:  # noqa: BLE001  # the record is complete without a page
            traceback.print_exc()  # for the function's log
        if ending.outcome == COMPLETED:
            self.files.touch(SUCCESS_FILE)
        return record

    @property
    def _request(self) -> Mapping[str, Any]:
        assert self.run.sent is not None  # noqa: S101  # the state machine calls these steps after the preflight
        return self.run.sent

    @property
    def _inputs(self) -> Inputs:
        return Inputs.of(self._request)

    @property
    def _is_retry(self) -> bool:
        """Whether this execution continues the record of another one."""
        return retried_run(self.run.input) == self.run.run_id

    def _objects(self, ending: Ending, budget: TimeBudget, *, is_known: bool) -> Record:
        """Return the members that `_objects.jsonl` knows. A failed run's objects are matched now, if there is time."""
        summary = self._summary()
        if not summary.is_ended:
            self._match(FAILED, budget)
            summary = self._summary()
        was_reconciled = ending.outcome == COMPLETED or ending.error == RECONCILIATION_ERROR
        return {
            "Objects": summary.objects(),
            "Records": summary.records(),
            # A run that failed before that may have known some of them.
            "BadRecords": summary.bad_records if was_reconciled else None,
            "Reconciliation": summary.reconciliation(self.run.reconcile)
            if was_reconciled and is_known
            else not_checked(self.run.reconcile),
        }

    def _match(self, without_result: str, budget: TimeBudget) -> None:
        """Write the status of each object, or nothing if they can't all be listed within the budget."""
        inputs, files = self._inputs, self.files
        listed = objects_of(files.lines(OBJECTS_FILE))
        if self._is_retry:
            restore_bad_records(files)
            listed = in_key_order(listed)
        bad: Counter[str] = Counter(line["Object"] for line in files.lines(BAD_RECORDS_FILE))
        with _in_time(), files.line_writer(OBJECTS_FILE) as writer:
            for line in matched(
                listed,
                inputs.now(self.s3, budget) if inputs.is_prefix else None,
                results_below(files.prefix, self.s3, budget),
                output_prefix=inputs.output_prefix,
                without_result=without_result,
            ):
                place = f"s3://{inputs.source.bucket}/{line['Key']}"
                writer.write({**line, "BadRecords": bad[place]} if line["Key"] is not None else line)

    def _count(self, cursor: Cursor, budget: TimeBudget) -> Cursor | None:
        files = self.files
        counter = RecordCounter(
            self.s3,
            source_bucket=self._inputs.source.bucket,
            output_bucket=files.prefix.bucket,
            is_gzip=self._request["TransformInput"].get("CompressionType") == "Gzip",
            budget=budget,
        )
        with files.line_writer(OBJECTS_FILE) as writer:
            for line in counter.count(files.lines(OBJECTS_FILE), cursor):
                writer.write(line)
        return counter.stopped

    def _summary(self) -> Summary:
        summary = Summary(
            source_bucket=self._inputs.source.bucket,
            output_bucket=self.files.prefix.bucket,
            leaves_out=self.run.leaves_out,
        )
        return summary.add(self.files.lines(OBJECTS_FILE))


@contextmanager
def _in_time() -> Iterator[None]:
    """Log that the objects could not all be listed, rather than fail: what isn't written is not known."""
    try:
        yield
    except ListingTimeError as error:
        print(error)  # noqa: T201  # for the function's log


def now() -> str:
    """Return the time for the record."""
    return iso(datetime.now(UTC))
