"""The progress of a run: a live line on a terminal, plain lines otherwise."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from batch_transform.job.errors import RunFailedError
from batch_transform.job.values.wording import counted, length_text
from batch_transform.runs import execution as runs
from batch_transform.runs.execution import TransformJobProgress
from batch_transform.runs.run_output import RunOutput, size_text

_LABEL_WIDTH = 10
_PLAIN_PROGRESS_SECONDS = 2.0


class RunView:
    """Shows steps, states and progress on `console`. Use it as a context manager, which removes the live line.

    If the output is not a terminal, nothing is redrawn, and progress is printed at most every two seconds.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = console.status("") if console.is_terminal else None
        self._progress_shown = (0.0, "")
        self._total_bytes: int | None = None
        self._expected_seconds: float | None = None

    def __enter__(self) -> RunView:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def doing(self, text: str) -> None:
        """Show the current step, only on a terminal."""
        if self._status:
            self._status.update(Text(text))
            self._status.start()

    def pause(self) -> None:
        """Remove the live line until the next step starts, to ask the user something."""
        if self._status:
            self._status.stop()

    def line(self, label: str, text: str, seconds: float | None = None) -> None:
        """Print a finished step, with the time it took."""
        took = f"  {seconds:.1f} s" if seconds is not None else ""
        line = Text.assemble((f"{label:<{_LABEL_WIDTH}}", "bold cyan"), text, (took, "dim"))
        self._console.print(line, soft_wrap=True)

    def warning(self, text: str) -> None:
        """Print a warning."""
        label = (f"{'warning':<{_LABEL_WIDTH}}", "bold yellow")
        self._console.print(Text.assemble(label, text), soft_wrap=not self._console.is_terminal)

    def expect(self, total_bytes: int | None, seconds: float | None = None) -> None:
        """Set the size of the input, and how long its transform job may take, to say how much is left."""
        self._total_bytes = total_bytes
        self._expected_seconds = seconds

    def progress(self, progress: TransformJobProgress, *, last: bool = False) -> None:
        """Show how many records have been scored, how many per second and, until it ends, how much is left."""
        left = "" if last else left_text(progress, self._total_bytes, self._expected_seconds)
        text = f"{progress.name}  {status_text(progress)}  {progress_text(progress)}{left}"
        if self._status and not last:
            self._status.update(Text(text))
            return
        shown_at, shown = self._progress_shown
        due = min(progress.seconds, time.monotonic() - shown_at) >= _PLAIN_PROGRESS_SECONDS
        if text != shown and (last or due):
            self._progress_shown = (time.monotonic(), text)
            self.line("job", text)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows under their column names."""
        table = Table(header_style="bold cyan")
        for name in columns:
            table.add_column(Text(name), overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._console.print()
        self._console.print(Text(title, style="bold"))
        self._console.print(table)


def status_text(progress: TransformJobProgress) -> str:
    """Return the job's status, or for a round that looks for bad records what the status means."""
    if not progress.round:
        return progress.status
    found = {
        "Completed": "every section has a result",
        "Failed": "sections without a result have bad records",
    }
    return f"bad records, round {progress.round}: {found.get(progress.status, progress.status)}"


def progress_text(progress: TransformJobProgress) -> str:
    """Return a text with the records, files and records per second that are known."""
    if progress.records is None and progress.starting is not None:
        return f"starting the model: {progress.starting}"
    if progress.records is None:
        # Since the run's start: a job's own time begins again with each attempt, and when its instances are there.
        return f"{progress.elapsed:.0f} s"
    rate = progress.records / progress.seconds if progress.seconds > 0 else 0.0
    files = f" in {counted(progress.files, 'file')}" if progress.files else ""
    return f"{progress.records:,} records{files}, {rate:,.0f} records/s"


def left_text(progress: TransformJobProgress, total_bytes: int | None, seconds: float | None) -> str:
    """Return how much of the input was read, and the time to go; "" if neither is known.

    AWS doesn't say how much was read: then the time to go follows from `seconds`, the expected length of the job.
    """
    read = progress.counts.get("bytes_read", 0)
    if total_bytes and read and not progress.round:
        to_go = max(0.0, (total_bytes - read) * progress.seconds / read)
        share = min(1.0, read / total_bytes)
        size = f"{size_text(read)} of {size_text(total_bytes)} ({share:.0%})"
        return f", {size}, {length_text(timedelta(seconds=to_go))} to go"
    if progress.records is None and progress.starting is None and seconds is not None and not progress.round:
        spent = progress.seconds if progress.has_started else 0.0
        if spent > seconds:
            return f", longer than the expected {length_text(timedelta(seconds=seconds))}"
        return f", about {length_text(timedelta(seconds=seconds - spent))} to go"
    return ""


def follow_run(
    view: RunView, execution: runs.Execution, clients: runs.Clients
) -> tuple[RunOutput, runs.TransformJobProgress | None]:
    """Show states and progress until the run ends, and return its output. Raises RunFailedError with the cause."""
    progress: runs.TransformJobProgress | None = None
    for event in runs.follow(execution, clients):
        match event:
            case runs.StateEntered(name=name):
                view.line("state", name)
                view.doing(name)
            case runs.TransformJobProgress():
                progress = event
                view.progress(event, last=event.status not in {"InProgress", "Stopping"})
            case runs.Ended(output=RunOutput() as output):
                return output, progress
            case runs.Ended(status=status, error=error, cause=cause):
                headline = f"the run ended {status}" + (f": {error}" if error else "")
                raise RunFailedError(f"{headline}\n{cause}" if cause else headline)
    raise AssertionError("`follow` always yields `Ended`")
