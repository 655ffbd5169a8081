"""Known answers to compare predictions with."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_transform.job.errors import DataNotFoundError, TruthFileError
from batch_transform.job.files.regular_file import read_file


@dataclass(frozen=True)
class Truth:
    """Known answers: `values` maps each value of `id_column` to the true value of `column`. Both are output columns."""

    id_column: str
    column: str
    values: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Truth:
        """Read a CSV file whose header names two output columns: the id, and the prediction that it has answers for.

        Raises DataNotFoundError, or TruthFileError if the file isn't such a table.
        """
        try:
            text = read_file(path).decode("utf-8-sig")
        except FileNotFoundError as error:
            raise DataNotFoundError(f"--truth {path}: there is no such file") from error
        except OSError as error:
            raise DataNotFoundError(f"--truth {path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise TruthFileError(f"{path} is not UTF-8 text ({error}); save it as UTF-8") from error
        with io.StringIO(text, newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if len(header) != 2:
                raise TruthFileError(
                    f"{path}:1: the header has {len(header)} columns; it must name two columns of the output: "
                    "the id and the prediction"
                )
            values = {}
            for row in rows:
                if len(row) != 2:
                    raise TruthFileError(
                        f"{path}:{rows.line_num}: has {len(row)} columns, but the header has 2"
                    )
                values[row[0]] = row[1]
        return cls(id_column=header[0], column=header[1], values=values)

    def has_answers_for(self, columns: Sequence[str]) -> bool:
        """Whether rows with these columns have both the id and the prediction."""
        return self.id_column in columns and self.column in columns

    def of(self, row: Sequence[str], columns: Sequence[str]) -> str | None:
        """Return the true value for a row; None if its id is unknown, or if its width doesn't match `columns`."""
        if len(row) != len(columns):
            return None
        return self.values.get(row[columns.index(self.id_column)])

    def score(self, rows: Iterable[Sequence[str]], columns: Sequence[str]) -> Score:
        """Compare the predictions with the known answers, over all rows with a known id."""
        place = columns.index(self.column)
        right = known = 0
        measured = Measured()
        for row in rows:
            true_value = self.of(row, columns)
            if true_value is None:
                continue
            known += 1
            right += row[place] == true_value
            measured.add(row[place], true_value)
        return Score(right=right, known=known, mean_absolute_error=measured.mean_absolute_error)


@dataclass
class Measured:
    """Predictions of a quantity, and how far they are from the known answers.

    Predictions are of a quantity if all are numbers and one has a fraction: whole numbers may be classes.
    """

    count: int = 0
    off_by: float = 0.0
    are_numbers: bool = True
    have_fraction: bool = False

    def add(self, predicted: str, true_value: str) -> None:
        """Add a prediction and its known answer."""
        try:
            numbers = float(predicted), float(true_value)
        except ValueError:
            numbers = math.nan, math.nan
        if not all(map(math.isfinite, numbers)):
            self.are_numbers = False
            return
        self.count += 1
        self.off_by += abs(numbers[0] - numbers[1])
        self.have_fraction = self.have_fraction or any(not number.is_integer() for number in numbers)

    @property
    def mean_absolute_error(self) -> float | None:
        """The mean absolute error, in the unit of the predictions; None if they aren't a quantity."""
        return self.off_by / self.count if self.are_numbers and self.have_fraction else None


@dataclass(frozen=True)
class Score:
    """How many predictions with a known answer are right; for a quantity, also how far off they are."""

    right: int
    known: int
    mean_absolute_error: float | None = None

    @property
    def accuracy(self) -> float:
        """The share of right predictions, between 0 and 1; 0 if no answers are known."""
        return self.right / self.known if self.known else 0.0
