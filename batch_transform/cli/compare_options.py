"""The options of a comparison, of `compare` and of `run --compare-with`; importing them needs no extra."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class Share(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases only
    """A share such as `1%` or `0.01`."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401  # click's own
        """Return the share as a number from 0 to 1."""
        if isinstance(value, float):
            return value
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value} is not a share; write 1% or 0.01", param, ctx)
        return share


_OPTIONS = (
    click.option(
        "--key",
        metavar="COLUMN",
        help="The kept column that joins the rows of both runs: its name, or its number from 1.  "
        "[default: the first kept column of the input]",
    ),
    click.option(
        "--prediction",
        "predictions",
        metavar="COLUMN",
        multiple=True,
        help="A column to compare: its name, or its number from 1. Can be repeated.  "
        "[default: all that the model answered]",
    ),
    click.option(
        "--tolerance",
        default=0.0,
        show_default=True,
        type=click.FloatRange(min=0),
        help="Numbers that differ by no more than this are unchanged.",
    ),
    click.option(
        "--max-changed",
        metavar="SHARE",
        type=Share(),
        help="Exit with 1 if a larger share of the keys changed in a compared column, such as 1%.",
    ),
)


def compare_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Options:
    """The options of a comparison, which `run --compare-with` has too."""

    key: str | None
    predictions: Sequence[str]
    tolerance: float
    max_changed: float | None
