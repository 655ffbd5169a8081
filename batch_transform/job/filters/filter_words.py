"""What a filter selects, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batch_transform.job.errors import FilterMissError
from batch_transform.job.filters.json_path import Index, Indexes, JsonPath, Name, Names, Slice, Wildcard
from batch_transform.job.values.wording import counted

ANSWER_FIELD = "SageMakerOutput"

_MOST_LISTED = 6
_MOST_LEFT_OUT = 3


@dataclass(frozen=True)
class Row:
    """The names of a CSV row's columns, as far as they are known.

    `head` has the names of the first columns, in order, and `tail` the names of the last ones. `is_whole` says that
    `head` has all columns. A column without a name is called by its number, which counts from 1.
    """

    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    is_whole: bool = False

    @classmethod
    def of(cls, names: Sequence[str]) -> Row:
        """Return the row with a job file's `columns`: all of its names, or none."""
        return cls(tuple(names), is_whole=bool(names))

    def followed_by(self, other: Row) -> Row:
        """Return the row after a join: this row's columns, followed by the other's."""
        if self.is_whole and other.is_whole:
            return Row.of((*self.head, *other.head))
        if self.is_whole:
            return Row((*self.head, *other.head), other.tail)
        return Row(self.head, other.head if other.is_whole else other.tail)

    def name(self, index: int) -> str:
        """Return the name of the column at an index, which counts from 0, or from the end if negative."""
        if self.is_whole and -len(self.head) <= index < len(self.head):
            return self.head[index]
        if 0 <= index < len(self.head):
            return self.head[index]
        if index < 0 and -index <= len(self.tail):
            return self.tail[index]
        if index >= 0:
            return f"column {index + 1}"
        return "the last column" if index == -1 else f"column {-index} from the end"


def csv_words(path: JsonPath, row: Row) -> str:
    """Return in words what the filter selects from a CSV row."""
    if path.undefined:
        return f"something that is not documented: {path.undefined}"
    if row.is_whole:
        try:
            return _of_known(path.positions(len(row.head)), row.head)
        except FilterMissError as error:
            return f"nothing, and the job fails: {error}"
    return _of_unknown(path, row)


def json_words(path: JsonPath, *, joined: bool = False, of_answer: bool = False) -> str:
    """Return in words what the filter selects from a JSON record; `joined` records contain the model's answer too.

    `of_answer` says that the filter applies to the model's answer alone, as the output filter does without a join.
    """
    if path.undefined:
        return f"something that is not documented: {path.undefined}"
    subject = "the model's answer" if of_answer else "the record"
    if path.is_identity and joined:
        return f"the whole record, with the model's answer in its field {ANSWER_FIELD}"
    if path.is_identity:
        return subject if of_answer else "the whole record"
    for depth, step in enumerate(path.steps):
        of = "" if depth == 0 and not of_answer else f" of {subject}"
        if isinstance(step, Name):
            is_answer = joined and depth == 0 and step.name == ANSWER_FIELD
            subject = "the model's answer" if is_answer else f"the field {step.name}{of}"
        elif isinstance(step, Names):
            is_top = joined and depth == 0
            names = [
                f"{name} (the model's answer)" if is_top and name == ANSWER_FIELD else name
                for name in step.names
            ]
            subject = f"an object with the fields {listed(names)}{of}"
        elif not isinstance(step, Wildcard):
            subject = f"{_elements(step)} of {subject}"
    return subject


def listed(names: Sequence[str]) -> str:
    """Return `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def shortly(names: Sequence[str]) -> str:
    """Return the names; if there are many, only the first ones and the last one."""
    if len(names) <= _MOST_LISTED:
        return listed(names)
    return f"{', '.join(names[:3])}, … {names[-1]}"


def _of_known(positions: Sequence[int], names: Sequence[str]) -> str:
    selected = [names[position] for position in positions]
    if len(selected) == len(names) and list(positions) == sorted(set(positions)):
        return f"all {counted(len(names), 'column')}: {shortly(selected)}" if len(names) > 1 else selected[0]
    left_out = [name for at, name in enumerate(names) if at not in set(positions)]
    in_order = list(positions) == sorted(set(positions))
    is_most = len(selected) > _MOST_LISTED and len(left_out) <= _MOST_LEFT_OUT
    if in_order and (is_most or (len(left_out) == 1 and len(list(_runs(positions))) == 1)):
        return (
            f"all columns except {listed(left_out)}: {counted(len(selected), 'column')}, {shortly(selected)}"
        )
    if len(selected) <= _MOST_LISTED:
        return listed(selected)
    return (
        f"{counted(len(selected), 'column')}: {listed([_run_words(run, names) for run in _runs(positions)])}"
    )


def _runs(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last position of each range."""
    first = last = positions[0]
    for position in positions[1:]:
        if position != last + 1:
            yield first, last
            first = position
        last = position
    yield first, last


def _run_words(run: tuple[int, int], names: Sequence[str]) -> str:
    first, last = run
    return names[first] if first == last else f"{names[first]} to {names[last]}"


def _of_unknown(path: JsonPath, row: Row) -> str:
    if path.is_identity:
        return "all columns"
    step = path.steps[0]
    if isinstance(step, Index):
        return row.name(step.index)
    if isinstance(step, Indexes):
        return listed([row.name(index) for index in step.indexes])
    if isinstance(step, Slice):
        return _slice_words(step, row)
    return "nothing, and the job fails: a CSV row has only indexes, no names and no levels"


def _slice_words(step: Slice, row: Row) -> str:
    start = step.start or 0
    if step.end is not None:
        return f"{row.name(start)} to {row.name(step.end)}" if start != step.end else row.name(start)
    if start == 0:
        return "all columns"
    if start == 1:
        first = row.name(0)
        return "all columns except the first" + (f", {first}" if row.head else "")
    if start == -1:
        return row.name(-1)
    if start < 0:
        return f"the last {-start} columns"
    return f"all columns from {row.name(start)} on"


def _elements(step: Index | Indexes | Slice) -> str:
    if isinstance(step, Index):
        return _element(step.index)
    if isinstance(step, Indexes):
        return f"a list of {listed([_element(index) for index in step.indexes])}"
    start = step.start or 0
    if step.end is None:
        return f"a list of the last {-start} elements" if start < 0 else f"a list from {_element(start)} on"
    return f"a list from {_element(start)} to {_element(step.end)}"


def _element(index: int) -> str:
    if index >= 0:
        return f"element {index + 1}"
    return "the last element" if index == -1 else f"element {-index} from the end"
