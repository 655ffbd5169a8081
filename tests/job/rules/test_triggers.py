from __future__ import annotations

from typing import Any

import pytest

from batch_transform.job.errors import Problem
from batch_transform.job.problems import problems
from batch_transform.job.values.job_spec import (
    InputSpec,
    JobSpec,
    ModelSpec,
    MonitoringSpec,
    ScheduleSpec,
    TriggersSpec,
    UploadSpec,
    WorkflowSpec,
)


def of_triggers(schedules: object = (), upload: UploadSpec | None = None, **changes: Any) -> list[Problem]:
    given = schedules if isinstance(schedules, tuple) else (schedules,)
    triggers = TriggersSpec(schedule=given, on_upload=upload)
    return problems(JobSpec("demo", ModelSpec(existing="demo-model"), triggers=triggers, **changes))


def of_cron(text: str) -> list[Problem]:
    return of_triggers(ScheduleSpec(cron=text))


@pytest.mark.parametrize(
    ("unix", "six_fields"),
    [
        ("0 0 * * */2", "0 0 ? * */2 *"),
        ("0 0 * * 1-5/2", "0 0 ? * 2-6/2 *"),
        ("0 0 * * 0,6,7", "0 0 ? * 1,7,1 *"),
        ("0 0 * * MON-FRI", "0 0 ? * MON-FRI *"),
        ("*/10 8-18 1,15 1-6 *", "*/10 8-18 1,15 1-6 ? *"),
    ],
)
def test_the_weekdays_of_a_crontab_line_keep_their_names_and_their_steps(unix: str, six_fields: str) -> None:
    (problem,) = of_cron(unix)
    assert problem.message.endswith(f'write "{six_fields}"')
    assert of_cron(six_fields) == []


def test_a_crontab_line_with_both_days_has_no_counterpart() -> None:
    (problem,) = of_cron("0 2 1 * 1")
    assert problem.message.endswith("day of week, year")


@pytest.mark.parametrize(
    "cron",
    [
        "0 0 1 1 ? *",
        "59 23 31 12 ? *",
        "0 0 ? * 1 *",
        "0 0 ? * 7 *",
        "0 0 ? * sat *",
        "0 0 1 1 ? 1970-2199",
        "/5 0 1 1 ? *",
        "0-5/2 0 1 1 ? *",
        "0 0 LW * ? *",
        "0 0 ? * 6l *",
    ],
)
def test_the_first_and_last_value_of_each_field_are_accepted(cron: str) -> None:
    assert [problem for problem in of_cron(cron) if problem.code != "cron-never"] == []


@pytest.mark.parametrize(
    ("cron", "item", "allowed"),
    [
        ("60 0 1 1 ? *", "'60' is not allowed for minutes", "values are 0 to 59"),
        ("0 24 1 1 ? *", "'24' is not allowed for hours", "values are 0 to 23"),
        ("0 0 0 1 ? *", "'0' is not allowed for day of month", "values are 1 to 31"),
        ("0 0 32 1 ? *", "'32' is not allowed for day of month", "values are 1 to 31"),
        ("0 0 1 0 ? *", "'0' is not allowed for month", "values are 1 to 12 or JAN to DEC"),
        ("0 0 1 13 ? *", "'13' is not allowed for month", "values are 1 to 12 or JAN to DEC"),
        ("0 0 ? * 0 *", "'0' is not allowed for day of week", "values are 1 to 7 or SUN to SAT"),
        ("0 0 ? * 8 *", "'8' is not allowed for day of week", "values are 1 to 7 or SUN to SAT"),
        ("0 0 1 1 ? 1969", "'1969' is not allowed for year", "values are 1970 to 2199"),
        ("0 0 1 1 ? 2200", "'2200' is not allowed for year", "values are 1970 to 2199"),
        ("0/x 0 1 1 ? *", "'0/x' is not allowed for minutes", "values are 0 to 59"),
        ("0/\u00b2 0 1 1 ? *", "'0/\u00b2' is not allowed for minutes", "values are 0 to 59"),
        ("0-5-9 0 1 1 ? *", "'0-5-9' is not allowed for minutes", "values are 0 to 59"),
        ("0-60 0 1 1 ? *", "'0-60' is not allowed for minutes", "values are 0 to 59"),
        ("0, 0 1 1 ? *", "'' is not allowed for minutes", "values are 0 to 59"),
        ("0 L 1 1 ? *", "'L' is not allowed for hours", "values are 0 to 23"),
        ("0 0 L! 1 ? *", "'L!' is not allowed for day of month", "values are 1 to 31"),
    ],
)
def test_fails_for_one_value_beyond_a_field_and_says_what_is_allowed(
    cron: str, item: str, allowed: str
) -> None:
    (problem,) = of_cron(cron)
    assert problem.code == "cron-malformed"
    assert problem.message.startswith(item)
    assert problem.message.endswith(allowed)


