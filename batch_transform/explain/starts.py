"""What starts a job, how its runs behave towards each other, and who is told when one goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batch_transform.job.values.job_spec import JobSpec, NotifySpec, ScheduleSpec, UploadSpec

_OVERLAP = {
    "wait": "A run waits while an earlier one of the job goes on.",
    "skip": "A run ends at once, and well, while an earlier one of the job goes on.",
    "fail": "A run fails at once while an earlier one of the job goes on.",
    "allow": "Runs of the job go on beside each other.",
}


def start_words(spec: JobSpec) -> tuple[str, ...]:
    """Return sentences on what starts the job: one for all, and of several triggers one for each."""
    triggers = list(_triggers(spec))
    by_hand = "whenever its state machine is started"
    if not triggers:
        return (f"It runs {by_hand}; it has no schedule.",)
    if len(triggers) == 1:
        [(words, is_active)] = triggers
        if is_active:
            return (f"It runs {words}, and {by_hand}.",)
        paused = words.removeprefix("by ") if words.startswith("by ") else f"its start {words}"
        return (f"It runs {by_hand}; {paused} is paused.",)
    return (
        f"It runs {by_hand}, and by itself:",
        *(f"- {words}{'' if is_active else ' (paused)'}" for words, is_active in triggers),
    )


def _triggers(spec: JobSpec) -> Iterator[tuple[str, bool]]:
    """Yield what starts the job by itself, each with whether it does now."""
    for schedule in spec.triggers.schedule:
        yield f"by its schedule {_schedule(schedule)}", schedule.enabled
    upload = spec.triggers.on_upload
    if upload is not None:
        yield _upload(spec, upload), upload.enabled


def run_words(spec: JobSpec) -> tuple[str, ...]:
    """Return sentences on how the runs of a job behave, who is told, and what a bucket must do for it."""
    words = (_OVERLAP[spec.workflow.overlapping_runs], _told(spec.notify))
    if spec.triggers.on_upload is None or spec.input.data is None:
        return words
    return (*words, f"The bucket of {spec.input.data} must send its events to EventBridge.")


def _told(notify: NotifySpec) -> str:
    told = [*notify.email, *([notify.topic] if notify.topic else [])]
    if not told:
        return "Of a run that fails the job tells nobody; write notify here, or in environments.yaml for all jobs."
    return f"Of a run that fails, takes too long or does not start, told {_are(len(told))} {', '.join(told)}."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _schedule(schedule: ScheduleSpec) -> str:
    words = [f"{schedule.name}: {schedule.expression}" if schedule.name else schedule.expression]
    if schedule.cron is not None:
        words.append(f"in {schedule.timezone}")
    if schedule.maximum_window_in_minutes is not None:
        words.append(f"within {schedule.maximum_window_in_minutes} minutes")
    if schedule.start_date is not None:
        words.append(f"from {schedule.start_date}")
    if schedule.end_date is not None:
        words.append(f"until {schedule.end_date}")
    return " ".join(words) + _changes(schedule.input)


def _upload(spec: JobSpec, upload: UploadSpec) -> str:
    place = f"{spec.input.data or f's3://INPUT_BUCKET/{spec.name}/'}{upload.prefix}"
    ending = f" that ends in {upload.suffix}" if upload.suffix else ""
    return (
        f"{upload.quiet_period_in_seconds} seconds after the last new object below {place}{ending}"
        f"{_changes(upload.input)}"
    )


def _changes(run_input: Mapping[str, object]) -> str:
    fields = list(_fields(run_input, ""))
    return f" with {', '.join(fields)} changed" if fields else ""


def _fields(node: Mapping[str, object], path: str) -> Iterator[str]:
    for name, value in node.items():
        if isinstance(value, Mapping):
            yield from _fields(value, f"{path}{name}.")
        else:
            yield f"{path}{name}"
