"""What the model gets of each record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batch_transform.engine.compiled import text_lines
from batch_transform.engine.formats import FORMATS, NEEDS_A_CLOSER_LOOK, RecordFormat
from batch_transform.engine.records import Records
from batch_transform.engine.settings import Settings
from batch_transform.engine.whereabouts import record_at
from batch_transform.job.errors import FilterMissError, RecordError, UnparsableError
from batch_transform.job.filters.json_path import JsonPath


@dataclass(frozen=True)
class InputFilter:
    """The InputFilter of a job. With `$` no record is parsed and every byte goes through as it is."""

    path: JsonPath
    format: RecordFormat[Any] | None
    split_lines: bool

    @classmethod
    def of(cls, settings: Settings) -> InputFilter:
        """Read the job's filter. Raises InvalidFilterError."""
        return cls(
            JsonPath.parse(settings.input_filter, member="InputFilter", content_type=settings.content_type),
            FORMATS[settings.record_format] if settings.record_format else None,
            settings.split_lines,
        )

    def sent(self, records: Records) -> list[bytes]:
        """Return what is sent of each record, without newlines. Raises RecordError."""
        if self.path.is_identity or self.format is None:
            return records.items
        if self.split_lines:
            try:
                text = self._compiled(records)
                return (
                    self.format.lines(self.path).filtered(records.text) if text is None else text.split(b"\n")
                )
            except NEEDS_A_CLOSER_LOOK:
                pass  # a record is unusual or faulty: the way below takes it, or says which it is and why
        return [
            self._sent(self.format, record, line)
            for line, record in enumerate(records.items, records.first_line)
        ]

    def sent_text(self, records: Records) -> bytes:
        """Return the same as one text. With `$` nothing is cut for it."""
        if self.path.is_identity or self.format is None:
            return records.text
        try:
            text = self._compiled(records)
        except NEEDS_A_CLOSER_LOOK:
            text = None
        return b"\n".join(self.sent(records)) if text is None else text

    def _compiled(self, records: Records) -> bytes | None:
        lines = text_lines(self.format.name, self.path) if self.format and self.split_lines else None
        return None if lines is None else lines.filtered(records.text)

    def _sent(self, record_format: RecordFormat[Any], record: bytes, line: int) -> bytes:
        try:
            return record_format.serialise(record_format.select(self.path, record_format.parse(record)))
        except UnparsableError as error:
            raise unparsable_record(record_format, record, line, error) from error
        except FilterMissError as error:
            raise RecordError(
                str(error),
                record_at(line, record, "fix this record, or choose another InputFilter"),
                line=line,
            ) from error


def unparsable_record(
    record_format: RecordFormat[Any], record: bytes, line: int, error: UnparsableError
) -> RecordError:
    """The error for an input record that is not in its format, in AWS's words for a CSV line.

    github.com/aws/amazon-sagemaker-examples issue 1620 shows them: the agent reports the line, with its
    newline, as if the model had answered 400.
    """
    shown = record[:_SHOWN].decode("utf-8", "replace")
    said = f"Failed to parse line: '{shown}\n' as {record_format.name}: {error}"
    advice = {
        "CSV": 'a cell that holds a comma or a double quote stands in double quotes, each " in it doubled',
        "JSON": "every record is one JSON document; with SplitType Line it stands on one line",
    }[record_format.name]
    return RecordError("ClientError: 400", "", "Message:", said, record_at(line, record, advice), line=line)


_SHOWN = 4096  # bytes of a line that a log event can sensibly hold
