"""What `run` prints about its results."""

from __future__ import annotations

from batch_transform.cli.run_view import RunView
from batch_transform.job.record.names import REPORT_FILE
from batch_transform.job.values.wording import listed
from batch_transform.runs.result_table import ResultTable
from batch_transform.runs.results import Copies
from batch_transform.runs.run_output import RunOutput
from batch_transform.runs.run_record import local_record, reconciliation_text
from batch_transform.runs.truth import Truth

_MOST_NAMES = 5


def show_result(view: RunView, output: RunOutput, copies: Copies, *, seconds: float) -> None:
    """Say where the results are. Raises ResultsError if any is missing."""
    view.line("result", str(output))
    if (record := local_record(copies.folder)) is not None:
        view.line("counts", reconciliation_text(record))
    view.line("output", str(output.place))
    view.line("copies", listed(copies.files, _MOST_NAMES))
    if (page := copies.folder / REPORT_FILE).exists():
        view.line("report", str(page))
    copies.require_whole()
    view.line("done", f"in {seconds:.1f} s")


def show_rows(view: RunView, table: ResultTable, truth: Truth | None) -> None:
    """Print the first rows with column names and, with known answers, how many predictions are right."""
    if table.rows:
        view.table(table.title, table.columns, table.rows)
    if table.score is not None and truth is not None:
        score = table.score
        known = f"{score.known:,} rows with a known {truth.column}"
        if score.mean_absolute_error is not None:
            view.line("error", f"{score.mean_absolute_error:.4g} mean absolute error over {known}")
        else:
            view.line("accuracy", f"{score.accuracy:.1%}: {score.right:,} of {known}")
    elif truth is not None:
        view.line(
            "truth",
            f"not compared: --truth has the columns {truth.id_column} and {truth.column}, and the output has "
            f"{', '.join(table.columns)}; the header must name two output columns",
        )
