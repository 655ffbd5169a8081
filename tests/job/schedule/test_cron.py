from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from batch_transform.job.schedule.cron import read_cron

VIENNA = ZoneInfo("Europe/Vienna")
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def days(day: str, weekday: str, year: int, month: int) -> tuple[int, ...]:
    cron = read_cron(f"0 0 {day} * {weekday} *")
    assert cron is not None
    return cron.days(year, month)


@pytest.mark.parametrize(
    ("day", "weekday", "expected"),
    [
        # May 2027 begins on a Saturday and ends on a Monday.
        ("1,15", "?", (1, 15)),
        ("29/1", "?", (29, 30, 31)),
        ("L", "?", (31,)),
        ("L-2", "?", (29,)),
        ("1W", "?", (3,)),  # the Saturday before is in April
        ("15W", "?", (14,)),
        ("16W", "?", (17,)),
        ("LW", "?", (31,)),
        ("?", "SUN", (2, 9, 16, 23, 30)),
        ("?", "2#1", (3,)),
        ("?", "SAT#5", (29,)),
        ("?", "FRI#5", ()),
        ("?", "6L", (28,)),
        ("?", "L", (1, 8, 15, 22, 29)),
        ("?", "FRI-SUN", (1, 2, 7, 8, 9, 14, 15, 16, 21, 22, 23, 28, 29, 30)),
    ],
)
def test_a_field_of_days_names_days_of_a_month(day: str, weekday: str, expected: tuple[int, ...]) -> None:
    assert days(day, weekday, 2027, 5) == expected


def test_a_month_that_ends_on_a_sunday_has_its_last_weekday_on_the_friday() -> None:
    assert date(2027, 1, 31).isoweekday() == 7
    assert days("31W", "?", 2027, 1) == (29,)
    assert days("31W", "?", 2027, 2) == ()


@pytest.mark.parametrize(
    "text",
    [
        "0 2 * * *",
        "0 2 * * * *",
        "0 2 ? * ? *",
        "60 2 * * ? *",
        "a 2 * * ? *",
        "0/0 2 * * ? *",
        "0 2 1X * ? *",
        "0 2 ? * MON#6 *",
        "0 2 ? * DAY *",
        "0 2 0 * ? *",
        "0 2 * 13 ? *",
        "0 2 * * ? 2200",
    ],
)
def test_an_expression_in_an_unknown_form_is_not_read(text: str) -> None:
    assert read_cron(text) is None


def test_starts_continue_after_a_moment_and_never_repeat_it() -> None:
    cron = read_cron("0,30 8-9 ? * MON-FRI *")
    assert cron is not None
    moments = list(islice(cron.starts(datetime(2027, 1, 1, 9, 0, tzinfo=UTC)), 3))
    assert [moment.isoformat() for moment in moments] == [
        "2027-01-01T09:30:00+00:00",
        "2027-01-04T08:00:00+00:00",
        "2027-01-04T08:30:00+00:00",
    ]


def test_starts_follow_the_clocks_of_their_zone() -> None:
    cron = read_cron("30 2 27-29 3 ? 2027")
    assert cron is not None
    # On 28 March 2027, clocks go forward from 2:00 to 3:00.
    assert [moment.isoformat() for moment in cron.starts(NEW_YEAR, VIENNA)] == [
        "2027-03-27T01:30:00+00:00",
        "2027-03-29T00:30:00+00:00",
    ]


def test_a_time_that_occurs_twice_starts_once() -> None:
    cron = read_cron("30 2 31 10 ? 2027")
    assert cron is not None
    assert [moment.isoformat() for moment in cron.starts(NEW_YEAR, VIENNA)] == ["2027-10-31T00:30:00+00:00"]


def test_the_nearest_weekday_to_a_saturday_the_second_is_the_first() -> None:
    assert days("2W", "?", 2026, 5) == (1,)


def test_a_weekday_ranges_from_1_to_7_in_every_form() -> None:
    assert days("?", "1L", 2026, 5) == days("?", "SUNL", 2026, 5) == (31,)
    assert days("?", "7#1", 2026, 5) == days("?", "SAT#1", 2026, 5) == (2,)
    for weekday in ("8#1", "0#1", "8L", "0L"):
        assert read_cron(f"0 0 ? * {weekday} *") is None


def test_starts_leave_out_past_months_and_days() -> None:
    cron = read_cron("0 0 1,20 1,12 ? 2027,2028")
    assert cron is not None
    assert [moment.date() for moment in cron.starts(datetime(2027, 12, 10, tzinfo=UTC))] == [
        date(2027, 12, 20),
        date(2028, 1, 1),
        date(2028, 1, 20),
        date(2028, 12, 1),
        date(2028, 12, 20),
    ]


