"""A comparison of two runs in tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_transform.compare.comparison import Comparison, Side
from batch_transform.compare.outcome import QUANTILES, Column, Move, Numbers, reading_of
from batch_transform.job.price.price import Cost
from batch_transform.job.values.wording import length_text
from batch_transform.runs.run_facts import RunFacts
from batch_transform.runs.run_output import objects_text

_UNKNOWN = "-"
_MOST_CLASSES = 8
_LONGEST_CLASS = 24
_MOST_LISTED = 10


def show_comparison(comparison: Comparison, console: Console, *, max_changed: float | None) -> None:
    """Print the comparison. With `max_changed`, say of each column whether it is within that share."""
    _facts(comparison, console)
    _definition(comparison, console)
    outcome, keys = comparison.outcome, comparison.outcome.keys
    _heading(console, f"Rows, joined by {outcome.key}")
    _counts(
        console,
        [
            ("keys in both runs", keys.both),
            ("only in the first", keys.only_first),
            ("only in the second", keys.only_second),
            ("several times in a run", keys.duplicated),
            ("rows without a key", keys.rows_without_key),
        ],
    )
    for column in outcome.columns:
        _column(column, keys.both, console)
    if max_changed is not None and not comparison.above(max_changed):
        names = ", ".join(column.name for column in outcome.columns)
        console.print()
        console.print(Text(f"within --max-changed {max_changed:.3%}: {names}", style="green"), soft_wrap=True)


def _facts(comparison: Comparison, console: Console) -> None:
    table = _table("", "first", "second")
    sides = (comparison.first, comparison.second)
    table.add_row("run", *(Text(side.name, style="bold") for side in sides))
    for label, values in _figures(sides):
        if any(value != _UNKNOWN for value in values):
            table.add_row(label, *(Text(value) for value in values))
    console.print(table)


def _figures(sides: Sequence[Side]) -> list[tuple[str, list[str]]]:
    facts = [side.facts for side in sides]
    return [
        ("job", [one.job if one else _UNKNOWN for one in facts]),
        ("status", [one.status if one else _UNKNOWN for one in facts]),
        (
            "started",
            [
                f"{one.started.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if one and one.started else _UNKNOWN
                for one in facts
            ],
        ),
        ("took", [_length(one.seconds) if one else _UNKNOWN for one in facts]),
        ("instances", [one.instances if one else _UNKNOWN for one in facts]),
        ("attempts", [_number(one.attempts) if one else _UNKNOWN for one in facts]),
        ("read", [_objects(one.input_objects, one.input_bytes) if one else _UNKNOWN for one in facts]),
        ("written", [_objects(one.output_objects, one.output_bytes) if one else _UNKNOWN for one in facts]),
        ("records", [_number(one.records) if one else _UNKNOWN for one in facts]),
        (
            "billed",
            [
                f"{_length(one.billable_seconds)} per instance"
                if one and one.billable_seconds is not None
                else _UNKNOWN
                for one in facts
            ],
        ),
        (
            "cost",
            [
                str(Cost(one.cost, one.currency))
                if one and one.cost is not None and one.currency
                else _UNKNOWN
                for one in facts
            ],
        ),
    ]


def _definition(comparison: Comparison, console: Console) -> None:
    _heading(console, "Definition")
    if comparison.differences is None:
        console.print("not known of both runs", style="dim")
    elif not comparison.differences:
        console.print("the same request and model")
    for difference in comparison.differences or []:
        console.print(Text(difference.name, style="cyan"), soft_wrap=True)
        console.print(Text(f"  first   {_value(difference.first)}"), soft_wrap=True)
        console.print(Text(f"  second  {_value(difference.second)}"), soft_wrap=True)
    _heading(console, "Input objects")
    if comparison.inputs is None:
        console.print("not known, because a run has no record", style="dim")
    else:
        inputs = comparison.inputs
        _counts(
            console,
            [
                ("the same in both runs", inputs.same),
                ("changed", inputs.changed),
                ("only in the first", inputs.only_first),
                ("only in the second", inputs.only_second),
            ],
        )


def _column(column: Column, both: int, console: Console) -> None:
    _heading(console, f"Prediction {column.name}")
    share = column.changed / both if both else 0.0
    psi = "not known" if column.psi is None else f"{column.psi:.4g}, {reading_of(column.psi)}"
    line = f"changed   {column.changed:,} of {both:,} keys in both runs ({share:.3%})"
    console.print(Text(line, style="bold" if column.changed else ""), soft_wrap=True)
    console.print(f"share     {column.share:.3%} of all keys changed or are in one run only", soft_wrap=True)
    console.print(f"PSI       {psi}", soft_wrap=True)
    if column.missing_first or column.missing_second:
        console.print(
            f"empty     {column.missing_first:,} in the first, {column.missing_second:,} in the second"
        )
    if column.first is not None and column.second is not None:
        _numbers(column, column.first, column.second, console)
    elif column.changed:
        _moves(column, console)


def _numbers(column: Column, first: Numbers, second: Numbers, console: Console) -> None:
    if column.mean_difference is not None:
        console.print(f"mean |d|  {column.mean_difference:.6g}")
    table = _table("", "first", "second")
    for one in table.columns[1:]:
        one.justify = "right"
    table.add_row("count", f"{first.count:,}", f"{second.count:,}")
    table.add_row("mean", f"{first.mean:.6g}", f"{second.mean:.6g}")
    for number, part in enumerate(QUANTILES):
        name = {0.0: "minimum", 0.5: "median", 1.0: "maximum"}.get(part, f"{part:.0%}")
        cells = [f"{one.quantiles[number]:.6g}" if one.quantiles else _UNKNOWN for one in (first, second)]
        table.add_row(name, *cells)
    console.print(table)


def _moves(column: Column, console: Console) -> None:
    """Print the moves as a matrix of the most frequent classes or, if there are too many, as a list."""
    names = [name for name, _, _ in column.classes]
    if (
        len(names) <= _MOST_CLASSES
        and not column.unlisted_moves
        and not any(_is_empty(move) for move in column.moves)
    ):
        counts = {(move.first, move.second): move.count for move in column.moves}
        table = _table("first \\ second", *(_short(name) for name in names))
        for one in table.columns[1:]:
            one.justify = "right"
        for row in names:
            table.add_row(_short(row), *(_cell(counts, row, name) for name in names))
        console.print(table)
        return
    table = _table("first", "second", "keys")
    table.columns[2].justify = "right"
    for move in column.moves[:_MOST_LISTED]:
        table.add_row(_short(move.first), _short(move.second), f"{move.count:,}")
    console.print(table)
    more = len(column.moves) - _MOST_LISTED + column.unlisted_moves
    if more > 0:
        console.print(f"and {more:,} more kinds of change", style="dim")


def _is_empty(move: Move) -> bool:
    return move.first is None or move.second is None


def _cell(counts: dict[tuple[str | None, str | None], int], row: str, name: str) -> Text:
    if row == name:
        return Text("·", style="dim")
    count = counts.get((row, name), 0)
    return Text(f"{count:,}", style="bold" if count else "dim")


def _short(name: str | None) -> Text:
    if name is None:
        return Text("(empty)", style="dim")
    return Text(name if len(name) <= _LONGEST_CLASS else f"{name[: _LONGEST_CLASS - 1]}…")


def _table(*heads: str | Text) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold cyan")
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _counts(console: Console, counts: Sequence[tuple[str, int]]) -> None:
    width = max(len(f"{count:,}") for _, count in counts)
    for label, count in counts:
        console.print(f"{count:>{width},} {label}", style="" if count else "dim")


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold cyan"), soft_wrap=True)


def _value(value: object) -> str:
    return "none" if value is None else str(value)


def _number(value: int | None) -> str:
    return _UNKNOWN if value is None else f"{value:,}"


def _objects(count: int | None, size: int | None) -> str:
    return _UNKNOWN if count is None or size is None else objects_text(count, size)


def _cost(of: RunFacts | None) -> str:
    if of is None or of.cost is None or of.currency is None:
        return _UNKNOWN
    return str(Cost(of.cost, of.currency))


def _length(seconds: float | None) -> str:
    return _UNKNOWN if seconds is None else length_text(timedelta(seconds=seconds))
