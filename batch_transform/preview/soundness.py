"""Checks whether records are what the job file says they are."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from batch_transform.engine.csv_record import parse_row
from batch_transform.engine.formats import FORMATS
from batch_transform.engine.go_json import join_json
from batch_transform.engine.inexact_numbers import ChangedNumber, changed_number
from batch_transform.engine.json_record import parse_json, serialise_json
from batch_transform.engine.settings import Settings
from batch_transform.job.errors import FilterMissError, TransformError, UnparsableError
from batch_transform.job.files.sample_header import is_number
from batch_transform.job.filters.json_path import JsonPath, JsonValue
from batch_transform.job.rules.unfit_data import packing_of, reads_text, wide_encoding_of
from batch_transform.job.values.wording import counted
from batch_transform.preview.finding import Findings

_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_JSON_TYPES = ("application/json", "application/jsonlines")
_ANSWER = "SageMakerOutput"
_LOOKED_AT_FOR_HEADER = 20
# A space after a semicolon means a sentence: tables have none there.
_OTHER_SEPARATOR = re.compile(rb";(?! )|\t")

_OPEN_QUOTE = (
    "close the quotes, and replace a newline inside them: a cell cannot contain one, because batch transform splits "
    "lines before it reads quotes"
)


@dataclass
class Soundness:
    """Checks records block by block, and adds the problems to `findings`.

    `columns` are the names that the job file gives to columns or to top-level fields; () if it gives none. A record
    that cannot be parsed is an error if the engine would parse it, for a filter or a join, and a warning if the engine
    passes it on as bytes.
    """

    settings: Settings
    columns: Sequence[str]
    findings: Findings
    records: int = 0
    first_failing: int | None = None  # the line of the first record at which the job fails
    _is_packed: bool = False
    _width: int = 0
    _first_row_line: int = 0
    _first_rows: list[list[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.settings
        self._media_type = (settings.content_type or "").partition(";")[0].strip().lower()
        self._filter = JsonPath.parse(settings.input_filter, content_type=settings.content_type)
        self._result_filter = JsonPath.parse(
            settings.output_filter, content_type=settings.accept or settings.content_type
        )
        self._format = FORMATS[settings.record_format] if settings.record_format else None
        # the same rule as in the preflight
        self._is_text = reads_text(settings.content_type, settings.split_type)

    def look_at(self, records: Sequence[bytes], first_line: int) -> None:
        """Check consecutive records. Binary records were already checked when they were split."""
        if first_line <= 1 and records and not self.settings.is_framed:
            self._packing(records[0], first_line)
        if self.settings.is_framed or self._is_packed:
            self.records += len(records)
            return
        for line, record in enumerate(records, first_line):
            text = self._encoding(record, line)
            if self.settings.split_lines:
                text = self._line_end(text, line)
                if not text.strip():
                    self._blank(record, line)
                    continue
                is_csv = self._media_type == "text/csv"
                if b"\r" in text and not (is_csv and b'"' in text):
                    self._lone_return(line)
                    if is_csv:
                        continue  # it is several lines, so its columns cannot be checked
            if self._media_type == "text/csv" and self.settings.split_lines:
                self._csv(text, line)
            elif self._media_type in _JSON_TYPES:
                self._json(text, line)
        self.records += len(records)

    def finish(self) -> None:
        """Run the checks that need several records."""
        if self._first_rows:
            self._header()

    @property
    def _is_parsed(self) -> bool:
        return self._format is not None

    def _packing(self, record: bytes, line: int) -> None:
        """Report compressed data that nothing unpacks; other checks of such bytes would be meaningless."""
        packing = packing_of(record) if self._is_text or record.startswith(_GZIP) else None
        self._is_packed = packing is not None
        if not self._is_packed or "gzip" in self._media_type:
            return
        fails = self.settings.split_lines or self._is_parsed
        if not record.startswith(_GZIP) or self.settings.is_gzip:
            message = f"the object {'unpacks to' if self.settings.is_gzip else 'is'} {packing}; upload the text itself"
            self._note("packed", line, message, is_error=True, fails=fails)
            return
        message = "the object is gzip (it begins with 1F 8B); write input.compression_type: Gzip"
        self._note("gzip", line, message, is_error=fails or self._is_text, fails=fails)

    def _encoding(self, record: bytes, line: int) -> bytes:
        """Report text that is not plain UTF-8, and return the record without a byte order mark."""
        may_be_wide = line <= 1 and (self._is_text or record.startswith(_UTF_16))
        if may_be_wide and (encoding := wide_encoding_of(record)):
            self._note("not-utf-8", line, f"the object is {encoding} text; save it as UTF-8", is_error=True)
            return record
        if line <= 1 and record.startswith(codecs.BOM_UTF8):
            message = (
                "begins with a byte order mark (EF BB BF), which becomes part of the first value; save the object "
                "as UTF-8 without it"
            )
            fails = self._fails(record)
            self._note("byte-order-mark", line, message, is_error=True, fails=fails)
            record = record.removeprefix(codecs.BOM_UTF8)
        if not record.isascii():
            try:
                record.decode("utf-8")
            except UnicodeDecodeError as error:
                message = (
                    f"is not UTF-8 text (byte {error.start + 1} of the record); models and JSON expect UTF-8"
                )
                self._note("not-utf-8", line, message, is_error=False)
        return record

    def _line_end(self, record: bytes, line: int) -> bytes:
        if not record.endswith(b"\r"):
            return record
        becomes = (
            "goes to the model with the record"
            if self._filter.is_identity
            else "is dropped, since the input filter parses the record"
        )
        message = (
            f"ends with CRLF: lines are split at the newline alone, and the carriage return {becomes}; "
            "convert the line ends to LF"
        )
        self._note("crlf", line, message, is_error=False)
        return record[:-1]

    def _lone_return(self, line: int) -> None:
        message = (
            "contains a carriage return: if all lines end with CR, SageMaker sees a single line; "
            "convert the line ends to LF"
        )
        self._note("lone-cr", line, message, is_error=self._media_type == "text/csv")

    def _blank(self, record: bytes, line: int) -> None:
        fails = self._fails(record)
        becomes = "which the job cannot read" if fails else "which gets a line in the result"
        message = (
            f"is blank, but counts as a record, {becomes}; remove it (that AWS counts it as a record is not "
            "documented)"
        )
        self._note("blank-line", line, message, is_error=fails, fails=fails)

    def _fails(self, record: bytes) -> bool:
        """Return whether the engine fails on the record, in the input filter or in a join."""
        if self._format is None:
            return False
        try:
            self._format.select(self._filter, self._format.parse(record))
        except TransformError:
            return True
        return False

    def _csv(self, record: bytes, line: int) -> None:
        try:
            cells = parse_row(record)
        except UnparsableError as error:
            is_open = record.count(b'"') % 2 == 1
            advice = (
                _OPEN_QUOTE
                if is_open
                else 'put double quotes around a cell that contains a comma or a quote, and double each " in it'
            )
            message = f"is not valid CSV: {error}; {advice}"
            self._note("csv-quotes", line, message, is_error=self._is_parsed, fails=self._is_parsed)
            return
        if not self._first_rows:
            self._first_row_line = line
        if len(self._first_rows) < _LOOKED_AT_FOR_HEADER:
            self._first_rows.append(cells)
        self._width = self._width or len(self.columns) or len(cells)
        if len(cells) == 1 and len(self.columns) != 1 and (other := _OTHER_SEPARATOR.search(record)):
            sign = "tabs" if other[0] == b"\t" else "semicolons (;)"
            message = f"has cells that seem to be separated by {sign}, but CSV needs commas; separate them with commas"
            self._note("csv-separator", line, message, is_error=bool(self.columns))
        elif len(cells) != self._width:
            than = "the job file names" if self.columns else "the first line has"
            message = f"has {counted(len(cells), 'column')}, but {than} {self._width}"
            self._note("csv-columns", line, message, is_error=bool(self.columns))
        with self._noting_misses(line):
            self._filter.select_cells(cells)

    def _json(self, record: bytes, line: int) -> None:
        try:
            value = parse_json(record)
        except UnparsableError as error:
            message = f"is not valid JSON: {error}{self._json_advice(record)}"
            self._note("json-invalid", line, message, is_error=self._is_parsed, fails=self._is_parsed)
            return
        with self._noting_misses(line):
            self._filter.select(value)
        if self._is_parsed:
            inexact(self.findings, line, changed_number(record, b" ".join(self._written(value))))
        if not isinstance(value, dict):
            return
        if self.settings.join and _ANSWER in value:
            message = (
                f"already has a field {_ANSWER}, which the join overwrites with the model's answer; rename it"
            )
            self._note("reserved-name", line, message, is_error=False)
        missing = [name for name in self.columns if name not in value]
        if missing:
            message = f"has no field {' and no field '.join(missing[:3])}, which the job file names"
            self._note("json-fields", line, message, is_error=False)

    def _written(self, value: JsonValue) -> Iterator[bytes]:
        """Yield what the engine writes from a record: the model's input, and the part of the record in the result."""
        with suppress(FilterMissError):
            if not self._filter.is_identity:
                yield serialise_json(self._filter.select(value))
        with suppress(FilterMissError):  # the filter may select from the answer, which does not exist yet
            if self.settings.join:
                yield serialise_json(self._result_filter.select(join_json(value, None)))

    def _json_advice(self, record: bytes) -> str:
        if self.settings.split_lines:
            advice = "; with split_type: Line, each line must be a whole JSON document"
            return (
                f"{advice}, not part of one that spans several lines"
                if record.strip() in {b"[", b"{"}
                else advice
            )
        if b"\n{" in record:
            return "; this looks like one JSON document per line: write split_type: Line"
        return ""

    @contextmanager
    def _noting_misses(self, line: int) -> Iterator[None]:
        try:
            yield
        except FilterMissError as error:
            message = f"does not have what the input filter asks for: {error}"
            self._note("filter-miss", line, message, is_error=True, fails=True)

    def _header(self) -> None:
        first, *others = (
            [cell.decode("utf-8", "replace").strip() for cell in row] for row in self._first_rows
        )
        names = {name.lower() for name in self.columns}
        if names and sum(cell.lower() in names for cell in first) * 2 > len(first):
            is_sure = True
        elif any(map(is_number, first)) or not others:
            return
        else:
            is_sure = False
            width = min(map(len, [first, *others]))
            if not any(all(is_number(row[at]) for row in others) for at in range(width)):
                return
        what = "is a header line" if is_sure else "looks like a header line, since there are numbers below it"
        message = (
            f"{what}, but batch transform treats it as a record and would send it to the model; remove it"
        )
        self._note("csv-header", self._first_row_line, message, is_error=is_sure)

    def _note(self, code: str, line: int, message: str, *, is_error: bool, fails: bool = False) -> None:
        self.findings.note(code, line, message, is_error=is_error)
        if fails and self.first_failing is None:
            self.first_failing = line


def inexact(findings: Findings, line: int, changed: ChangedNumber | None) -> None:
    """Report a number that the engine changes."""
    if changed is not None:
        message = (
            f"the number {changed.number} becomes {changed.becomes}: a filter or a join on JSON writes every number "
            "as a float64; write it as a string"
        )
        findings.note("inexact-number", line, message, is_error=False)