def test_a_time_that_occurs_twice_is_over_after_its_first_occurrence() -> None:
    cron = read_cron("30 2 31 10 ? 2027,2028")
    assert cron is not None
    between = datetime(2027, 10, 31, 1, 0, tzinfo=UTC)
    assert [moment.isoformat() for moment in cron.starts(between, VIENNA)] == ["2028-10-31T01:30:00+00:00"]


def test_starts_are_in_utc_in_every_time_zone() -> None:
    cron = read_cron("0 12 1 7 ? 2027")
    assert cron is not None
    assert [moment.tzinfo for moment in cron.starts(NEW_YEAR, VIENNA)] == [UTC]


def test_an_evening_west_of_utc_is_not_over_when_the_day_in_utc_is() -> None:
    cron = read_cron("0 20 31 12 ? 2026")
    assert cron is not None
    assert [moment.isoformat() for moment in cron.starts(NEW_YEAR, ZoneInfo("America/New_York"))] == [
        "2027-01-01T01:00:00+00:00"
    ]


def test_starts_end_with_the_last_year() -> None:
    cron = read_cron("0 0 1 1 ? 2026,2028")
    assert cron is not None
    assert [moment.year for moment in cron.starts(NEW_YEAR)] == [2028]
    assert list(cron.starts(NEW_YEAR + timedelta(days=400))) == []


@pytest.mark.parametrize(
    ("text", "minutes", "hours"),
    [
        ("0 0 * * ? *", (0,), (0,)),
        ("59 23 * * ? *", (59,), (23,)),
        ("*/15 * * * ? *", (0, 15, 30, 45), tuple(range(24))),
        ("/20 0/8 * * ? *", (0, 20, 40), (0, 8, 16)),
        ("5/25 8-18/5 * * ? *", (5, 30, 55), (8, 13, 18)),
        ("58-1 22-1 * * ? *", (0, 1, 58, 59), (0, 1, 22, 23)),
        ("30,10,30 12 * * ? *", (10, 30), (12,)),
        ("7-7 3 * * ? *", (7,), (3,)),
    ],
)
def test_fields_of_times_name_minutes_and_hours(
    text: str, minutes: tuple[int, ...], hours: tuple[int, ...]
) -> None:
    cron = read_cron(text)
    assert cron is not None
    assert (cron.minutes, cron.hours) == (minutes, hours)


@pytest.mark.parametrize(
    ("field", "months"),
    [("JAN", {1}), ("dec", {12}), ("nov-FEB", {11, 12, 1, 2}), ("2-10/4", {2, 6, 10}), ("3/9", {3, 12})],
)
def test_a_field_of_months_accepts_numbers_and_names(field: str, months: set[int]) -> None:
    cron = read_cron(f"0 0 1 {field} ? *")
    assert cron is not None
    assert cron.months == months


@pytest.mark.parametrize(
    ("field", "first", "last", "count"),
    [("*", 1970, 2199, 230), ("1970", 1970, 1970, 1), ("2199", 2199, 2199, 1), ("2190/5", 2190, 2195, 2)],
)
def test_a_field_of_years_ranges_from_1970_to_2199(field: str, first: int, last: int, count: int) -> None:
    cron = read_cron(f"0 0 1 1 ? {field}")
    assert cron is not None
    assert (min(cron.years), max(cron.years), len(cron.years)) == (first, last, count)


@pytest.mark.parametrize(
    "text", ["0 24 * * ? *", "0 0 32 * ? *", "0 0 1 0 ? *", "0 0 1 1 ? 1969", "0 0 ? * 8 *"]
)
def test_a_number_beyond_its_field_is_not_read(text: str) -> None:
    assert read_cron(text) is None


@pytest.mark.parametrize(
    ("day", "weekday", "expected"),
    [
        # August 2027 begins on a Sunday and ends on a Tuesday.
        ("1W", "?", (2,)),
        ("7W", "?", (6,)),
        ("8W", "?", (9,)),
        ("LW,1", "?", (1, 31)),
        ("L-30", "?", (1,)),
        ("?", "1", (1, 8, 15, 22, 29)),
        ("?", "7#1", (7,)),
        ("?", "SUN#5", (29,)),
        ("?", "WEDL", (25,)),
        ("?", "TUEL,MON#1", (2, 31)),
    ],
)
def test_days_of_a_month_that_begins_on_a_sunday(day: str, weekday: str, expected: tuple[int, ...]) -> None:
    assert days(day, weekday, 2027, 8) == expected


def test_a_month_or_a_year_that_is_not_named_has_no_days() -> None:
    cron = read_cron("0 0 1 2 ? 2027")
    assert cron is not None
    assert [cron.days(2027, 1), cron.days(2026, 2), cron.days(2027, 2)] == [(), (), (1,)]
