"""One CSV record: a row of cells, and the text of it.

Cells are bytes and stay unchanged: `1.0` never becomes `1` (recorded: joined files equal their inputs byte
for byte). Quotes are strict, as in RFC 4180 and in SageMaker's recorded errors. Only cells that need quotes are
written with them (RFC 4180; no recorded job has a quoted cell).
"""

from __future__ import annotations

import re

from batch_transform.job.errors import UnparsableError

_UNQUOTED = re.compile(rb'[^",]*')
_QUOTED = re.compile(rb'"((?:[^"]|"")*)"')
_NEEDS_QUOTES = re.compile(rb'[",\r\n]')


def parse_row(text: bytes) -> list[bytes]:
    """Return the cells of a row; a line end at the end of the text is not part of a cell.

    An empty text is one empty cell. Raises UnparsableError, in AWS's words where they are recorded.
    """
    row = text.removesuffix(b"\n").removesuffix(b"\r")
    if b'"' not in row and b"\n" not in row:
        return row.split(b",")
    cells = []
    at = 0
    while True:
        quoted = row.startswith(b'"', at)
        match = (_QUOTED if quoted else _UNQUOTED).match(row, at)
        if match is None:
            raise UnparsableError(f'no closing " in quoted field found near: {_near(row, at)}')
        end = match.end()
        if row[end : end + 1] not in (b"", b","):
            fault = 'text after the closing " of a quoted field' if quoted else 'bare " in non quoted field'
            raise UnparsableError(f"{fault} found near: {_near(row, at)}")
        if not quoted and b"\n" in match[0]:
            raise UnparsableError("more than one row in one record; set SplitType to Line")
        cells.append(match[1].replace(b'""', b'"') if quoted else match[0])
        if end == len(row):
            return cells
        at = end + 1


def serialise_row(cells: list[bytes]) -> bytes:
    """Return the row's text, without a line end."""
    return b",".join(
        [b'"' + cell.replace(b'"', b'""') + b'"' if _NEEDS_QUOTES.search(cell) else cell for cell in cells]
    )


def _near(row: bytes, at: int) -> str:
    """Return the field that begins at `at`, up to and including its comma, as AWS's recorded messages show it."""
    comma = row.find(b",", at)
    return row[at : comma + 1 if comma >= 0 else len(row)].decode("utf-8", "replace")
