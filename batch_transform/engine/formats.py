"""One record of CSV or JSON behind one interface: parse, select, join, serialise."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from batch_transform.engine.csv_record import parse_row, serialise_row
from batch_transform.engine.go_json import join_json
from batch_transform.engine.json_record import parse_json, serialise_json
from batch_transform.job.filters.json_path import JsonPath, JsonValue

Value = TypeVar("Value")


class RecordFormat(Protocol[Value]):
    """What a filter and a join need of a format. `name` is the one in AWS's messages."""

    @property
    def name(self) -> str:
        """CSV or JSON."""

    def parse(self, text: bytes) -> Value:
        """Return the record's value. Raises UnparsableError."""

    def select(self, path: JsonPath, value: Value) -> Value:
        """Apply a filter. Raises FilterMissError."""

    def join(self, record: Value, answer: Value) -> Value:
        """Return a record together with the model's answer to it."""

    def serialise(self, value: Value) -> bytes:
        """Return the text of a value, without a newline at the end."""


class CsvFormat:
    """A record is a row of cells. A join appends the answer's cells."""

    name = "CSV"

    def parse(self, text: bytes) -> list[bytes]:
        """See `csv_record.parse_row`."""
        return parse_row(text)

    def select(self, path: JsonPath, value: list[bytes]) -> list[bytes]:
        """A single index gives a row of one cell."""
        return path.select_cells(value)

    def join(self, record: list[bytes], answer: list[bytes]) -> list[bytes]:
        """`1,2,3` and `1` make `1,2,3,1` (SageMaker Developer Guide)."""
        return record + answer

    def serialise(self, value: list[bytes]) -> bytes:
        """See `csv_record.serialise_row`."""
        return serialise_row(value)


class JsonFormat:
    """A record is a JSON value. A join adds the answer as its member SageMakerOutput."""

    name = "JSON"

    def parse(self, text: bytes) -> JsonValue:
        """See `json_record.parse_json`."""
        return parse_json(text)

    def select(self, path: JsonPath, value: JsonValue) -> JsonValue:
        """A single name or index gives the bare value."""
        return path.select(value)

    def join(self, record: JsonValue, answer: JsonValue) -> JsonValue:
        """See `go_json.join_json`."""
        return join_json(record, answer)

    def serialise(self, value: JsonValue) -> bytes:
        """See `json_record.serialise_json`."""
        return serialise_json(value)


FORMATS: dict[str, RecordFormat[Any]] = {"CSV": CsvFormat(), "JSON": JsonFormat()}
