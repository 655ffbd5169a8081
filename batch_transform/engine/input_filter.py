"""What the model gets of each record."""

from __future__ import annotations

from dataclasses import dataclass

from batch_transform.engine.record_by_record import FaultyRecordError
from batch_transform.engine.record_filter import RecordFilter, record_filter
from batch_transform.engine.records import Ending, Records, record_at
from batch_transform.engine.settings import Settings
from batch_transform.job.errors import RecordError, UnparsableError
from batch_transform.job.filters.json_path import JsonPath

_SHOWN = 4096  # bytes of a line that a log event can sensibly hold


@dataclass(frozen=True)
class InputFilter:
    """The InputFilter of a job. With `$` there is no `filter`: no record is parsed, and every byte is sent as it is."""

    path: JsonPath
    format_name: str | None
    filter: RecordFilter | None

    @classmethod
    def of(cls, settings: Settings) -> InputFilter:
        """Read the job's filter. Raises InvalidFilterError."""
        path = JsonPath.parse(settings.input_filter, member="InputFilter", content_type=settings.content_type)
        name = settings.record_format
        return cls(path, name, None if name is None or path.is_identity else record_filter(name, path))

    def sent(self, records: Records) -> list[bytes]:
        """Return what is sent of each record, without newlines. Raises RecordError."""
        if self.filter is None:
            return records.items
        text = self.sent_text(records)
        return text.split(b"\n") if records.are_lines else [text]

    def sent_text(self, records: Records) -> bytes:
        """Return the same as one text."""
        if self.filter is None:
            return records.text
        try:
            return self.filter.filtered(records, Ending.BETWEEN)
        except FaultyRecordError as fault:
            raise self._error(fault, records) from fault

    def _error(self, fault: FaultyRecordError, records: Records) -> RecordError:
        line, record = records.first_line + fault.position, records.items[fault.position]
        if isinstance(fault.cause, UnparsableError):
            return unparsable_record(str(self.format_name), record, line, fault.cause)
        advice = "fix this record, or choose another InputFilter"
        return RecordError(str(fault.cause), record_at(line, record, advice), line=line)


def unparsable_record(format_name: str, record: bytes, line: int, error: UnparsableError) -> RecordError:
    """The error for an input record that isn't valid CSV or JSON, in AWS's words for a CSV line.

    github.com/aws/amazon-sagemaker-examples issue 1620 shows them: the agent reports the line, with its
    newline, as if the model had answered 400.
    """
    shown = record[:_SHOWN].decode("utf-8", "replace")
    message = f"Failed to parse line: '{shown}\n' as {format_name}: {error}"
    advice = {
        "CSV": 'put a cell that contains a comma or a double quote in double quotes, and double each " in it',
        "JSON": "every record is one JSON document, and with SplitType Line it is on one line",
    }[format_name]
    return RecordError(
        "ClientError: 400", "", "Message:", message, record_at(line, record, advice), line=line
    )
