"""The columns of a row, and in which other order a selection of them would be one slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RowLayout:
    """The input's columns, if the row has them, and after them the answer's; () where they are not named."""

    inputs: Sequence[str]
    answers: Sequence[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in order."""
        return (*self.inputs, *self.answers)

    def in_order(self, names: Sequence[str]) -> list[str]:
        """Return the names in the order of the row."""
        return sorted(names, key=self.columns.index)

    def between(self, names: Sequence[str]) -> list[str]:
        """Return the columns that are not selected and stand between selected ones."""
        places = [self.columns.index(name) for name in names]
        return [name for name in self.columns[min(places) : max(places)] if name not in set(names)]

    def that_fits(self, names: Sequence[str]) -> str:
        """Return, as advice, where else these columns could stand for one slice to select them, and that slice."""
        width = len(self.inputs)
        of_input = sum(name in set(self.inputs) for name in names)
        of_answer = len(names) - of_input
        if not of_answer and not self.answers:
            return (
                f"with these columns last in the data it is $[{width - of_input}:], "
                f"and with them first $[:{of_input - 1}]"
            )
        if not of_answer:
            return f"with these columns first in the data it is $[:{of_input - 1}]"
        if of_input:
            data = f"the {of_input} of the input last in the data"
            if of_answer == len(self.answers):
                return f"with {data} it is $[{width - of_input}:]"
            return (
                f"with {data} and the {of_answer} of the answer first there "
                f"it is $[{width - of_input}:{width + of_answer - 1}]"
            )
        return f"with these columns first in the answer it is $[{width or ''}:{width + of_answer - 1}]"
