"""A run that was started, shown until it ends."""

from __future__ import annotations

from batch_transform.cli.run_view import RunView
from batch_transform.job.errors import RunFailedError
from batch_transform.runs import execution as runs
from batch_transform.runs.run_output import RunOutput


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
