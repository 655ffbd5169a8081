"""The filter language of Batch Transform: a small subset of JSONPath.

    filter  := '$' step*
    step    := '.' name | '.' '*' | '.'? bracket
    bracket := '[' ( '*' | index (',' index)* | quoted (',' quoted)* | slice ) ']'
    index   := '-'? digits
    slice   := index? ':' index?        one slice alone, never in a list
    quoted  := "'" [A-Za-z0-9 -]+ "'"
    name    := [A-Za-z0-9-]+

Blanks may stand inside brackets. Two things differ from other JSONPath dialects: the end of a
slice is inclusive, and the characters are few (no underscore, no double quote).

Sources: the page "Associate Prediction Results with Input Records" of the SageMaker Developer
Guide for operators and inclusive slices; github.com/boto/boto3 issue 3136 for the characters;
github.com/aws/sagemaker-python-sdk issue 1112 for lists of ranges.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from batch_transform.job.errors import FilterMissError, FilterSyntaxError, InvalidFilterError
from batch_transform.job.values.media_type import FILTERABLE, is_csv, media_type

TYPE_MEMBERS = {"InputFilter": "ContentType", "OutputFilter": "Accept"}
"""The member whose media type decides whether a filter is allowed."""

MAX_LENGTH = 63  # DataProcessing.InputFilter and OutputFilter, API reference

# The operators in the order in which AWS's message lists them. For text/csv nothing is recorded:
# paths there are index paths only (Developer Guide), which leaves out names and quotes.
_OPERATORS = ("$", "[", "]", "*", ".", " ", ",", ":", "-", "'")
_CSV_OPERATORS = tuple(operator for operator in _OPERATORS if operator not in {".", "'"})

Cell = TypeVar("Cell")
JsonValue = dict[str, "JsonValue"] | list["JsonValue"] | str | float | bool | None


@dataclass(frozen=True)
class Name:
    """`.name` or `['name']`: the value itself."""

    name: str


@dataclass(frozen=True)
class Names:
    """`['a','b']`: an object with these names."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """`[n]`: the element itself; a negative n counts from the end."""

    index: int


@dataclass(frozen=True)
class Indexes:
    """`[m,n]`: an array of these elements, in the order written."""

    indexes: tuple[int, ...]


@dataclass(frozen=True)
class Slice:
    """`[start:end]`: an array; `end` is inclusive."""

    start: int | None
    end: int | None


@dataclass(frozen=True)
class Wildcard:
    """`.*` or `[*]`."""


Step = Name | Names | Index | Indexes | Slice | Wildcard


@dataclass(frozen=True)
class JsonPath:
    """A legal filter. Equal texts are equal paths; `text` is the filter as written."""

    text: str
    steps: tuple[Step, ...] = field(compare=False)

    @classmethod
    def parse(cls, text: str, *, member: str = "filter", content_type: str | None = None) -> JsonPath:
        """Return the path, or raise InvalidFilterError.

        `member` (InputFilter or OutputFilter) and `content_type` (the type that the filter is judged
        by: ContentType for an InputFilter, Accept for an OutputFilter) appear in AWS's messages; with
        `text/csv` only index paths are legal. Raises FilterSyntaxError, a subclass, for what
        CreateTransformJob accepts and the running job refuses.
        """
        check_filter_text(text, member=member, content_type=content_type)
        steps = tuple(_steps(text))
        if is_csv(content_type) and not _is_csv_path(steps):
            raise FilterSyntaxError(
                f"Invalid JsonPath: {text}: a text/csv row is an array of cells, so its filter is one of"
                " $, $[i], $[i,j] and $[start:end]"
            )
        return cls(text, steps)

    @property
    def is_identity(self) -> bool:
        """True for `$`: everything, unchanged."""
        return not self.steps

    @property
    def undefined(self) -> str | None:
        """Why AWS's result for this legal path isn't documented; None for paths that are defined.

        Such a path is refused when it is applied: a guess could silently differ from AWS.
        """
        for step in self.steps:
            if isinstance(step, Wildcard):
                return "AWS doesn't document what * selects; write the fields or the indexes"
            if isinstance(step, Slice) and step.end is not None and step.end < 0:
                return (
                    "AWS doesn't document what a negative end of a slice means; count the end from the start"
                )
        if any(not isinstance(step, (Name, Index)) for step in self.steps[:-1]):
            return "AWS doesn't document steps after a list or a slice; put the list or the slice last"
        return None

    def check_defined(self) -> None:
        """Raise FilterMissError for a path whose result isn't documented: see `undefined`."""
        if self.undefined:
            raise self._miss(self.undefined)

    @property
    def slice(self) -> Slice | None:
        """The slice at the end of the path, if there is one."""
        last = self.steps[-1] if self.steps else None
        return last if isinstance(last, Slice) else None

    @property
    def forwards(self) -> str | None:
        """The filter with its slice turned around if that ends before it starts; None otherwise."""
        last = self.slice
        if last is None or last.start is None or last.end is None or not 0 <= last.end < last.start:
            return None
        return f"{self.text[: self.text.rindex('[')]}[{last.end}:{last.start}]"

    @property
    def indexes(self) -> tuple[int, ...]:
        """Every index that the path names."""
        found: list[int] = []
        for step in self.steps:
            if isinstance(step, Index):
                found.append(step.index)
            elif isinstance(step, Indexes):
                found += step.indexes
            elif isinstance(step, Slice):
                found += [bound for bound in (step.start, step.end) if bound is not None]
        return tuple(found)

    def positions(self, length: int) -> list[int]:
        """Return which of `length` CSV cells are selected, in order, each counted from 0.

        Raises FilterMissError if one doesn't exist ("If you specify indexes that aren't within the
        dimension size of the joined dataset, you get an error", API reference, DataProcessing).
        """
        self.check_defined()
        if not self.steps:
            return list(range(length))
        (step, *more) = self.steps
        if more or not isinstance(step, (Index, Indexes, Slice)):
            raise self._miss("a CSV row has no names and no levels, only indexes")
        return self._positions(step, length)

    def select_cells(self, cells: Sequence[Cell]) -> list[Cell]:
        """Apply the path to a CSV row, or to the names of its columns: a list gives a list."""
        return [cells[position] for position in self.positions(len(cells))]

    def select(self, value: JsonValue) -> JsonValue:
        """Apply the path to a JSON value. Raises FilterMissError if a name or an element doesn't exist."""
        self.check_defined()
        for step in self.steps:
            value = self._step(step, value)
        return value

    def _step(self, step: Step, value: JsonValue) -> JsonValue:
        if isinstance(step, (Name, Names)):
            if not isinstance(value, dict):
                raise self._miss("a name is applied to a value that isn't an object")
            if isinstance(step, Name):
                return self._named(value, step.name)
            return {name: self._named(value, name) for name in step.names}
        if not isinstance(value, list) or isinstance(step, Wildcard):
            raise self._miss("an index is applied to a value that isn't an array")
        selected = [value[position] for position in self._positions(step, len(value))]
        return selected[0] if isinstance(step, Index) else selected

    def _named(self, value: dict[str, JsonValue], name: str) -> JsonValue:
        if name not in value:
            names = ", ".join(repr(name) for name in list(value)[:10]) or "no names at all"
            raise self._miss(f"there is no {name!r} among {names}")
        return value[name]

    def _positions(self, step: Index | Indexes | Slice, length: int) -> list[int]:
        if isinstance(step, Index):
            return [self._position(step.index, length)]
        if isinstance(step, Indexes):
            return [self._position(index, length) for index in step.indexes]
        start = self._position(0 if step.start is None else step.start, length)
        end = self._position(-1 if step.end is None else step.end, length)
        if end < start:
            raise self._miss("the slice ends before it starts")
        return list(range(start, end + 1))

    def _position(self, index: int, length: int) -> int:
        position = index + length if index < 0 else index
        if not 0 <= position < length:
            raise self._miss(f"index {index} is out of range: there are only {length}")
        return position

    def _miss(self, why: str) -> FilterMissError:
        return FilterMissError(f"Invalid JsonPath: {self.text}: {why}")


