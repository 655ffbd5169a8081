"""Joins the predictions of two runs and counts how they differ, in DuckDB."""

from __future__ import annotations

from collections.abc import Sequence

from batch_transform.compare.database import Query, database, quoted
from batch_transform.compare.outcome import (
    BINS,
    QUANTILES,
    Column,
    Keys,
    Move,
    Numbers,
    Outcome,
    stability_index,
)
from batch_transform.compare.rows import Chosen, Place, Rows
from batch_transform.job.errors import CompareError

_MOST_CLASSES = 50
"""Whole numbers with more different values are quantities, not classes. Numbers with a fraction always are."""

_MOST_MOVES = 100
_PART = 128 * 1024 * 1024
"""Bytes of results whose rows are matched at a time: DuckDB groups texts in memory alone. Other rows wait on disk."""

_LONGEST_LINE = 8 * 1024 * 1024
"""In bytes: each thread has a buffer for it. A request, and so a result of one record, has 6 MB by default."""


def compare(first: Chosen, second: Chosen, *, tolerance: float = 0.0) -> Outcome:
    """Compare the predictions of two runs. Numbers that differ by no more than `tolerance` are unchanged.

    Raises CompareError if the files can't be read, or have no key in common.
    """
    with database() as query:
        _match(query, first, second)
        keys = _keys(query)
        if not keys.both:
            raise CompareError(
                f"no key is in both runs, out of {keys.first_rows:,} and {keys.second_rows:,} rows joined by "
                f"{first.key.name}; name another column with --key, or compare runs of the same input"
            )
        columns = tuple(
            _column(query, number, place.name, keys, tolerance)
            for number, place in enumerate(first.predictions)
        )
    return Outcome(first.key.name, keys, columns)


def _match(query: Query, first: Chosen, second: Chosen) -> None:
    """Create the table `matched`: for each key, its number of rows in each run and its predictions."""
    count = len(first.predictions)
    sides = " UNION ALL ".join(
        f"SELECT {side} AS side, {_cell(one.rows, one.key)} AS key, "
        + ", ".join(f"{_cell(one.rows, place)} AS p{number}" for number, place in enumerate(one.predictions))
        + f" FROM {_reading(one.rows)}"
        for side, one in enumerate((first, second))
    )
    predictions = ", ".join(
        f"any_value(p{number}) FILTER (side = {side}) AS {name}{number}"
        for number in range(count)
        for side, name in enumerate("xy")
    )
    size = sum(file.stat().st_size for one in (first, second) for file in one.rows.files)
    parts = -(-size // _PART) or 1
    grouped = (
        "SELECT key, count(*) FILTER (side = 0) AS n, count(*) FILTER (side = 1) AS m,"
        f" {predictions} FROM {{}} GROUP BY key"
    )
    if parts == 1:
        query(f"CREATE TABLE matched AS {grouped.format(f'({sides})')}")
        return
    query(f"CREATE TABLE rows AS SELECT *, (hash(key) % {parts})::INTEGER AS part FROM ({sides})")
    for part in range(parts):
        start = "INSERT INTO matched" if part else "CREATE TABLE matched AS"
        query(f"{start} {grouped.format(f'rows WHERE part = {part}')}")
    query("DROP TABLE rows")


def _reading(rows: Rows) -> str:
    """Return the table function that reads the files; an empty table if there are none with content."""
    files = "[" + ", ".join(quoted(str(file)) for file in rows.files) + "]"
    if not rows.files:
        return (
            "(SELECT NULL::VARCHAR AS c1 WHERE false)"
            if not rows.is_json
            else "(SELECT NULL::JSON AS json WHERE false)"
        )
    if rows.is_json:
        return f"read_ndjson_objects({files}, maximum_object_size = {_LONGEST_LINE})"
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(1, rows.width + 1))
    return (
        f"read_csv({files}, columns = {{{columns}}}, header = false, auto_detect = false, delim = ',', quote = '\"', "
        f"escape = '\"', max_line_size = {_LONGEST_LINE})"
    )


