"""The shortest filter that selects given columns of a row, or given fields of an object.

A path counts only on what is certain: an index from the front where all widths before the column are
known, an index from the back where those behind it are, a slice where both of its ends are, and an open
end where the row's width is. A slice has no negative bound: AWS documents those for indexes alone.
Ends of slices are inclusive (SageMaker Developer Guide, "Associate Prediction Results with Input Records").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batch_transform.job.filters.json_path import MAX_LENGTH

_DOT_NAME = re.compile(r"[A-Za-z0-9-]+")
_QUOTED_NAME = re.compile(r"[A-Za-z0-9 -]+")


@dataclass(frozen=True)
class Place:
    """The position of a column in a row: `front` counts from 0, `back` from -1 down; None if not certain.

    One of the two is known. `from_back` prefers the second, as for the columns of a model's answer: such
    an index holds for a record of any width.
    """

    front: int | None
    back: int | None
    from_back: bool = False

    @property
    def shortest(self) -> str:
        """The index in the fewest characters."""
        return min((str(index) for index in (self.front, self.back) if index is not None), key=len)

    @property
    def preferred(self) -> str:
        """The index to write if there is room."""
        return str(self.back) if self.from_back and self.back is not None else self.shortest


def row_path(places: Sequence[Place], width: int | None) -> str:
    """Return the shortest path to these columns in this order. `width` is None where it is not certain."""
    return min(_row_paths(places, width), key=len)


def _row_paths(places: Sequence[Place], width: int | None) -> Iterator[str]:
    """Yield paths that select the columns; of equally short ones the clearest comes first."""
    fronts = [place.front for place in places]
    if width is not None and fronts == list(range(width)):
        yield "$"
    indexes = f"$[{','.join(place.preferred for place in places)}]"
    yield indexes
    if len(indexes) > MAX_LENGTH:
        yield f"$[{','.join(place.shortest for place in places)}]"
    first, last = fronts[0], fronts[-1]
    if first is None or last is None or fronts != list(range(first, first + len(fronts))):
        return
    if width is not None and last == width - 1:
        yield f"$[{first}:]"
    if len(fronts) > 1:
        yield f"$[{first or ''}:{last}]"


def object_path(names: Sequence[str], *, below: str = "$") -> str:
    """Return the shortest path to these fields of the object at `below`.

    One name gives the bare value and several an object; no path gives an object with one field.
    """
    if len(names) > 1:
        # AWS documents a dot before the bracket of names below a name.
        return f"{below}{'' if below == '$' else '.'}[{','.join(repr(name) for name in names)}]"
    [name] = names
    return f"{below}.{name}" if _DOT_NAME.fullmatch(name) else f"{below}['{name}']"


def is_writable(name: str) -> bool:
    """Whether a filter can contain the name: ASCII letters, digits, spaces and hyphens."""
    return _QUOTED_NAME.fullmatch(name) is not None
