"""`batch-transform run --compare-with`: compares the results of a run on this machine with those of another run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from batch_transform.cli.compare_options import Options
from batch_transform.cli.extras import require_extra
from batch_transform.job.errors import InputError
from batch_transform.job.request.overrides import Columns

Compare = Callable[[Path, Columns], None]


@contextmanager
def comparison_with(named: str | None, options: Options, environment_name: str) -> Iterator[Compare]:
    """Fetch the results of the run to compare with, and return what compares those in a folder with them.

    Without a run, it does nothing. Raises InputError for options of a comparison without a run, and for a run that
    doesn't exist.
    """
    if named is None:
        if options != Options(None, (), 0.0, None):
            raise InputError("--key, --prediction, --tolerance and --max-changed need --compare-with RUN")
        yield lambda _results, _columns: None
        return
    require_extra("compare", "run --compare-with")
    from batch_transform.cli import compare  # noqa: PLC0415 - needs the extra

    with tempfile.TemporaryDirectory(prefix="batch-transform-compare-") as folder:
        [first] = compare.sides_of([named], Path(folder), environment_name, None, as_json=False)

        def compare_with(results: Path, columns: Columns) -> None:
            second = replace(compare.local_side(str(results), results), columns=columns)
            compare.show(first, second, options, as_json=False)

        yield compare_with