def _cell(rows: Rows, place: Place) -> str:
    if rows.is_json:
        return f"json_extract_string(json, {quoted(place.path)})"
    return f"c{place.number}" if rows.files else "c1"


def _keys(query: Query) -> Keys:
    [row] = query(
        "SELECT sum(n), sum(m), sum(n + m) FILTER (key IS NULL),"
        " count(*) FILTER (key IS NOT NULL AND n = 1 AND m = 1),"
        " count(*) FILTER (key IS NOT NULL AND n = 1 AND m = 0),"
        " count(*) FILTER (key IS NOT NULL AND n = 0 AND m = 1),"
        " count(*) FILTER (key IS NOT NULL AND (n > 1 OR m > 1)) FROM matched"
    )
    counts = [int(count or 0) for count in row]
    query("DELETE FROM matched WHERE key IS NULL OR n > 1 OR m > 1")
    return Keys(*counts)


def _column(query: Query, number: int, name: str, keys: Keys, tolerance: float) -> Column:
    [(missing, other_missing, texts, fractions, classes)] = query(
        f"SELECT count(*) FILTER (n = 1 AND {_MISSING.format(f'x{number}')}),"
        f" count(*) FILTER (m = 1 AND {_MISSING.format(f'y{number}')}),"
        f" count(*) FILTER ({_TEXT.format(f'x{number}')} OR {_TEXT.format(f'y{number}')}),"
        f" count(*) FILTER ({_FRACTION.format(f'x{number}')} OR {_FRACTION.format(f'y{number}')}),"
        f" approx_count_distinct(x{number}) FROM matched"
    )
    are_numbers = texts == 0 and missing < keys.both + keys.only_first
    if are_numbers and (fractions or classes > _MOST_CLASSES):
        return _numbers(query, number, name, keys, tolerance)
    return _classes(query, number, name, keys, (missing, other_missing), as_numbers=are_numbers)


_TEXT = "({0} IS NOT NULL AND TRY_CAST({0} AS DOUBLE) IS NULL)"
_FRACTION = (
    "coalesce(isfinite(TRY_CAST({0} AS DOUBLE))"
    " AND TRY_CAST({0} AS DOUBLE) <> trunc(TRY_CAST({0} AS DOUBLE)), false)"
)
_MISSING = "({0} IS NULL)"


def _numbers(query: Query, number: int, name: str, keys: Keys, tolerance: float) -> Column:
    """Compare numbers. A value that isn't finite counts as missing."""
    query(
        "CREATE OR REPLACE TEMP VIEW numbers AS SELECT n, m,"
        f" CASE WHEN isfinite(TRY_CAST(x{number} AS DOUBLE)) THEN TRY_CAST(x{number} AS DOUBLE) END AS x,"
        f" CASE WHEN isfinite(TRY_CAST(y{number} AS DOUBLE)) THEN TRY_CAST(y{number} AS DOUBLE) END AS y FROM matched"
    )
    [(changed, difference, missing, other_missing)] = query(
        "SELECT count(*) FILTER (n = 1 AND m = 1 AND"
        "  ((x IS NULL) <> (y IS NULL) OR coalesce(abs(x - y) > $tolerance, false))),"
        " avg(abs(x - y)) FILTER (n = 1 AND m = 1),"
        " count(*) FILTER (n = 1 AND x IS NULL), count(*) FILTER (m = 1 AND y IS NULL) FROM numbers",
        {"tolerance": tolerance},
    )
    first, second = _sorted(query, "x"), _sorted(query, "y")
    psi = None
    if first and second:
        edges = sorted({_at(query, "x", first.count, part / BINS) for part in range(1, BINS)})
        psi = stability_index(_histogram(query, "x", edges), _histogram(query, "y", edges))
    return Column(
        name=name,
        changed=changed,
        share=_share(changed, keys),
        missing_first=missing,
        missing_second=other_missing,
        psi=psi,
        first=first or Numbers(0, float("nan"), ()),
        second=second or Numbers(0, float("nan"), ()),
        mean_difference=difference,
    )


