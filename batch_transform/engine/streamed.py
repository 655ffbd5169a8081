"""A whole object as one request body, sent while it is read: MaxPayloadInMB 0.

"For cases where the payload might be arbitrarily large and is transmitted using HTTP chunked encoding, set
the value to 0" (API reference, CreateTransformJob, MaxPayloadInMB).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batch_transform.engine.input_filter import InputFilter
from batch_transform.engine.records import WHOLE_OBJECT, Records


class StreamedBody:
    """The filtered records of an object. Each pass reads the object anew, so that a retry sends it again.

    `count` is the number of records that the last pass sent.
    """

    def __init__(self, read: Callable[[], Iterator[Records]], input_filter: InputFilter) -> None:
        self._read = read
        self._filter = input_filter
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body in pieces; raises RecordError for a record that cannot be filtered."""
        self.count = 0
        for records in self._read():
            self.count = 1 if records.first_line == WHOLE_OBJECT else self.count + records.count
            piece = self._filter.sent_text(records) + (b"\n" if records.ended else b"")
            if piece:  # an empty chunk would end a chunked body
                yield piece


class ReadAgain:
    """The records as they were before the filter, for a join. Each pass reads the object anew."""

    def __init__(self, read: Callable[[], Iterator[Records]]) -> None:
        self._read = read

    def __iter__(self) -> Iterator[Records]:
        """Yield the records."""
        return self._read()