def check_filter_text(text: str, *, member: str = "filter", content_type: str | None = None) -> None:
    """Raise InvalidFilterError for a length, start or character that CreateTransformJob itself refuses.

    The message for a character is AWS's, as recorded for application/jsonlines.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidFilterError(
            f'Invalid {member}: "{text}". It has {len(text)} characters, SageMaker takes at most {MAX_LENGTH}'
        )
    if not text.startswith("$"):
        raise InvalidFilterError(f'Invalid {member}: "{text}". A JsonPath begins with $')
    csv = is_csv(content_type)
    legal = re.compile(r"[0-9$\[\]* ,:-]" if csv else r"[A-Za-z0-9$\[\]*. ,:'-]")
    for character in text:
        if not legal.match(character):
            operators = ", ".join(f"'{operator}'" for operator in (_CSV_OPERATORS if csv else _OPERATORS))
            where = f'Supported operators for "{content_type}"' if content_type else "Supported operators"
            raise InvalidFilterError(
                f'Invalid {member}: "{text}". Unexpected {_named(character)} in JsonPath. {where} are [{operators}]'
            )


def check_filter_type(text: str, *, member: str, content_type: str | None) -> None:
    """Raise InvalidFilterError for a filter other than `$` on a type other than CSV and JSON.

    CreateTransformJob refuses such a filter, with or without a join. The message is AWS's, recorded for an
    OutputFilter without Accept (rdhanase/aai-540-group-6) and inferred for an InputFilter and its ContentType.
    `$` is accepted with any type (recorded: the SageMaker Python SDK's own tests).
    """
    if text == "$" or media_type(content_type) in FILTERABLE:
        return
    type_member = TYPE_MEMBERS[member]
    allowed = ", ".join(f'"{one}"' for one in sorted(FILTERABLE))
    raise InvalidFilterError(
        f'Invalid {type_member}: "{content_type or "null"}" when {member} is: "{text}". '
        f"Supported {type_member} values are [{allowed}]."
    )


def _named(character: str) -> str:
    """Return a character as AWS shows it, and an invisible one by its number and name."""
    if character.isprintable() and character.isascii():
        return f'"{character}"'
    seen = f'"{character}", ' if character.isprintable() else ""
    name = unicodedata.name(character, "").lower() or "a control character"
    return f"{seen}U+{ord(character):04X} ({name})"


_DOT_NAME = re.compile(r"\.([A-Za-z0-9-]+)")
_DOT_WILDCARD = re.compile(r"\.\*")
_BRACKET = re.compile(r"\.?\[ *([^\[\]]*?) *\]")
_INDEX_LIST = re.compile(r"-?\d+( *, *-?\d+)*")
_NAME_LIST = re.compile(r"'[A-Za-z0-9 -]+'( *, *'[A-Za-z0-9 -]+')*")
_SLICE = re.compile(r"(-?\d+)? *: *(-?\d+)?")
_LIST_WITH_SLICE = re.compile(r"[-0-9:, ]*")


def _steps(text: str) -> Iterator[Step]:
    at = 1
    while at < len(text):
        if match := _DOT_NAME.match(text, at):
            yield Name(match[1])
        elif match := _DOT_WILDCARD.match(text, at):
            yield Wildcard()
        elif match := _BRACKET.match(text, at):
            yield _bracket(text, match[1])
        else:
            raise FilterSyntaxError(
                f"Invalid JsonPath: {text}: {text[at:]!r} is none of .name, ['name'], [n] and [start:end]"
            )
        at = match.end()


def _bracket(text: str, content: str) -> Step:
    if content == "*":
        return Wildcard()
    if _INDEX_LIST.fullmatch(content):
        indexes = tuple(int(index) for index in content.split(","))
        return Indexes(indexes) if len(indexes) > 1 else Index(indexes[0])
    if _NAME_LIST.fullmatch(content):
        names = tuple(name.strip(" ")[1:-1] for name in content.split(","))
        return Names(names) if len(names) > 1 else Name(names[0])
    if match := _SLICE.fullmatch(content):
        start, end = (None if bound is None else int(bound) for bound in match.groups())
        return Slice(start, end)
    if ":" in content and _LIST_WITH_SLICE.fullmatch(content):
        raise FilterSyntaxError(  # the recorded text, word for word
            f"Invalid JsonPath: {text}: only single range filters of format (eg: [1:5]) are supported."
            f" Format [{content}] is not supported"
        )
    raise FilterSyntaxError(
        f"Invalid JsonPath: {text}: [{content}] is none of ['name'], ['name','name'],"
        " [n], [n,n] and [start:end]"
    )


def _is_csv_path(steps: tuple[Step, ...]) -> bool:
    """Whether it selects cells; `[*]` may, and is then reported as undefined."""
    return not steps or (len(steps) == 1 and isinstance(steps[0], (Index, Indexes, Slice, Wildcard)))
