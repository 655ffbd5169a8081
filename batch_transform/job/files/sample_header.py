"""Reads the names of a CSV's columns from the header of a sample."""

from __future__ import annotations

import csv
from pathlib import Path

from batch_transform.job.errors import SampleHeaderError
from batch_transform.job.files.regular_file import open_file


def read_header(sample: Path) -> tuple[str, ...]:
    """Return the cells of the file's first line. Only that line is read.

    The data to score must not have a header: SageMaker would send it to the model as a record.
    Raises SampleHeaderError if the file can't be read, or if that line is data: it has an empty
    cell or a number in it.
    """
    try:
        with open_file(sample) as lines:
            header = next(csv.reader([lines.readline().decode("utf-8-sig")], strict=True), [])
    except FileNotFoundError:
        raise SampleHeaderError("does not exist") from None
    except OSError as error:
        raise SampleHeaderError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise SampleHeaderError("is not UTF-8 text; save it as UTF-8") from None
    except csv.Error as error:
        raise SampleHeaderError(f"has a first line that isn't CSV: {error}") from error
    if not header:
        raise SampleHeaderError("has an empty first line; write the names of the columns there")
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and sign in header[0]:
            raise SampleHeaderError(f"has cells that seem to be separated by {name}; CSV needs commas")
    for place, cell in enumerate(header, 1):
        if not cell.strip() or is_number(cell):
            what = f"'{cell}', a number" if cell.strip() else "nothing"
            raise SampleHeaderError(
                f"has no header: column {place} of its first line is {what}; write the names of the columns there"
            )
    return tuple(header)


def is_number(text: str) -> bool:
    """Whether a cell is a number: the name of a column never is."""
    try:
        float(text)
    except ValueError:
        return False
    return True