def _sorted(query: Query, side: str) -> Numbers | None:
    """Sort one run's numbers on disk, and return its figures; None if it has no number."""
    query(
        f"CREATE OR REPLACE TABLE sorted_{side} AS"
        f" SELECT {side} AS value FROM numbers WHERE {side} IS NOT NULL ORDER BY 1"
    )
    [(count, mean)] = query(f"SELECT count(*), avg(value) FROM sorted_{side}")
    if not count:
        return None
    return Numbers(count, mean, tuple(_at(query, side, count, part) for part in QUANTILES))


def _at(query: Query, side: str, count: int, part: float) -> float:
    """Return a quantile, between the two nearest values in proportion (R's type 7, the default of NumPy)."""
    position = part * (count - 1)
    low = int(position)
    found = query(
        f"SELECT value FROM sorted_{side} WHERE rowid IN (?, ?) ORDER BY rowid",
        [low, min(low + 1, count - 1)],
    )
    below, above = float(found[0][0]), float(found[-1][0])
    return below + (above - below) * (position - low)


def _histogram(query: Query, side: str, edges: Sequence[float]) -> list[int]:
    """Count a run's numbers up to each edge, and those above the last one."""
    [(total, *up_to)] = query(
        "SELECT count(*)"
        + "".join(f", count(*) FILTER (value <= {edge!r}::DOUBLE)" for edge in edges)
        + f" FROM sorted_{side}"
    )
    return [high - low for low, high in zip([0, *up_to], [*up_to, total], strict=True)]


def _classes(
    query: Query, number: int, name: str, keys: Keys, missing: tuple[int, int], *, as_numbers: bool
) -> Column:
    """Compare classes. Those that are whole numbers are compared as numbers: `1` and `1.0` are the same class."""
    text = "TRY_CAST(TRY_CAST({0} AS DOUBLE) AS BIGINT)::VARCHAR" if as_numbers else "{0}"
    query(
        "CREATE OR REPLACE TEMP VIEW classes AS SELECT n, m,"
        f" {text.format(f'x{number}')} AS x, {text.format(f'y{number}')} AS y FROM matched"
    )
    [(changed, kinds)] = query(
        "SELECT coalesce(sum(count), 0)::BIGINT, count(*) FROM (SELECT count(*) AS count FROM classes"
        " WHERE n = 1 AND m = 1 AND x IS DISTINCT FROM y GROUP BY x, y)"
    )
    moves = query(
        "SELECT x, y, count(*) AS count FROM classes WHERE n = 1 AND m = 1 AND x IS DISTINCT FROM y"
        f" GROUP BY x, y ORDER BY count DESC, x, y LIMIT {_MOST_MOVES}"
    )
    totals = query(
        "SELECT class, sum(first)::BIGINT, sum(second)::BIGINT FROM ("
        " SELECT x AS class, count(*) AS first, 0 AS second FROM classes WHERE x IS NOT NULL GROUP BY x UNION ALL"
        " SELECT y, 0, count(*) FROM classes WHERE y IS NOT NULL GROUP BY y"
        f") GROUP BY class ORDER BY sum(first) + sum(second) DESC, class LIMIT {_MOST_MOVES}"
    )
    rest = [
        keys.both + keys.only_first - missing[0] - sum(first for _, first, _ in totals),
        keys.both + keys.only_second - missing[1] - sum(second for _, _, second in totals),
    ]
    return Column(
        name=name,
        changed=changed,
        share=_share(changed, keys),
        missing_first=missing[0],
        missing_second=missing[1],
        psi=stability_index(
            [*(first for _, first, _ in totals), rest[0]], [*(second for _, _, second in totals), rest[1]]
        ),
        moves=tuple(Move(*move) for move in moves),
        unlisted_moves=max(0, kinds - len(moves)),
        classes=tuple((str(label), first, second) for label, first, second in totals),
    )


def _share(changed: int, keys: Keys) -> float:
    """Return the share of all keys that changed or can't be compared."""
    return (changed + keys.total - keys.both) / keys.total
