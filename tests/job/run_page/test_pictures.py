from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from batch_transform.job.run_page.distribution import Distribution, distribution
from batch_transform.job.run_page.pictures import Span, histogram, over_time, shares, spans_of_states

START = datetime(2026, 11, 30, 2, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def texts(picture: str) -> list[str]:
    return re.findall(r"<span[^>]*>([^<]+)</span>", picture)


def styles(picture: str) -> list[str]:
    return re.findall(r'style="([^"]+)"', picture)


def test_states_that_took_time_become_spans_and_waits_and_failures_are_marked() -> None:
    names = ("Preflight", "WaitForEarlierRun", "CheckRunLock", "Diagnose", "TransformJobNotCompleted")
    spans = spans_of_states([(name, at(0), at(1)) for name in names] + [("Pass", at(1), at(1))])
    assert [(span.name, span.kind) for span in spans] == [
        ("Preflight", ""),
        ("WaitForEarlierRun", "wait"),
        ("CheckRunLock", "wait"),
        ("Diagnose", "bad"),
        ("TransformJobNotCompleted", "bad"),
    ]


def test_bars_come_in_the_order_of_their_start_and_a_name_is_one_bar_with_its_total() -> None:
    picture = over_time(
        [Span("score", at(75), at(100)), Span("wait", at(0), at(25), "wait"), Span("score", at(25), at(50))]
    )
    assert texts(picture) == ["wait", "25 s", "score (2 times)", "50 s"]
    assert styles(picture) == [
        "left:0.00%;width:25.00%",
        "left:75.00%;width:25.00%",
        "left:25.00%;width:25.00%",
    ]
    assert picture.count('class="wait"') == 1


def test_less_than_ten_seconds_have_a_decimal() -> None:
    assert texts(over_time([Span("a", at(0), at(9.94)), Span("b", at(9.94), at(19.94))])) == [
        "a",
        "9.9 s",
        "b",
        "10 s",
    ]


def test_a_bar_at_the_very_end_can_still_be_seen() -> None:
    assert styles(over_time([Span("a", at(0), at(10_000)), Span("b", at(9999), at(10_000))]))[1].startswith(
        "left:99.70%"
    )


def test_each_class_of_this_run_and_of_the_run_before_has_a_bar_with_its_share() -> None:
    found, before = distribution(["no", "no", "no", "yes"]), distribution(["no", "maybe", "", ""])
    picture = shares(found, before)
    assert texts(picture) == [
        *("no", "75.0% (25.0%)"),
        *("yes", "25.0% (0.0%)"),
        *("(empty)", "0.0% (50.0%)"),
        *("maybe", "0.0% (25.0%)"),
    ]
    assert styles(picture)[:2] == ["left:0;width:75.00%", "left:0;width:25.00%"]
    assert texts(shares(found, None)) == ["no", "75.0%", "yes", "25.0%"]


def of_bins(*bins: int, high: float = 1.0) -> Distribution:
    return Distribution(sum(bins), is_whole=True, bins=bins, low=0.0, high=high, mean=0.5)


def test_the_highest_column_of_both_runs_fills_the_histogram() -> None:
    picture = histogram(of_bins(1, 3), of_bins(4, 0))
    assert styles(picture) == ["height:100.0%", "height:25.0%", "height:0.0%", "height:75.0%"]
    assert texts(picture) == ["0", "1"]
    assert 'aria-label="histogram of 4 predictions from 0 to 1, mean 0.5"' in picture


def test_a_run_before_with_other_limits_or_without_numbers_is_left_out_of_the_histogram() -> None:
    assert styles(histogram(of_bins(1, 3), of_bins(4, 0, high=2.0))) == ["height:33.3%", "height:100.0%"]
    assert styles(histogram(of_bins(1, 3), distribution(["a"]))) == ["height:33.3%", "height:100.0%"]
