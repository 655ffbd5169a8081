"""Finds input data that would be scored wrongly, or not at all, from the sizes and first bytes of objects.

The preflight of each run, `run` on this machine and `preview` share these rules. Whether an object is unfit depends on
how the request reads it: an image may start with any bytes, the lines of a table may not.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from batch_transform.job.record.names import RECORD_FILES
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.media_type import FILTERABLE, is_binary, media_type

FIRST_BYTES = 4096
"""The number of bytes examined, both stored and unpacked, to detect an object's packing and encoding."""

_NAMED = 5
_MIB = 1024 * 1024  # MaxPayloadInMB counts in 2^20 bytes: recorded
_LARGEST_PAYLOAD = 100  # API reference, CreateTransformJob
_GZIP = b"\x1f\x8b"
_PACKED = {  # recognized by first bytes that no text starts with
    _GZIP: "gzip data",
    b"PK\x03\x04": "a ZIP archive (an Excel workbook is one, too)",
    b"\xfd7zXZ\x00": "xz data",
    b"\x28\xb5\x2f\xfd": "Zstandard data",
}
# Longer marks first: the UTF-32 mark starts with the UTF-16 mark.
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class Unfit(NamedTuple):
    """Why an object is unfit: in a message, `found` follows its name, and `fix` says what to do."""

    found: str
    fix: str


def packing_of(start: bytes) -> str | None:
    """Return how the data is packed, such as `gzip data`; None if it isn't packed in a known way."""
    return next((name for mark, name in _PACKED.items() if start.startswith(mark)), None)


def wide_encoding_of(start: bytes) -> str | None:
    """Return `UTF-16` or `UTF-32` for text in that encoding, with or without a mark; None for anything else."""
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    # Tables and JSON start with ASCII characters, which these encodings pad with zero bytes.
    is_zero = "".join("0" if byte == 0 else "x" for byte in start[:4])
    return {"x0x0": "UTF-16", "0x0x": "UTF-16", "x000": "UTF-32", "000x": "UTF-32"}.get(is_zero)


def reads_text(content_type: str | None, split_type: str) -> bool:
    """Whether a job reads its objects as text: line by line, or with a content type that is text.

    A content type that is known only at deployment may be text.
    """
    of = media_type(content_type)
    if split_type not in {"None", "Line"}:
        return False
    if of is None:
        return split_type == "Line"
    if is_token(content_type):
        return True
    if "gzip" in of:  # the model unpacks it
        return False
    if of.startswith("text/") or of in FILTERABLE or of.endswith(("+json", "+xml")):
        return True
    return split_type == "Line" and not is_binary(of)


