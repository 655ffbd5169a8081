"""Plans the rounds: which sections a further transform job scores, until every bad record is known.

Halving an object of a million records would take twenty transform jobs, each of which takes minutes to start. So a
round scores up to ten thousand sections in one job, and the next round cuts those that failed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, BinaryIO, NoReturn

from bad_record_list import write_list
from botocore.exceptions import ClientError
from bucket_store import BucketStore, ManyUploads
from cutting import MOST_OF_A_ROUND, Cut, shares, shares_of_lines
from reasons import LogsClient, reasons
from refused_lines import refused_lines
from section_run import SectionRun, TimeLeft, is_last, round_request
from sections import IN, KEPT, OUT, FailedObject, Plan, Section, State
from verdict import Evidence

from aws_client import LONGEST_CALL_SECONDS
from batch_transform.engine.records import object_stream
from batch_transform.engine.selection import Selected, selected_objects
from batch_transform.job.errors import BadRecordsError, RecordError
from batch_transform.job.values.bad_records_spec import MOST_BAD_RECORDS, MOST_ROUNDS
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import counted, listed

_CONTROL = "control"
_CHUNK = 1024 * 1024
_NEEDED_SECONDS = 300
"""Time that must be left to begin with another object: otherwise the state machine calls the function again."""


class StoppedError(Exception):
    """When the run has to fail. It never leaves the function.

    `as_failure` is its Error and Cause, and the part of the cause that never has data, which may be empty.
    """

    def __init__(self, error: str, cause: str, explanation: str = "") -> None:
        super().__init__(cause)
        self.as_failure = {"Error": error, "Cause": cause, "Explanation": explanation}


@dataclass(frozen=True)
class Rounds:
    """Plans the round after `run.round`."""

    run: SectionRun
    store: BucketStore
    logs: LogsClient
    time_left: TimeLeft

    def next_step(self) -> dict[str, Any]:
        """Return what the state machine does next.

        `next` is Score (with `request`, for `round`), Collect, Plan (call again: there was no time for all objects) or
        Fail, with `failure`, the run's Error and Cause.
        """
        step: dict[str, Any] = {"next": "", "round": self.run.round, "request": {}, "failure": {}}
        try:
            plan = self._first() if self.run.round == 0 else self._following()
        except StoppedError as stopped:
            return {**step, "next": "Fail", "failure": stopped.as_failure}
        if plan is None:
            return {**step, "next": "Plan"}
        self.store.write(self.run.places.plan(plan.round), plan.to_json())
        opened = [section for _, section in plan.sections(State.OPEN)]
        if not opened:
            return {**step, "next": "Collect", "round": plan.round}
        print(  # noqa: T201  # for the function's log
            f"round {plan.round}: {counted(len(opened), 'section')} of "
            f"{counted(sum(section.lines for section in opened), 'record')}"
        )
        return {**step, "next": "Score", "round": plan.round, "request": round_request(self.run, plan)}

    def _first(self) -> Plan | None:
        """Cut the objects without a result; None if there was no time for all of them."""
        selected = list(selected_objects(self.run.settings, self.store))
        output = self.run.settings.output
        results = {
            found.key for found in self.store.list_objects(output.bucket, f"{output.key.rstrip('/')}/")
        }
        missing = [one for one in selected if one.output.key not in results]
        self._require_reason(missing)
        stored = [self.store.stored(one.source) for one in missing]
        # The job may never have read an object that arrived after the run had started: its records aren't to blame.
        read = {
            one.source
            for one, found in zip(missing, stored, strict=True)
            if found is not None and found.modified <= self.run.started
        }
        self._require_blame(len(read))
        plan = self._begun() or Plan(1, len(selected), [])
        parts = shares([0 if found is None else found.size for found in stored])
        # By name: an object may have arrived since an earlier call.
        cut = {one.source for one in plan.failed}
        begun = len(plan.failed)
        for one, share in zip(missing, parts, strict=True):
            if one.source in cut:
                continue
            if len(plan.failed) > begun and self.time_left() < _NEEDED_SECONDS:
                self.store.write(self.run.places.plan(1, ".begun"), plan.to_json())
                return None
            plan.failed.append(self._cut_object(one, len(plan.failed), share))
            self._require_room(plan)
        self._require_limit(plan, sum(max(one.certain, one.source in read) for one in plan.failed))
        if len(read) == len(missing):
            self._settle_single_records(plan)
        return plan

    def _require_reason(self, missing: Sequence[Selected]) -> None:
        """Stop unless records can be the reason, and one round can cut all objects."""
        if not missing:
            self._stop_with_reason("every object has a result: no record is the reason")
        if len(missing) > MOST_OF_A_ROUND:
            self._stop_with_reason(
                f"{counted(len(missing), 'object')} have no result, more than the {MOST_OF_A_ROUND:,} that one round "
                "can cut"
            )

    def _require_blame(self, failed: int) -> None:
        """Stop if more objects failed than records may be bad."""
        most = self.run.limits.max_count
        if most is not None and failed > most:
            self._stop_over_limit(failed, f"bad_records.max_count allows {most}", at_least=True)

    def _begun(self) -> Plan | None:
        found = self.store.find(self.run.places.plan(1, ".begun"))
        return None if found is None else Plan.of_json(found)

    def _size(self, place: S3Uri) -> int:
        """Return the size of an object, unpacked. A packed object is read to its end for that."""
        if not self.run.settings.is_gzip:
            found = self.store.stored(place)
            return self._stop_without(place) if found is None else found.size
        size = 0
        with self._open(place) as stored:
            stream = object_stream(stored, self.run.settings)
            try:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
            except RecordError as error:  # it isn't gzip: no record is bad, the whole object is
                self._stop_with_reason(f"{place}: {error}")
        return size

    def _open(self, source: S3Uri) -> BinaryIO:
        """Open an input object."""
        try:
            return self.store.open(source.bucket, source.key)
        except ClientError:
            if self.store.stored(source) is None:
                self._stop_without(source)
            raise

    def _stop_without(self, source: S3Uri) -> NoReturn:
        self._stop_with_reason(
            f"{source} was deleted while the run was in progress; keep the input as it is until a run has ended"
        )

    def _cut_object(self, one: Selected, number: int, share: int) -> FailedObject:
        size = self._size(one.source)
        if not size:
            self._stop_with_reason(f"{one.source} has no records; remove it")
        failed = FailedObject(one.source, one.output)
        max_payload = self.run.request.get("MaxPayloadInMB")
        refused = refused_lines(self.run.settings, max_payload)

        def keep(name: str, line: bytes) -> bool:
            """Keep a line that is quoted, or could be joined: one that is too large, but can be parsed.

            It is kept whole: the start of a line that can't be parsed might be a record.
            """
            is_joined = self.run.bad_result.needs_record and len(line) >= (max_payload or 0) * 1024**2
            if not line or not (is_joined or self.run.keep_records):
                return False
            copy = uploads.create(self.run.places.copy(Section(0, 1, 0, 0, name, 1, copied=KEPT)))
            copy.write(line)
            copy.commit()
            return True

        with ManyUploads(self.store) as uploads:
            cut = Cut(
                _names(number),
                lambda name: uploads.create(self.run.places.copy(Section(0, 0, 0, 0, name, 1))),
                1,
                most_bytes=-(-size // share),
                refused=refused,
                keep=keep,
            )
            with self._open(one.source) as stored:
                for section in cut.sections(object_stream(stored, self.run.settings)):
                    failed.sections.append(section)
                    if failed.certain > MOST_BAD_RECORDS:
                        break
        return failed

    def _settle_single_records(self, plan: Plan) -> None:
        """Save the round if it would score nothing but objects of one record: the job itself has scored those."""
        opened = list(plan.sections(State.OPEN))
        if not opened or any(one.lines > 1 for one, _ in opened):
            return
        self._require_model(Evidence(len(opened), plan.objects, "objects"), 0)
        self._mark(opened, 0, {id(section): str_name(one.source) for one, section in opened})

    def _following(self) -> Plan:
        """Note what the round has shown, and cut the sections that failed."""
        run, places = self.run, self.run.places
        plan = Plan.of_json(self.store.read(places.plan(run.round)))
        folder = places.folder(OUT, run.round)
        results = {found.key for found in self.store.list_objects(folder.bucket, folder.key)}
        if plan.has_control and f"{folder.key}{_CONTROL}.out" not in results:
            self._stop_with_reason(
                "a section that had a result before failed now: it is the model, not the records"
            )
        opened = list(plan.sections(State.OPEN))
        failed = []
        for one, section in opened:
            if places.result(section).key in results:
                section.state = State.SCORED
            else:
                failed.append((one, section))
        scored = len(opened) + plan.objects - len(plan.failed)
        evidence = Evidence(len(failed), scored, "sections and objects") if run.round == 1 else None
        single = [(one, section) for one, section in failed if section.lines == 1]
        names = {id(section): str_name(places.copy(section)) for _, section in single}
        self._mark(single, run.round, names, all_bad=is_last(plan))
        several = [section for _, section in failed if section.lines > 1]
        self._require_room(plan)
        self._require_limit(plan, sum(one.certain for one in plan.failed) + len(several), evidence)
        if evidence is not None:
            self._require_model(evidence, run.round)
        if run.round >= MOST_ROUNDS and any(True for _ in plan.sections(State.OPEN)):
            self._stop_with_reason(f"the bad records aren't known after {MOST_ROUNDS} rounds")
        return self._cut_again(plan)

    def _mark(
        self,
        single: Sequence[tuple[FailedObject, Section]],
        round_: int,
        names: dict[int, str],
        *,
        all_bad: bool = True,
    ) -> None:
        """Mark sections of one line that failed as bad records, each with its reason.

        With fewer and shorter retries than the job's own (`all_bad` is false), only a 4xx is a verdict on the record: a
        section without an answer is scored again.
        """
        if not single:
            return
        said = reasons(self.run.transform_job_name, set(names.values()), self.logs)
        for _, section in single:
            reason = said.get(names[id(section)], "")
            if all_bad or reason.startswith("ClientError: 4"):
                section.state, section.found = State.BAD, round_
                section.reason = reason or self._failure_reason()

    def _cut_again(self, plan: Plan) -> Plan:
        following = Plan(plan.round + 1, plan.objects, plan.failed, plan.other_records)
        opened = [section for _, section in plan.sections(State.OPEN)]
        if not opened:
            return following
        parts = dict(
            zip(map(id, opened), shares_of_lines([section.lines for section in opened]), strict=True)
        )
        with ManyUploads(self.store) as uploads:
            for number, one in enumerate(following.failed):
                names = _names(number)
                cut = [
                    list(self._cut_section(section, parts[id(section)], names, uploads))
                    if section.is_open
                    else [section]
                    for section in one.sections
                ]
                one.sections = [section for sections in cut for section in sections]
        self._add_control(following)
        return following

    def _cut_section(
        self, section: Section, share: int, names: Iterator[str], uploads: ManyUploads
    ) -> Iterator[Section]:
        round_ = section.round + 1
        cut = Cut(
            names,
            lambda name: uploads.create(self.run.places.copy(Section(0, 0, 0, 0, name, round_))),
            round_,
            most_lines=-(-section.lines // share),
        )
        place = self.run.places.copy(section)
        with self.store.open(place.bucket, place.key) as stream:
            yield from cut.sections(stream, line=section.line, offset=section.offset)

    def _add_control(self, plan: Plan) -> None:
        """Score one section again that has a result, the smallest: a model that fails it now has broken."""
        scored = [section for _, section in plan.sections(State.SCORED)]
        if not scored:
            return
        section = min(scored, key=lambda one: (one.lines, one.length, one.line))
        place = self.run.places.folder(IN, plan.round)
        self.store.write(
            S3Uri(place.bucket, f"{place.key}{_CONTROL}"), self.store.read(self.run.places.copy(section))
        )
        plan.has_control = True

    def _require_room(self, plan: Plan) -> None:
        certain = sum(one.certain for one in plan.failed)
        if certain > MOST_BAD_RECORDS:
            self._stop_over_limit(
                certain, f"a run can leave out {MOST_BAD_RECORDS:,}", at_least=True, plan=plan
            )

    def _require_limit(self, plan: Plan, certain: int, evidence: Evidence | None = None) -> None:
        """Stop if the limit is certainly exceeded: a section that failed has at least one bad record."""

        def others(enough: int) -> int:
            if plan.other_records is None:
                plan.other_records = self._other_records(plan, enough)
            return plan.other_records

        breached = self.run.limits.breach(certain, plan.records, others)
        if breached:
            is_partial = any(True for _ in plan.sections(State.OPEN))
            if evidence is not None and evidence.is_model:
                breached += f"; {evidence} in round {self.run.round}, so check the model first"
            self._stop_over_limit(certain, breached, at_least=is_partial, plan=plan)

    def _other_records(self, plan: Plan, enough: int) -> int:
        """Count the records of the objects with a result, until there are enough."""
        failed = {one.source for one in plan.failed}
        records = 0
        for one in selected_objects(self.run.settings, self.store):
            if one.source in failed:
                continue
            if self.time_left() < LONGEST_CALL_SECONDS:
                raise BadRecordsError(
                    "there was no time to count the records of all objects for bad_records.max_percent; set "
                    "bad_records.max_count instead"
                )
            with self._open(one.source) as stored:
                records += _count(object_stream(stored, self.run.settings))
            if records >= enough:
                break
        return records

    def _require_model(self, evidence: Evidence, round_: int) -> None:
        if evidence.is_model:
            self._stop_with_reason(f"{evidence} in round {round_}: it is the model, not the records")

    def _stop_with_reason(self, why: str) -> NoReturn:
        reason = self._failure_reason()
        raise StoppedError(self.run.failure.get("Error", "States.TaskFailed"), f"{reason}; {why}", why)

    def _stop_over_limit(
        self, certain: int, limit: str, *, at_least: bool, plan: Plan | None = None
    ) -> NoReturn:
        bad = list(plan.sections(State.BAD)) if plan else []
        write_list(self.run, self.store, bad)
        # Without their reasons, which may quote data: causes are sent in notifications.
        known = [f"line {section.line:,} of {one.source}" for one, section in bad]
        shown = f"; such as {listed(known, 3)}" if known else ""
        many = f"{'at least ' if at_least else ''}{counted(certain, 'bad record')}"
        raise StoppedError("BadRecordsError", f"{many}, but {limit}{shown}")

    def _failure_reason(self) -> str:
        """Return AWS's reason for the failed job."""
        cause = self.run.failure.get("Cause", "")
        described: Any = {}
        with suppress(ValueError):
            described = json.loads(cause)
        said = described.get("FailureReason") if isinstance(described, dict) else None
        return str(said or cause or "the transform job failed")


def str_name(place: S3Uri) -> str:
    """Return an object's name as the data log has it."""
    return f"{place.bucket}/{place.key}"


def _names(number: int) -> Iterator[str]:
    """Yield the names of the sections of an object in a round, in their order."""
    return (f"{number:05d}-{at:07d}" for at in count())


def _count(stream: Any) -> int:
    """Count the lines of a stream."""
    lines, last = 0, b"\n"
    while chunk := stream.read(_CHUNK):
        lines += chunk.count(b"\n")
        last = chunk[-1:]
    return lines + (last != b"\n")
