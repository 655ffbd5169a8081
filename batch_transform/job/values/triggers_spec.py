"""What starts a job by itself: schedules and uploads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from batch_transform.job.aws.limits import Text, Whole
from batch_transform.job.values.setting import Setting

_MOMENT = Text(pattern=r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z")
_KEY_PART = Text(longest=1024)


@dataclass(frozen=True)
class ScheduleSpec:
    """When EventBridge Scheduler starts the job: exactly one of `cron` and `rate`, in AWS's notation.

    Usage
    -----
        ScheduleSpec(cron="0 2 * * ? *", timezone="Europe/Vienna")
        ScheduleSpec(rate="1 hour", start_date="2026-12-01T00:00:00Z")
        ScheduleSpec(cron="0 6 ? * MON *", name="weekly", input={"transform.instance_count": 4})
    """

    cron: Annotated[
        str | None,
        Setting(
            "six fields: minutes, hours, day of month, month, day of week, year, such as `0 2 * * ? *`",
            editor_limits=Text(pattern=r"\s*(\S+\s+){5}\S+\s*"),
        ),
    ] = None
    rate: Annotated[
        str | None,
        Setting(
            "a number of minutes, hours or days, such as `1 hour`; "
            "counts from start_date, or from deployment",
            editor_limits=Text(pattern=r"\s*0*[1-9][0-9]*\s+(minute|hour|day)s?\s*"),
        ),
    ] = None
    timezone: Annotated[str, Setting("the time zone of cron, such as Europe/Vienna")] = "UTC"
    enabled: Annotated[bool, Setting("false pauses the schedule")] = True
    name: Annotated[
        str | None,
        Setting(
            "letters, digits and inner hyphens; required and unique when there are several schedules",
            # It is a child id of the CDK, which becomes part of the schedule's name.
            Text(1, 32, r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", "letters, digits and inner hyphens, such as nightly"),
        ),
    ] = None
    maximum_window_in_minutes: Annotated[
        int | None,
        Setting(
            "FlexibleTimeWindow, 1 to 1440: the run starts at most this many minutes late; default: on time",
            Whole(1, 1440),  # Scheduler API reference, FlexibleTimeWindow
        ),
    ] = None
    start_date: Annotated[
        str | None,
        Setting(
            "StartDate in UTC, such as `2026-12-01T00:00:00Z`: no start before it", editor_limits=_MOMENT
        ),
    ] = None
    end_date: Annotated[str | None, Setting("EndDate in UTC: no start after it", editor_limits=_MOMENT)] = (
        None
    )
    input: Annotated[
        Mapping[str, Any],
        Setting("what these runs override, as in the input of a run: `{transform: {max_payload: 1}}`"),
    ] = field(default_factory=dict)

    @property
    def expression(self) -> str:
        """The ScheduleExpression of the Scheduler API."""
        return f"cron({self.cron})" if self.cron is not None else f"rate({self.rate})"


@dataclass(frozen=True)
class UploadSpec:
    """Which new objects below the job's input start it, once uploads have stopped for a while.

    Usage
    -----
        UploadSpec()                                                  # any object
        UploadSpec(prefix="incoming/", suffix=".csv", quiet_period_in_seconds=300)
    """

    prefix: Annotated[
        str,
        Setting(
            "only objects whose key continues with this after `input.data`, such as `incoming/`",
            _KEY_PART,
            editor_limits=Text(longest=1024, pattern=r"(?!/|s3://).*"),
        ),
    ] = ""
    suffix: Annotated[str, Setting("only objects whose key ends with this, such as `.csv`", _KEY_PART)] = ""
    quiet_period_in_seconds: Annotated[
        int,
        Setting(
            "how long after the last upload the job starts, to the minute; 60 to 86400",
            # The Scheduler is exact to the minute, so a shorter period could not be kept; a day is our own limit.
            Whole(60, 86_400),
            default_reason="EventBridge Scheduler, which ends it, is exact to the minute",
        ),
    ] = 60
    reserved_concurrency: Annotated[
        int,
        Setting(
            "ReservedConcurrentExecutions of the function that uploads call: taken from the account's, and a limit; 0 "
            "reserves none",
            Whole(0),
            default_reason="it handles hundreds of uploads a second, and a burst leaves the account's concurrency to "
            "other functions",
        ),
    ] = 5
    enabled: Annotated[bool, Setting("false pauses the trigger")] = True
    input: Annotated[
        Mapping[str, Any], Setting("what these runs override, as in `triggers.schedule.input`")
    ] = field(default_factory=dict)


@dataclass(frozen=True)
class TriggersSpec:
    """What starts the job by itself: any number of schedules, and uploads.

    Usage
    -----
        TriggersSpec(schedule=(ScheduleSpec(cron="0 2 * * ? *"),), on_upload=UploadSpec(suffix=".csv"))
    """

    schedule: Annotated[
        tuple[ScheduleSpec, ...],
        Setting(
            "EventBridge Scheduler: one schedule or a list, each with exactly one of cron and rate",
            one_or_more=True,
        ),
    ] = ()
    on_upload: Annotated[
        UploadSpec | None,
        Setting(
            "true, or a mapping: new objects below the job's input start it once uploads have stopped for a while"
        ),
    ] = None
