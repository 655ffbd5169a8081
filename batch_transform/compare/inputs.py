"""Compares the input objects of two runs, as their records list them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from batch_transform.compare.database import database, quoted


@dataclass(frozen=True)
class Inputs:
    """How many input objects have the same key below their prefix, and the same ETag or another one."""

    same: int
    changed: int
    only_first: int
    only_second: int


def compare_inputs(first: tuple[Path, str], second: tuple[Path, str]) -> Inputs:
    """Compare two `_objects.jsonl`, each with the key prefix of its run's input. Raises CompareError."""
    with database() as query:
        sides = " UNION ALL ".join(
            f"SELECT {side} AS side, json_extract_string(json, '$.ETag') AS etag,"
            f" ltrim(substr(json_extract_string(json, '$.Key'), {len(prefix) + 1}), '/') AS name"
            f" FROM read_ndjson_objects({quoted(str(file))}) WHERE json_extract_string(json, '$.ETag') IS NOT NULL"
            for side, (file, prefix) in enumerate((first, second))
        )
        [row] = query(
            "SELECT count(*) FILTER (n AND m AND x = y), count(*) FILTER (n AND m AND x <> y),"
            " count(*) FILTER (NOT m), count(*) FILTER (NOT n) FROM (SELECT bool_or(side = 0) AS n,"
            " bool_or(side = 1) AS m, any_value(etag) FILTER (side = 0) AS x,"
            f" any_value(etag) FILTER (side = 1) AS y FROM ({sides}) GROUP BY name)"
        )
    return Inputs(*row)
