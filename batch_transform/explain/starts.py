"""What starts a job, what happens when its runs overlap, and who is notified of failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batch_transform.job.values.job_spec import JobSpec, NotifySpec, ScheduleSpec, UploadSpec

_OVERLAP = {
    "wait": "If an earlier run of the job is in progress, a new run waits. If one waits already, further runs are "
    "skipped.",
    "skip": "If an earlier run of the job is in progress, a new run is skipped: it succeeds at once, without scoring.",
    "fail": "If an earlier run of the job is in progress, a new run fails at once.",
    "allow": "Several runs of the job can be in progress at the same time.",
}


def start_words(spec: JobSpec) -> tuple[str, ...]:
    """Return sentences about what starts the job; if it has several triggers, one for each."""
    triggers = list(_triggers(spec))
    by_hand = "whenever you start it"
    if not triggers:
        return (f"It runs {by_hand}; it has no schedule and no upload trigger.",)
    if len(triggers) == 1:
        [(words, is_active)] = triggers
        if is_active:
            return (f"It runs {words}, and {by_hand}.",)
        paused = words.removeprefix("by ") if words.startswith("by ") else f"its start {words}"
        return (f"It runs {by_hand}; {paused} is paused.",)
    return (
        f"It runs {by_hand}, and automatically:",
        *(f"- {words}{'' if is_active else ' (paused)'}" for words, is_active in triggers),
    )


def _triggers(spec: JobSpec) -> Iterator[tuple[str, bool]]:
    """Yield each trigger of the job, and whether it is enabled."""
    for schedule in spec.triggers.schedule:
        yield f"by its schedule {_schedule(schedule)}", schedule.enabled
    upload = spec.triggers.on_upload
    if upload is not None:
        yield _upload(spec, upload), upload.enabled


def run_words(spec: JobSpec) -> tuple[str, ...]:
    """Return sentences about overlapping runs, notifications, and how an input bucket must be set up."""
    words = (_OVERLAP[spec.workflow.overlapping_runs], _notified(spec.notify))
    if spec.triggers.on_upload is None or spec.input.data is None:
        return words
    return (*words, f"The bucket of {spec.input.data} must send its events to EventBridge.")


def _notified(notify: NotifySpec) -> str:
    notified = [*notify.email, *([notify.topic] if notify.topic else [])]
    if not notified:
        return "Nobody is notified when a run fails; add notify to the job, or to environments.yaml for all jobs."
    return (
        f"When a run fails, takes too long or does not start, a notification goes to {', '.join(notified)}."
    )


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
