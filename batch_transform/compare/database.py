"""A database for one comparison. It reads files in parallel, and its memory is flat as they grow.

DuckDB keeps its tables in a file in a temporary folder, and holds no more than a fixed amount of memory: grouping and
sorting go to that folder beyond it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from batch_transform.job.errors import CompareError

MEMORY = "512MB"
"""What DuckDB may hold in memory. A comparison of a million rows holds about 250 MB."""

_THREADS = 4
"""At most. Each thread has buffers of its own, so that more threads need more memory."""

Query = Callable[..., list[tuple[Any, ...]]]


@contextmanager
def database() -> Iterator[Query]:
    """Open an empty database, and remove it in the end. Raises CompareError for any error of DuckDB."""
    with tempfile.TemporaryDirectory(prefix="batch-transform-compare-") as folder:
        settings: dict[str, Any] = {
            "memory_limit": MEMORY,
            "temp_directory": str(Path(folder, "spill")),
            "autoinstall_known_extensions": False,
        }
        try:
            with duckdb.connect(str(Path(folder, "rows.duckdb")), config=settings) as connection:
                [(threads,)] = connection.execute("SELECT current_setting('threads')").fetchall()
                connection.execute(f"SET threads = {min(int(threads), _THREADS)}")
                yield lambda statement, values=(): connection.execute(statement, values).fetchall()
        except duckdb.Error as error:
            first_line = str(error).partition("\n")[0]
            raise CompareError(f"the runs cannot be compared: {first_line}") from error


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