def test_all_values_beyond_their_fields_are_reported_and_the_days_as_well() -> None:
    found = of_cron("60 24,25 * * * *")
    assert [problem.code for problem in found] == ["cron-malformed"] * 3 + ["cron-days"]
    assert found[-1].message.endswith('such as "60 24,25 * * ? *"')


@pytest.mark.parametrize(
    ("cron", "suggested"),
    [
        ("0 2 1 * 2 *", "0 2 1 * ? *"),
        ("0 2 * * 2 *", "0 2 ? * 2 *"),
        ("0 2 1 * * *", "0 2 1 * ? *"),
        ("0 2 ? * ? *", "0 2 * * ? *"),
    ],
)
def test_of_two_kinds_of_day_the_one_that_says_something_is_kept(cron: str, suggested: str) -> None:
    (problem,) = of_cron(cron)
    assert (problem.code, problem.severity) == ("cron-days", "error")
    assert problem.message.endswith(f'such as "{suggested}"')


def test_a_schedule_that_never_starts_the_job_is_a_warning() -> None:
    (problem,) = of_cron("0 2 31 2 ? *")
    assert (problem.code, problem.severity) == ("cron-never", "warning")


@pytest.mark.parametrize("rate", ["1 hours", "01 day", " 2  minutes "])
def test_a_rate_is_a_number_and_a_unit(rate: str) -> None:
    assert of_triggers(ScheduleSpec(rate=rate)) == []


@pytest.mark.parametrize(
    "rate", ["hour", "1hour", "00 hours", "-1 hours", "1.5 hours", "1 hourly", "1 hours 5"]
)
def test_fails_for_anything_else_as_a_rate(rate: str) -> None:
    (problem,) = of_triggers(ScheduleSpec(rate=rate))
    assert (problem.code, problem.field) == ("rate-malformed", "triggers.schedule.rate")


def test_only_a_time_zone_other_than_utc_has_no_effect_on_a_rate() -> None:
    assert of_triggers(ScheduleSpec(rate="1 hour", timezone="UTC")) == []
    assert of_triggers(ScheduleSpec(cron="0 2 * * ? *", timezone="Europe/Vienna")) == []
    (problem,) = of_triggers(ScheduleSpec(rate="1 hour", timezone="Europe/Vienna"))
    assert (problem.code, problem.severity) == ("timezone-without-cron", "warning")
    (problem,) = of_triggers(ScheduleSpec(rate="1 hour", timezone="Europe/Wien"))
    assert problem.code == "timezone-unknown"


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Europe/Viena", "did you mean Europe/Vienna"),
        ("nowhere", "write one that is, such as UTC or Europe/Vienna"),
    ],
)
def test_for_an_unknown_time_zone_near_ones_are_suggested(zone: str, hint: str) -> None:
    (problem,) = of_triggers(ScheduleSpec(cron="0 2 * * ? *", timezone=zone))
    assert hint in problem.message


def test_a_schedule_ends_after_it_starts() -> None:
    def window(start: str, end: str) -> list[str]:
        return [one.code for one in of_triggers(ScheduleSpec(rate="1 hour", start_date=start, end_date=end))]

    assert window("2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z") == []
    assert window("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z") == ["schedule-ends-first"]
    assert window("soon", "later") == ["date-malformed"] * 2
    assert window("soon", "2027-01-01T00:00:00Z") == ["date-malformed"]


