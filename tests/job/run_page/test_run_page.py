"""The page of a run, in a real browser: it loads nothing, fits each screen, and can be used with the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from batch_transform.job.run_page.page import RunPage, run_page
from checks.browser import Page, browser, installed
from job.run_page import runs

PAGES: dict[str, Callable[[], RunPage]] = {
    "completed": runs.completed,
    "failed": runs.failed,
    "refused": runs.refused,
}
needs_browser = pytest.mark.skipif(installed() is None, reason="needs Chromium or Chrome")


class Words(HTMLParser):
    """The text of a page, and the names of its elements and attributes."""

    def __init__(self, page: RunPage) -> None:
        super().__init__()
        self.text = ""
        self.names: set[str] = set()
        self.open: list[str] = []
        self.feed(run_page(page))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {tag, *(name for name, _ in attrs)}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += f"{data} "


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser(installed() or "") as found:
        yield found


@pytest.fixture(params=list(PAGES))
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "_report.html"
    path.write_text(run_page(PAGES[request.param]()), encoding="utf-8")
    return path


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_the_page_fits_the_screen_and_the_console_stays_empty(
    page: Page, file: Path, width: int, scheme: str
) -> None:
    page.messages.clear()
    page.show(file, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    outside = (
        "[...document.querySelectorAll('main *')].filter(one => !one.closest('.scroll, .track, .columns') && "
        "one.getBoundingClientRect().right > innerWidth).map(one => one.outerHTML.slice(0, 80))"
    )
    assert page.evaluate(outside) == []
    assert page.messages == []


@needs_browser
def test_dark_and_light_have_readable_contrast(page: Page, file: Path) -> None:
    # WCAG 2.2, 1.4.3: at least 4.5 between a text and the ground that it is on.
    contrast = """(() => {
        const light = color => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(v => v / 255)
            .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126*r + .7152*g + .0722*b };
        const ground = one => { for (; one; one = one.parentElement) {
            const color = getComputedStyle(one).backgroundColor;
            if (!/, 0\\)$/.test(color)) return color } return 'rgb(255,255,255)' };
        const found = [];
        for (const one of document.querySelectorAll('main *')) {
            if (![...one.childNodes].some(child => child.nodeType === 3 && child.data.trim())) continue;
            const [a, b] = [light(getComputedStyle(one).color), light(ground(one))].sort((x, y) => y - x);
            if ((a + .05) / (b + .05) < 4.5) found.push(one.outerHTML.slice(0, 80));
        }
        return found })()"""
    for scheme in ("light", "dark"):
        page.show(file, width=1400, scheme=scheme)
        assert page.evaluate(contrast) == []


@needs_browser
def test_everything_that_scrolls_or_opens_is_reached_with_the_tab_key(page: Page, file: Path) -> None:
    page.show(file, width=360)
    wanted = page.evaluate("document.querySelectorAll('.scroll, summary').length")
    page.evaluate("window.reached = new Set()")
    for _ in range(wanted + 3):
        page.press_tab()
        page.evaluate(
            "document.activeElement !== document.body && window.reached.add(document.activeElement)"
        )
    assert page.evaluate("window.reached.size") == wanted
    lacks_name = (
        "[...document.querySelectorAll('[role=region], [role=img]')].filter(e => !e.ariaLabel).length"
    )
    assert page.evaluate(lacks_name) == 0


@pytest.mark.parametrize("name", list(PAGES))
def test_the_page_is_one_small_file_without_scripts_and_addresses_to_load(name: str) -> None:
    text = run_page(PAGES[name]())
    words = Words(PAGES[name]())
    assert words.open == []
    assert not words.names & {"script", "link", "img", "iframe", "src", "href", "onclick", "onload"}
    assert not re.search(r"url\(|@import", text)
    assert "Content-Security-Policy" in text
    assert len(text.encode()) < 400_000


def test_a_failed_run_says_why_first() -> None:
    text = Words(runs.failed()).text
    assert text.index("Why it failed") < text.index("records in")
    for said in ("BatchTransform.TaskFailed", "2 of 640 files have no result", "Next step:", "fix the data"):
        assert said in text
    assert "<script>alert(1)</script>" in text  # as text: the element would have been open


def test_without_details_neither_logs_nor_records_are_quoted() -> None:
    assert "could not convert" in Words(runs.failed()).text
    quiet = Words(replace(runs.failed(), details=False)).text
    assert "could not convert" not in quiet
    assert "2 of 640 files have no result" in quiet
    bad = Words(replace(runs.completed(), details=False)).text
    assert "id-99" not in bad
    assert "could not convert" not in bad


def test_counts_are_an_equation_and_what_isnt_known_is_said() -> None:
    assert "6,400,000 records in = 6,398,720 out + 1,280 bad" in Words(runs.completed()).text
    unknown = Words(runs.refused()).text
    assert "not counted" in unknown
    assert "unknown" in unknown
    assert "None" not in unknown
    record = runs.a_record(Records={"Total": 10, "Success": 7, "Error": 1})
    assert "10 records in ≠ 7 out + 1 bad" in Words(RunPage(record)).text


def test_mismatches_are_listed() -> None:
    mismatch = {
        "Object": "s3://in/a.csv",
        "RecordsIn": 10,
        "RecordsOut": 7,
        "Reason": "10 records in, 7 results out",
    }
    found = {"By": "records", "Result": "Mismatched", "Mismatches": [mismatch]}
    text = Words(
        RunPage(runs.a_record(Outcome="Failed", Error="ReconciliationError", Reconciliation=found))
    ).text
    assert "The results don't match the input." in text
    assert "10 records in, 7 results out" in text


def test_objects_without_a_result_come_first_and_the_rest_is_counted() -> None:
    objects = [runs.an_object(1), runs.an_object(2, "Failed")]
    text = Words(RunPage(runs.a_record(), objects=objects)).text
    assert text.index("customers-00002.csv") < text.index("customers-00001.csv")
    assert "The first 2 of 640 objects; _objects.jsonl has all." in text


def test_the_cost_of_a_thousand_records_is_shown() -> None:
    text = Words(runs.completed()).text
    assert "USD 0.14" in text
    assert "USD 0.000021" in text
    assert "1,900 s, added up over 2 attempts and all instances" in text


def test_without_states_the_attempts_are_shown_over_time() -> None:
    text = Words(replace(runs.completed(), states=())).text
    assert "attempt 1: starting" in text
    assert "attempt 2: scoring" in text


def test_a_run_that_ended_before_it_could_find_bad_records_does_not_claim_to_have_none() -> None:
    failed = runs.a_record(
        Outcome="Failed",
        BadRecords=None,
        Records={"Total": None, "Success": None, "Error": None},
        Request=None,
        Cost=None,
    )
    text = Words(RunPage(failed)).text
    assert "not counted bad records" in " ".join(text.split())
    assert "none: no transform job" in text


def test_a_run_that_failed_because_of_bad_records_shows_those_that_were_known() -> None:
    record = runs.a_record(Outcome="Failed", Error="BadRecordsError", BadRecords=None)
    text = " ".join(Words(RunPage(record, bad_records=[runs.bad_record(1), runs.bad_record(2)])).text.split())
    assert "at least 2 bad records" in text
    assert "Those that were known when the run ended" in text


def test_a_record_that_is_not_text_is_quoted_in_base64() -> None:
    binary = {name: value for name, value in runs.bad_record(1).items() if name != "Record"}
    page = RunPage(runs.a_record(), bad_records=[runs.bad_record(2), {**binary, "RecordBase64": "/w=="}])
    text = " ".join(Words(page).text.split())
    assert "id-99,n/a,basic,<b>not bold</b>" in text
    assert "not UTF-8, in base64: /w==" in text
    assert "/w==" not in Words(replace(page, details=False)).text


def test_a_page_lists_the_retries_and_one_of_an_earlier_release_has_none() -> None:
    page = runs.completed()
    assert "Retries" not in Words(page).text
    retry = {
        "StartTime": "2026-12-01T08:00:00.000Z",
        "Objects": 3,
        "Outcome": "Failed",
        "Error": "BatchTransform.Timeout",
        "Changes": ["model: a before, b now"],
        "ExecutionArn": "arn:of:the-retry",
    }
    text = Words(replace(page, record={**page.record, "Retries": [retry]})).text
    for part in ("Retries", "BatchTransform.Timeout; model: a before, b now", "arn:of:the-retry"):
        assert part in text
    earlier = {name: value for name, value in page.record.items() if name != "Retries"}
    assert "Retries" not in Words(replace(page, record=earlier)).text
