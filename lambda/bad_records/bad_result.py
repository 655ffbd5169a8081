"""What the result has in the place of a bad record."""

from __future__ import annotations

from dataclasses import dataclass

from batch_transform.engine.csv_record import parse_row, serialise_row
from batch_transform.engine.go_json import go_parse, go_text, join_json
from batch_transform.engine.settings import Settings
from batch_transform.job.errors import FilterMissError, UnparsableError
from batch_transform.job.filters.json_path import JsonPath
from batch_transform.job.values.bad_records_spec import OMIT


@dataclass(frozen=True)
class BadResult:
    """`result` is the job's `bad_records.result`: OMIT, or a text."""

    settings: Settings
    result: str

    @property
    def needs_record(self) -> bool:
        """Whether the record itself is a part of it."""
        return self.settings.join and self.result != OMIT

    def of(self, record: bytes | None) -> bytes:
        """Return what the result has in the place of a record, which has no newline; None if it can't be read.

        Without a join that is the text. With one it is what the job would have written if the model had answered with
        the text. The text stands alone for a record that can't be joined, because it can't be parsed or the output
        filter selects what the text doesn't have.
        """
        if self.result == OMIT:
            return b""
        text = self.result.encode()
        if self.settings.join and record is not None:
            try:
                text = self._joined(record, text)
            except (UnparsableError, FilterMissError):
                text = self.result.encode()
        return text + b"\n" if self.settings.assemble_lines else text

    def _joined(self, record: bytes, answer: bytes) -> bytes:
        settings = self.settings
        path = JsonPath.parse(
            settings.output_filter,
            member="OutputFilter",
            content_type=settings.accept or settings.content_type,
        )
        if settings.answer_format == "CSV":
            return serialise_row(path.select_cells(parse_row(record) + parse_row(answer)))
        return go_text(path.select(join_json(go_parse(record), go_parse(answer))))