@dataclass(frozen=True)
class Reading:
    """How a request reads its objects. `payload` is MaxPayloadInMB; None if the container sets it."""

    content_type: str | None
    split_type: str
    is_gzip: bool
    is_filtered: bool
    payload: int | None

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Reading:
        """Read a CreateTransformJob request that has passed the rules; it may contain tokens."""
        source = request["TransformInput"]
        return cls(
            content_type=source.get("ContentType"),
            split_type=source.get("SplitType") or "None",
            is_gzip=source.get("CompressionType") == "Gzip",
            is_filtered=(request.get("DataProcessing") or {}).get("InputFilter") not in {None, "$"},
            payload=request.get("MaxPayloadInMB"),
        )

    @property
    def looks_at_first_bytes(self) -> bool:
        """Whether an object can be unfit because of its first bytes."""
        return self.is_gzip or self._is_text

    @property
    def _is_text(self) -> bool:
        return reads_text(self.content_type, self.split_type)

    @property
    def most_bytes(self) -> int | None:
        """The maximum size of an object in bytes; None if there is no limit, or if the stored size isn't what counts.

        An object that is not split is one request (API reference, TransformInput). If the request has no
        MaxPayloadInMB, the container may set any value up to the maximum. The size after decompression or an
        InputFilter is not known in advance.
        """
        if self.split_type != "None" or self.is_gzip or self.is_filtered or self.payload == 0:
            return None
        return (_LARGEST_PAYLOAD if self.payload is None else self.payload) * _MIB

    def unfit_size(self, size: int) -> Unfit | None:
        """Return why an object of this size, in bytes, is unfit."""
        if self.most_bytes is None or size <= self.most_bytes:
            return None
        limit = (
            f"MaxPayloadInMB can be at most {_LARGEST_PAYLOAD}"
            if self.payload is None
            else f"MaxPayloadInMB is {self.payload}"
        )
        raised = (
            ""
            if self.payload in {None, _LARGEST_PAYLOAD}
            else f"raise transform.max_payload (at most {_LARGEST_PAYLOAD}), "
        )
        return Unfit(
            f"is not split, so it is one request of {size:,} bytes, but {limit} ({self.most_bytes:,} bytes)",
            f"write input.split_type: Line if it has lines, {raised}"
            "set transform.max_payload to 0 to stream it, or upload smaller objects",
        )

    def unfit_start(self, start: bytes) -> Unfit | None:
        """Return why an object that starts like this is unfit; `start` is all of it, or at least FIRST_BYTES."""
        if not self.is_gzip:
            return _unfit_text(start, is_packed=False) if self._is_text else None
        if not start:
            return None
        if not start.startswith(_GZIP):
            return Unfit(
                "is not gzip data, but input.compression_type is Gzip",
                "compress it with gzip, or write input.compression_type: None",
            )
        try:
            content = zlib.decompressobj(wbits=31).decompress(start, FIRST_BYTES)
        except zlib.error as error:
            return Unfit(f"is damaged gzip data ({error})", "compress it again and upload it")
        return _unfit_text(content, is_packed=True) if self._is_text else None


def _unfit_text(start: bytes, *, is_packed: bool) -> Unfit | None:
    begins = f"{'unpacked, ' if is_packed else ''}it begins with"
    if packing := packing_of(start):
        found = f"is {packing} ({begins} {_hex(start[:2])})"
        if start.startswith(_GZIP) and not is_packed:
            return Unfit(f"{found}, but input.compression_type is None", "write input.compression_type: Gzip")
        return Unfit(
            found,
            "upload the text itself, or compress it once with gzip and write input.compression_type: Gzip",
        )
    if encoding := wide_encoding_of(start):
        mark = next((mark for mark in _MARKS if start.startswith(mark)), None)
        # Without a mark, the first bytes are data, which a notification may not quote.
        shown = (
            f"{begins} {_hex(mark)}" if mark else f"{'unpacked, ' if is_packed else ''}with zero bytes in it"
        )
        return Unfit(f"is {encoding} text ({shown})", "save it as UTF-8 without a byte order mark")
    if start.startswith(codecs.BOM_UTF8):
        unpacked = "unpacked, " if is_packed else ""
        return Unfit(
            f"{unpacked}begins with a byte order mark (EF BB BF), which becomes part of the first value",
            "save it as UTF-8 without a byte order mark (in a spreadsheet: CSV, not CSV UTF-8)",
        )
    return None


def unfit_name(key: str) -> Unfit | None:
    """Return why an object is unfit because of its key or path: a file of a run's record isn't one of its results."""
    if key.rpartition("/")[2] not in RECORD_FILES:
        return None
    return Unfit(
        "is a file of a run's record, but SageMaker scores every object below a prefix, whatever its name",
        "copy the run's .out objects to a prefix without its record, or list them in a manifest (input.data_type: "
        "ManifestFile)",
    )


def unfit_text(unfit: Sequence[tuple[str, Unfit]], looked_at: int) -> str:
    """Return a line for each of the first unfit objects, and the number of the rest; empty if there is none."""
    lines = [f"{name} {each.found}; {each.fix}" for name, each in unfit[:_NAMED]]
    if len(unfit) > _NAMED:
        lines.append(f"and {len(unfit) - _NAMED} more of the first {looked_at:,} objects")
    return "\n".join(lines)


def _hex(start: bytes) -> str:
    return start.hex(" ").upper()
