"""The list of a run's bad records, next to its results."""

from __future__ import annotations

import codecs
import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from bucket_store import BucketStore, in_order
from section_run import SectionRun
from sections import FailedObject, Section

from batch_transform.job.record.names import BAD_RECORDS_FILE
from batch_transform.job.values.s3_uri import S3Uri

LONGEST_RECORD = 2048
"""Bytes of a record that are quoted."""

_Utf8 = codecs.getincrementaldecoder("utf-8")


def write_list(run: SectionRun, store: BucketStore, bad: Sequence[tuple[FailedObject, Section]]) -> None:
    """Write the bad records below the run's output prefix; nothing if there are none."""
    if not bad:
        return
    kept = [section for _, section in bad if run.keep_records and section.copied]
    places = (run.places.copy(section) for section in kept)
    # One byte more than is quoted: a newline, if it is the whole line.
    texts = in_order(lambda place: store.read_start(place, LONGEST_RECORD + 1), places)
    quoted = {id(section): _quoted(text) for section, text in zip(kept, texts, strict=True)}
    lines = [
        json.dumps({**_described(one, section), **quoted.get(id(section), {})}, ensure_ascii=False)
        for one, section in bad
    ]
    output = run.settings.output
    key = f"{output.key.rstrip('/')}/{BAD_RECORDS_FILE}".lstrip("/")
    store.write(S3Uri(output.bucket, key), "".join(f"{line}\n" for line in lines).encode())


def _described(one: FailedObject, section: Section) -> dict[str, Any]:
    return {
        "Object": str(one.source),
        "Line": section.line,
        "Offset": section.offset,
        "Length": section.length,
        "Round": section.found,
        "Reason": section.reason,
    }


def _quoted(line: bytes) -> dict[str, str]:
    """Return the start of a record as text, or in base64 if it isn't UTF-8."""
    record = line.removesuffix(b"\n")
    start = record[:LONGEST_RECORD]
    try:
        # The cut may be within a character, which is left out.
        return {"Record": _Utf8().decode(start, final=len(start) == len(record))}
    except UnicodeDecodeError:
        return {"RecordBase64": b64encode(start).decode()}