def test_a_name_is_needed_and_compared_only_among_several_schedules() -> None:
    hourly, daily = ScheduleSpec(rate="1 hour"), ScheduleSpec(rate="1 day", name="a")
    assert of_triggers((hourly,)) == []
    assert [(one.code, one.field) for one in of_triggers((hourly, daily))] == [
        ("schedule-name-missing", "triggers.schedule[0]")
    ]
    assert [(one.code, one.field) for one in of_triggers((daily, ScheduleSpec(rate="1 hour", name="a")))] == [
        ("schedule-name-duplicate", "triggers.schedule[1].name")
    ]
    assert of_triggers((daily, ScheduleSpec(rate="1 hour", name="b"))) == []


def frequent(longest: int, overlapping: str = "wait", **changes: Any) -> list[Problem]:
    return of_triggers(
        ScheduleSpec(**{"rate": "1 hour", **changes}),
        monitoring=MonitoringSpec(longest_duration_in_seconds=longest),
        workflow=WorkflowSpec(overlapping_runs=overlapping),
    )


def test_a_run_that_may_take_as_long_as_the_gap_between_starts_is_fine_and_a_second_more_is_not() -> None:
    assert frequent(3600) == []
    (problem,) = frequent(3601)
    assert (problem.code, problem.field, problem.severity) == (
        "schedule-too-frequent",
        "triggers.schedule.rate",
        "warning",
    )
    assert problem.message.startswith("starts come as little as 3,600 seconds apart")
    (problem,) = frequent(3601, rate=None, cron="0 * * * ? *")
    assert problem.field == "triggers.schedule.cron"


@pytest.mark.parametrize(
    ("overlapping", "then"),
    [("wait", "one more waits and further ones are skipped"), ("skip", "are skipped"), ("fail", "ones fail")],
)
def test_what_happens_to_starts_while_a_run_is_in_progress_is_said(overlapping: str, then: str) -> None:
    (problem,) = frequent(7200, overlapping)
    assert f"while a run is in progress, {then if overlapping == 'wait' else ''}" in problem.message
    assert then in problem.message


def test_a_schedule_that_is_paused_or_whose_runs_may_overlap_is_never_too_frequent() -> None:
    assert frequent(7200, "allow") == []
    assert frequent(7200, enabled=False) == []


def test_the_input_of_an_upload_has_at_most_3000_bytes_as_json() -> None:
    def codes(size: int, character: str = "a") -> list[str]:
        comment = character * ((size - len('{"Comment":""}')) // len(character.encode()))
        return [one.code for one in of_triggers(upload=UploadSpec(input={"Comment": comment}))]

    assert codes(3000) == []
    assert codes(3001) == ["upload-input-too-long"]
    assert codes(3000, "\u00e9") == []
    assert codes(3002, "\u00e9") == ["upload-input-too-long"]


def test_the_key_of_an_upload_has_at_most_1024_bytes_with_the_place_of_the_data() -> None:
    def codes(prefix: str, suffix: str, data: str | None = None) -> list[str]:
        found = of_triggers(upload=UploadSpec(prefix=prefix, suffix=suffix), input=InputSpec(data=data))
        return [one.code for one in found]

    assert codes("p" * 510, "s" * 509) == []  # demo/ has five more
    assert codes("p" * 510, "s" * 510) == ["upload-key-too-long"]
    assert codes("\u00e9" * 255, "s" * 510) == ["upload-key-too-long"]
    assert codes("p" * 510, "s" * 511, "s3://bucket/in/") == []
    assert codes("p" * 511, "s" * 511, "s3://bucket/in/") == ["upload-key-too-long"]


@pytest.mark.parametrize("prefix", ["/incoming/", "s3://bucket/in/incoming/"])
def test_fails_for_a_prefix_of_uploads_that_is_not_relative(prefix: str) -> None:
    assert [one.code for one in of_triggers(upload=UploadSpec(prefix=prefix))] == ["upload-prefix-absolute"]
