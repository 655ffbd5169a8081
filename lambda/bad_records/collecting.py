"""Puts the results of an object's sections together, in order, and writes the list of the bad records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bad_record_list import write_list
from bucket_store import SMALLEST_PART, BucketStore, Upload, in_order
from section_run import SectionRun, TimeLeft
from sections import OUT, FailedObject, Plan, Section, State

from batch_transform.job.errors import BadRecordsError
from batch_transform.job.values.s3_uri import S3Uri

_CHUNK = 1024 * 1024
_NEEDED_SECONDS = 300


@dataclass(frozen=True)
class Collecting:
    """Writes the results of a run whose bad records are all known."""

    run: SectionRun
    store: BucketStore
    time_left: TimeLeft

    def next_step(self) -> dict[str, Any]:
        """Write the results. `next` is Collect if there was no time for all objects, and Done after the last.

        `bad_records` is how many there are. Raises BadRecordsError for results that can't be put together.
        """
        plan = Plan.of_json(self.store.read(self.run.places.plan(self.run.round)))
        results = self._results()
        begun = self._begun()
        bad = list(plan.sections(State.BAD))
        if (
            not begun
        ):  # before the results: if the run is stopped, none of them lacks a record that isn't listed
            write_list(self.run, self.store, bad)
        for number, one in enumerate(plan.failed[begun:], begun):
            if number > begun and self.time_left() < _NEEDED_SECONDS:
                self.store.write(self._progress, json.dumps(number).encode())
                return {"next": "Collect", "bad_records": 0}
            self._write(one, results)
        return {"next": "Done", "bad_records": len(bad)}

    def _results(self) -> dict[str, int]:
        """Return the sizes of all sections' results, by key."""
        return {
            found.key: found.size
            for round_ in range(1, self.run.round + 1)
            for found in self.store.list_objects(
                self.run.places.bucket, self.run.places.folder(OUT, round_).key
            )
        }

    @property
    def _progress(self) -> S3Uri:
        return self.run.places.plan(self.run.round, ".collected")

    def _begun(self) -> int:
        found = self.store.find(self._progress)
        return 0 if found is None else int(json.loads(found))

    def _write(self, one: FailedObject, results: dict[str, int]) -> None:
        bad_result = self.run.bad_result
        places = self.run.places
        sizes = {id(section): results.get(places.result(section).key, 0) for section in one.sections}

        def small(section: Section) -> S3Uri | None:
            """Return what is read at once for a section: its result, or the record that is joined."""
            if section.state is State.BAD:
                return places.copy(section) if bad_result.needs_record and section.copied else None
            return places.result(section) if sizes[id(section)] < SMALLEST_PART else None

        read = in_order(self.store.read, (place for section in one.sections if (place := small(section))))
        upload = self.store.create(one.output.bucket, one.output.key)
        try:
            for section in one.sections:
                text = next(read) if small(section) else None
                if section.state is State.BAD:
                    upload.write(bad_result.of(None if text is None else text.removesuffix(b"\n")))
                elif text is not None:
                    self._require_lines(one, section, _Lines().add(text))
                    upload.write(text)
                else:
                    self._append_large(one, section, sizes[id(section)], upload)
            upload.commit()
        except BaseException:  # of any kind: leave no half-written object
            upload.abort()
            raise

    def _append_large(self, one: FailedObject, section: Section, size: int, upload: Upload) -> None:
        place = self.run.places.result(section)
        if not self._counts_lines and upload.copies(size):
            upload.copy(place, size)
            return
        lines = _Lines()
        with self.store.open(place.bucket, place.key) as stream:
            while chunk := stream.read(_CHUNK):
                lines.add(chunk)
                upload.write(chunk)
        self._require_lines(one, section, lines)

    @property
    def _counts_lines(self) -> bool:
        """Whether each record must have one line: a join makes sure of that itself."""
        settings = self.run.settings
        return settings.answers_by_line and settings.assemble_lines and not settings.join

    def _require_lines(self, one: FailedObject, section: Section, lines: _Lines) -> None:
        if self._counts_lines and lines.count != section.lines:
            last = section.line + section.lines - 1
            raise BadRecordsError(
                f"the model answered the {section.lines:,} records in lines {section.line:,} to {last:,} of "
                f"{one.source} with {lines.count:,} lines, so the result isn't certain to be that of a run without the "
                "bad records; let the model answer each record with one line, or set transform.strategy: SingleRecord"
            )


class _Lines:
    """Counts lines; the last may lack its newline."""

    def __init__(self) -> None:
        self._newlines = 0
        self._last = b"\n"

    def add(self, text: bytes) -> _Lines:
        self._newlines += text.count(b"\n")
        self._last = text[-1:] or self._last
        return self

    @property
    def count(self) -> int:
        return self._newlines + (self._last != b"\n")
