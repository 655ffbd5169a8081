"""What starts a job, how its runs behave towards each other, and who is told when one goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batch_transform.spec.job_spec import JobSpec, NotifySpec, ScheduleSpec, UploadSpec

_OVERLAP = {
    "wait": "A run waits while an earlier one of the job goes on.",
    "skip": "A run ends at once, and well, while an earlier one of the job goes on.",
    "fail": "A run fails at once while an earlier one of the job goes on.",
    "allow": "Runs of the job go on beside each other.",
}


def start_words(spec: JobSpec) -> str:
    """Return a sentence on what starts the job, and one more where the bucket must do something for it."""
    schedules, upload = spec.triggers.schedule, spec.triggers.on_upload
    active = [schedule for schedule in schedules if schedule.enabled]
    paused = [schedule for schedule in schedules if not schedule.enabled]
    ways = []
    if active:
        ways.append(f"by its {_listed(active)}")
    if upload is not None and upload.enabled:
        ways.append(_upload(spec, upload))
    by_hand = "whenever its state machine is started"
    ways.append(by_hand)
    remarks = []
    if paused:
        remarks.append(f"its {_listed(paused)} {'is' if len(paused) == 1 else 'are'} paused")
    if upload is not None and not upload.enabled:
        remarks.append("its start by uploads is paused")
    if not schedules and upload is None:
        remarks.append("it has no schedule")
    sentence = f"It runs {', and '.join(ways)}{''.join(f'; {remark}' for remark in remarks)}."
    if upload is not None and spec.input.data is not None:
        sentence += f" The bucket of {spec.input.data} must send its events to EventBridge."
    return sentence


def run_words(spec: JobSpec) -> tuple[str, ...]:
    """Return sentences on how the runs of a job behave, and who is told."""
    return (_OVERLAP[spec.workflow.overlapping_runs], _told(spec.notify))


def _told(notify: NotifySpec) -> str:
    told = [*notify.email, *([notify.topic] if notify.topic else [])]
    if not told:
        return "Nobody is told of a run that fails; write notify in the job file to change that."
    return f"Of a run that fails, takes too long or does not start, told {_are(len(told))} {', '.join(told)}."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _listed(schedules: list[ScheduleSpec]) -> str:
    word = "schedule" if len(schedules) == 1 else "schedules"
    return f"{word} {', '.join(_schedule(schedule) for schedule in schedules)}"


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
