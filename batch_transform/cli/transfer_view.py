"""The progress of uploads and downloads: how much of how much, how fast, and how long it will take."""

from __future__ import annotations

import sys
import threading
import time
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from batch_transform.job.values.wording import length_text
from batch_transform.runs.run_output import size_text

_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit
_LABEL_WIDTH = 10
_PLAIN_SECONDS = 5.0
_REDRAW_SECONDS = 0.1


def console_of(*, as_json: bool) -> Console:
    """Return where a command shows what it does: standard output, or a terminal on standard error if that is JSON."""
    stream = sys.stderr if as_json else sys.stdout
    is_terminal = stream.isatty()
    return Console(
        highlight=False,
        width=None if is_terminal else _PIPE_WIDTH,
        stderr=as_json,
        quiet=as_json and not is_terminal,
    )


class TransferView:
    """Shows the progress of a transfer of `total` bytes on `console`. Use it as a context manager.

    On a terminal, it is one line that is redrawn, and goes away at the end; otherwise a line every five seconds.
    `add` may be called by several threads.
    """

    def __init__(self, console: Console, doing: str, total: int) -> None:
        self._console = console
        self._doing = doing
        self._total = total
        self._lock = threading.Lock()
        self._done = 0
        self._began = self._shown_at = time.monotonic()
        self._progress = Progress(
            TextColumn(f"{doing:<{_LABEL_WIDTH}}", style="bold cyan"),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> TransferView:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    @property
    def done(self) -> int:
        """The bytes so far."""
        return self._done

    def add(self, count: int) -> None:
        """Add bytes, and show the progress unless it was shown a moment ago."""
        with self._lock:
            self._done += count
            now = time.monotonic()
            if self._console.is_terminal:
                if now - self._shown_at >= _REDRAW_SECONDS:
                    self._shown_at = now
                    self._progress.update(self._task, completed=self._done)
            elif now - self._shown_at >= _PLAIN_SECONDS:
                self._shown_at = now
                self.line(self._doing, progress_text(self._done, self._total, now - self._began))

    def line(self, label: str, text: str) -> None:
        """Print a finished step."""
        print_line(self._console, label, text)


def print_line(console: Console, label: str, text: str, style: str = "bold cyan") -> None:
    """Print a text after its label."""
    console.print(Text.assemble((f"{label:<{_LABEL_WIDTH}}", style), text), soft_wrap=True)


def progress_text(done: int, total: int, seconds: float) -> str:
    """Return, for example, `12.0 MB of 40.0 MB (30%), 3.1 MB/s, 9 s to go`."""
    share = f"{size_text(done)} of {size_text(total)} ({done / total:.0%})" if total else size_text(done)
    if done <= 0 or seconds <= 0:
        return share
    to_go = timedelta(seconds=max(0.0, (total - done) * seconds / done))
    return f"{share}, {size_text(done / seconds)}/s, {length_text(to_go)} to go"
