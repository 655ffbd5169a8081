"""The lines that SageMaker's agent itself refuses, whatever the model is: by the engine's own rules.

They are left out before a transform job is billed for them, and tell bad records from a broken model.
"""

from __future__ import annotations

from collections.abc import Callable

from batch_transform.engine.csv_record import parse_row
from batch_transform.engine.go_json import go_parse
from batch_transform.engine.settings import MIB, Settings
from batch_transform.job.errors import UnparsableError

_PARSE: dict[str, Callable[[bytes], object]] = {"CSV": parse_row, "JSON": go_parse}


def refused_lines(settings: Settings, max_payload_in_mb: int | None) -> Callable[[bytes], str] | None:
    """Return a function that says why a line, without its newline, is refused; None if no line can be.

    Records are parsed only for a filter or a join. What a filter leaves of a record isn't known here, so only a whole
    record is compared with MaxPayloadInMB, and only with one that the request names: 0 is none.
    """
    parse = _PARSE.get(settings.record_format or "")
    most = (max_payload_in_mb or 0) * MIB if settings.input_filter == "$" else 0
    if parse is None and not most:
        return None

    def why(line: bytes) -> str:
        if most and len(line) + 1 > most:
            return f"the record is {len(line):,} bytes, more than MaxPayloadInMB={max_payload_in_mb} allows"
        if parse is None:
            return ""
        try:
            parse(line)
        except UnparsableError as error:
            return f"Failed to parse line as {settings.record_format}: {error}"
        return ""

    return why
