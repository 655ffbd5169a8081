"""How a run may end, in words: for the message about it, and for the command line."""

from __future__ import annotations

from datetime import timedelta

HAPPENED = {"FAILED": "failed", "TIMED_OUT": "took too long and was ended", "ABORTED": "was stopped"}
CAUSE = {
    "FAILED": "Its execution names no cause.",
    "TIMED_OUT": "It took longer than its state machine may, TimeoutSeconds of the definition.",
    "ABORTED": "Somebody stopped its execution (StopExecution).",
}
NEXT_STEP = {
    "FAILED": "mend what the cause names, and start the run again",
    "TIMED_OUT": "see whether a transform job of this run still goes on, and stop it; then start the run again",
    "ABORTED": "start the run again, if it was not meant to stop for good; what it wrote so far is not complete",
}


def length_text(span: timedelta) -> str:
    """Return such as `1 h 10 min 14 s`, to the second."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
