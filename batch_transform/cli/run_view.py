"""What a person sees of a run: live on a terminal, one line for each thing that happens otherwise."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from batch_transform.job.errors import RunFailedError
from batch_transform.job.values.wording import counted
from batch_transform.runs import execution as runs
from batch_transform.runs.execution import TransformJobProgress
from batch_transform.runs.run_output import RunOutput

_LABEL_WIDTH = 10
_PLAIN_PROGRESS_SECONDS = 2.0


class RunView:
    """Shows steps, states and progress on `console`; use it as a context manager, so that a live line ends.

    In a pipe the progress line comes at most every two seconds, and nothing is redrawn.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = console.status("") if console.is_terminal else None
        self._progress_shown = (0.0, "")

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
        """Say what is under way; only a terminal shows it."""
        if self._status:
            self._status.update(Text(text))
            self._status.start()

    def pause(self) -> None:
        """Stop the live line until the next step starts, so that the user can be asked something."""
        if self._status:
            self._status.stop()

    def line(self, label: str, text: str, seconds: float | None = None) -> None:
        """Print one finished thing, with the time it took."""
        took = f"  {seconds:.1f} s" if seconds is not None else ""
        line = Text.assemble((f"{label:<{_LABEL_WIDTH}}", "bold cyan"), text, (took, "dim"))
        self._console.print(line, soft_wrap=True)

    def warning(self, text: str) -> None:
        """Print a warning."""
        label = (f"{'warning':<{_LABEL_WIDTH}}", "bold yellow")
        self._console.print(Text.assemble(label, text), soft_wrap=not self._console.is_terminal)

    def progress(self, progress: TransformJobProgress, *, last: bool = False) -> None:
        """Show records done and records a second."""
        text = f"{progress.name}  {progress.status}  {progress_text(progress)}"
        if self._status and not last:
            self._status.update(Text(text))
            return
        shown_at, shown = self._progress_shown
        due = min(progress.seconds, time.monotonic() - shown_at) >= _PLAIN_PROGRESS_SECONDS
        if text != shown and (last or due):
            self._progress_shown = (time.monotonic(), text)
            self.line("job", text)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows under the names of their columns."""
        table = Table(header_style="bold cyan")
        for name in columns:
            table.add_column(Text(name), overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._console.print()
        self._console.print(Text(title, style="bold"))
        self._console.print(table)


def progress_text(progress: TransformJobProgress) -> str:
    """Records, files and records a second, as far as they are known."""
    if progress.records is None and progress.starting is not None:
        return f"starting the model: {progress.starting}"
    if progress.records is None:
        return f"{progress.seconds:.0f} s"
    rate = progress.records / progress.seconds if progress.seconds > 0 else 0.0
    files = f" in {counted(progress.files, 'file')}" if progress.files else ""
    return f"{progress.records:,} records{files}, {rate:,.0f} records/s"


def follow_run(
    view: RunView, execution: runs.Execution, clients: runs.Clients
) -> tuple[RunOutput, runs.TransformJobProgress | None]:
    """Show states and progress, and return what the run gave back. Raises RunFailedError with its cause."""
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
                told = ": ".join(["the run ended " + status, error] if error else ["the run ended " + status])
                raise RunFailedError("\n".join([told, cause] if cause else [told]))
    raise AssertionError("following a run ends with its end")
