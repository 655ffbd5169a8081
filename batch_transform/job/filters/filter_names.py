"""The names of one filter: their problems, and the path that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from batch_transform.job.errors import Problem
from batch_transform.job.filters.json_path import MAX_LENGTH
from batch_transform.job.filters.shortest_path import Place, is_writable, object_path, row_path
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.media_type import CSV, FILTERABLE, media_type
from batch_transform.job.values.wording import listed


@dataclass(frozen=True)
class RowLayout:
    """The input's columns, if the row has them, followed by the answer's; () if they aren't named."""

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
        """Return the columns between selected ones that aren't selected themselves."""
        places = [self.columns.index(name) for name in names]
        return [name for name in self.columns[min(places) : max(places)] if name not in set(names)]

    def that_fits(self, names: Sequence[str]) -> str:
        """Return, as advice, an order of columns in which one slice selects these, and that slice."""
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
                f"with {data} and the {of_answer} of the answer first there it is "
                f"$[{width - of_input}:{width + of_answer - 1}]"
            )
        return f"with these columns first in the answer it is $[{width or ''}:{width + of_answer - 1}]"


@dataclass(frozen=True)
class NamedFilter:
    """A compiled filter. `field` is where the job writes it; `path` is None if the names make no path."""

    field: str
    path: str | None
    problems: tuple[Problem, ...] = ()


class FilterNames:
    """The names in `field`, checked against the media type in `type_field`. Notes problems as it goes."""

    def __init__(self, field: str, names: Sequence[str], type_field: str, content_type: str | None) -> None:
        self.field = field
        self.names = names
        self.problems: list[Problem] = []
        self._type_field = type_field
        self._content_type = content_type

    @property
    def is_csv(self) -> bool:
        """Whether records are rows; otherwise they are JSON."""
        return media_type(self._content_type) == CSV

    def wrong(self, code: str, message: str, *, at: str | None = None, severity: str = "error") -> None:
        """Note a problem, of the name `at` or of all."""
        self.problems.append(Problem(code, self._field_of(at), message, severity))

    def _field_of(self, name: str | None) -> str:
        """Return the field of a name; names that `send_except` leaves to be sent have none of their own."""
        return f"{self.field}[{self.names.index(name)}]" if name in self.names else self.field

    def no_filter(self) -> NamedFilter:
        """Return a filter without a path."""
        return NamedFilter(self.field, None, tuple(self.problems))

    def can_be_judged(self, *others: str) -> bool:
        """Whether there are names, and everything needed to check them is known."""
        if not self.names:
            self.wrong("names-empty", "is empty; write at least one name, or leave the field out")
        for place, name in enumerate(self.names):
            if name in self.names[:place]:
                field = f"{self.field}[{place}]"
                self.problems.append(Problem("name-twice", field, f"'{name}' is listed twice; list it once"))
        if any(is_token(value) for value in (self._content_type, *self.names, *others)):
            return False
        if media_type(self._content_type) not in FILTERABLE:
            given = f"is '{self._content_type}'" if self._content_type else "is missing"
            self.wrong(
                "names-need-type",
                f"filters by name work on {', '.join(FILTERABLE)}, but {self._type_field} {given}; "
                "write one of these types there",
            )
            return False
        return bool(self.names)

    def must_be_in(
        self, known: Sequence[str], where: str, *, of: Sequence[str] | None = None, fix: str = ""
    ) -> None:
        """Note each name, of all or of some, that is not known and has no problem yet.

        `fix` ends the message of a name that resembles none of the known ones.
        """
        reported = {problem.field for problem in self.problems}
        there = f"allowed are {listed(known)}" if known else "that list is empty"
        for name in self.names if of is None else of:
            if name not in known and self._field_of(name) not in reported:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                ending = f"; {fix}" if fix and not near else ""
                self.wrong("name-unknown", f"'{name}' is not in {where}; {hint}{there}{ending}", at=name)

    def select_columns(
        self, names: Sequence[str], places: Sequence[Place], width: int | None, layout: RowLayout
    ) -> NamedFilter:
        """Compile the names of columns; `width` is the row's, if it is certain."""
        path = row_path(places, width)
        in_order = layout.in_order(names)
        shuffled = list(names) != in_order
        if len(path) > MAX_LENGTH:
            between = layout.between(names)
            if shuffled and not between:
                self._too_long(
                    names, path, "their order differs from the data's; list them in the order of the data"
                )
            else:
                verb = "stands" if len(between) == 1 else "stand"
                blame = (
                    f"{listed(between)} {verb} between them" if between else "the row's width is not known"
                )
                self._too_long(names, path, f"{blame}; {layout.that_fits(names)}")
            return self.no_filter()
        if shuffled:
            self.wrong(
                "names-order",
                f"AWS doesn't document the order in which '{path}' returns columns; "
                f"list them in the order of the data: write [{', '.join(in_order)}]",
                severity="warning",
            )
        return NamedFilter(self.field, path, tuple(self.problems))

    def select_fields(self, names: Sequence[str], *, below: str = "$") -> NamedFilter:
        """Compile the names of an object's fields."""
        self.must_be_writable(names)
        if self.problems:
            return self.no_filter()
        path = object_path(names, below=below)
        if len(path) > MAX_LENGTH:
            longest = sorted(names, key=len, reverse=True)[:3]
            self._too_long(
                names,
                path,
                f"the longest are {listed(longest)}; shorten names in the data, list fewer, or put these fields "
                "into one object, which a single name selects",
            )
            return self.no_filter()
        return NamedFilter(self.field, path)

    def must_be_writable(self, names: Sequence[str]) -> None:
        """Note each name that a filter can't contain."""
        for name in names:
            if is_writable(name):
                continue
            illegal = "".join(dict.fromkeys(character for character in name if not is_writable(character)))
            fix = (
                "names are top-level fields; for a nested field, write the JSONPath"
                if "." in illegal
                else "rename the field in the data, or leave the filter out"
            )
            self.wrong(
                "name-unwritable",
                f"'{name}' {f'holds {illegal}' if illegal else 'is empty'}, "
                f"but names in a filter can have only ASCII letters, digits, spaces and hyphens; {fix}",
                at=name,
            )

    def _too_long(self, names: Sequence[str], path: str, why: str) -> None:
        self.wrong(
            "names-too-long",
            f"{len(names)} names make a filter of {len(path)} characters, "
            f"but SageMaker accepts at most {MAX_LENGTH}: {why}",
        )
