"""The page of a run, section by section: why it failed comes first, then what it did."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from batch_transform.job.price.price import Cost, Price
from batch_transform.job.run_page.distribution import Distribution
from batch_transform.job.run_page.html import Child, Html, element, joined
from batch_transform.job.run_page.pictures import Span, histogram, over_time, shares, spans_of_states
from batch_transform.job.run_page.style import STYLE
from batch_transform.job.run_page.tables import bad_records_table, objects_table, table, transform_jobs_table
from batch_transform.job.values.wording import counted, length_text

CONTENT_TYPE = "text/html; charset=utf-8"

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LOOKS = {"Completed": "good", "Failed": "bad", "Aborted": "warn", "TimedOut": "bad"}
_WORDS = {"TimedOut": "Timed out", None: "In progress"}
_NEXT_STEP = "next step: "
_LOG = "log: "

Values = Mapping[str, Any]


@dataclass(frozen=True)
class RunPage:
    """What the page shows. `record` is `_run.json`.

    `objects` and `bad_records` are the first lines of the record's other files, as many as the page should list; the
    record has their numbers. `states` are the run's states with the moments of entering and leaving. `predictions` and
    those of the run before, `earlier`, are None if nobody counted them. Without `details`, as with
    `notify.details: false`, the page quotes neither logs nor records.
    """

    record: Values
    objects: Sequence[Values] = ()
    bad_records: Sequence[Values] = ()
    states: Sequence[tuple[str, datetime, datetime]] = ()
    predictions: Distribution | None = None
    earlier: Distribution | None = None
    details: bool = True


def run_page(page: RunPage) -> str:
    """Return the page as HTML."""
    record = page.record
    title = f"{record['Job']}, run {record['RunId']}"
    sections = [
        _failure(page),
        _tiles(page),
        _agreement(record),
        _over_time(page),
        _section("Attempts", transform_jobs_table(record["TransformJobs"]))
        if record["TransformJobs"]
        else None,
        _retries(record),
        _objects(page),
        _bad_records(page),
        _predictions(page),
        _cost(record),
        _what_ran(record),
    ]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("title", title),
        element("style", Html(STYLE)),
    )
    body = element("body", element("main", _header(record), *sections, _footer(record)))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _section(title: str, *children: Child, class_: str | None = None) -> Html:
    return element("section", element("h2", title), *children, class_=class_)


def _header(record: Values) -> Html:
    outcome = record["Outcome"]
    badge = element("span", _WORDS.get(outcome, outcome), class_=f"badge {_LOOKS.get(outcome, '')}".strip())
    started, ended = _moment(record["StartTime"]), _moment(record["EndTime"])
    took = f", took {length_text(ended - started)}" if started and ended else ""
    when = f"Started {started:%Y-%m-%d %H:%M:%S} UTC{took}" if started else "Its start isn't known"
    return element(
        "header",
        element("h1", record["Job"], " ", badge),
        element("p", f"Run {record['RunId']}. {when}. {_started_by(record['StartedBy'])}", class_="soft"),
    )


def _started_by(by: Values) -> str:
    kinds = {
        "Schedule": "A schedule started it",
        "Upload": "An upload started it",
        "StateMachine": "Another state machine started it",
        "Person": "Somebody started it",
    }
    if by["Type"] == "Person" and by["Name"]:
        return f"{by['Name']} started it."
    return f"{kinds.get(by['Type'], 'What started it is not known')}."


def _failure(page: RunPage) -> Html | None:
    record = page.record
    if record["Outcome"] in {"Completed", None}:
        return None
    lines = (record["Cause"] or "The execution gives no cause.").splitlines()
    step = next((line.removeprefix(_NEXT_STEP) for line in lines if line.startswith(_NEXT_STEP)), None)
    said = [line for line in lines if not line.startswith(_NEXT_STEP)]
    log_at = next((at for at, line in enumerate(said) if line.startswith(_LOG)), len(said))
    quoted = said[log_at:] if page.details else []
    return _section(
        f"Why it {'was stopped' if record['Outcome'] == 'Aborted' else 'failed'}",
        element("p", element("b", record["Error"])) if record["Error"] else None,
        element("pre", "\n".join(said[:log_at])),
        element("p", "Next step: ", step, class_="next") if step else None,
        element("details", element("summary", "From the log"), element("pre", "\n".join(quoted)))
        if quoted
        else None,
        class_="failure",
    )


def _tiles(page: RunPage) -> Html:
    record = page.record
    started, ended = _moment(record["StartTime"]), _moment(record["EndTime"])
    records, objects = record["Records"], record["Objects"]
    tiles = [
        (_number(records["Total"]), "records in"),
        (_number(records["Success"]), "records out"),
        (_bad_count(page), "bad records"),
        (_of(objects["Success"], objects["Total"]), "objects completed"),
        (_cost_text(record), "cost of the instances"),
        (length_text(ended - started) if started and ended else "unknown", "from start to end"),
    ]
    return element(
        "div", *(element("div", element("b", value), element("span", name), class_="tile") for value, name in tiles),
        class_="tiles",
    )  # fmt: skip


def _agreement(record: Values) -> Html:
    """Say whether what went in came out: in = out + bad."""
    records, found = record["Records"], record["Reconciliation"]
    result = {
        "Matched": ("good", "The results match the input."),
        "Mismatched": ("bad", "The results don't match the input."),
        "NotChecked": ("soft", "The results were not compared with the input."),
    }[found["Result"]]
    total, success, bad = records["Total"], records["Success"], records["Error"]
    equation = None
    if total is not None and success is not None and bad is not None:
        sign = "=" if total == success + bad else "≠"
        equation = element("p", f"{total:,} records in {sign} {success:,} out + {bad:,} bad")
    elif found["By"] == "objects":
        equation = element(
            "p", "Compared by objects: each input object has its result, and none has changed."
        )
        equation = equation if found["Result"] == "Matched" else None
    rows = [
        [one["Object"], _number(one["RecordsIn"]), _number(one["RecordsOut"]), one["Reason"]]
        for one in found["Mismatches"]
    ]
    return _section(
        "Input and results",
        element("p", element("b", result[1], class_=result[0])),
        equation,
        table(["object", "records in", "records out", "why"], rows, "Mismatches", wide={0, 3}, numbers={1, 2})
        if rows
        else None,
    )


def _over_time(page: RunPage) -> Html | None:
    spans = spans_of_states(page.states) or _spans_of_jobs(page.record)
    if not spans:
        return None
    return _section("Over time", over_time(spans))


def _spans_of_jobs(record: Values) -> list[Span]:
    """Return the spans that the record itself knows: each transform job, waiting to start and scoring."""
    spans = []
    for job in record["TransformJobs"]:
        created, started, ended = (
            _moment(job[name]) for name in ("CreationTime", "TransformStartTime", "TransformEndTime")
        )
        name = f"attempt {job['TransformJobName'].rpartition('-')[2]}"
        if created and started:
            spans.append(Span(f"{name}: starting", created, started, "wait"))
        if started and ended:
            kind = "" if job["TransformJobStatus"] == "Completed" else "bad"
            spans.append(Span(f"{name}: scoring", started, ended, kind))
    return [span for span in spans if span.end > span.start]


def _retries(record: Values) -> Html | None:
    """Say which executions have continued the run. A record of schema 1.0 has none."""
    retries = record.get("Retries")
    if not retries:
        return None
    rows = [
        [
            one["StartTime"],
            _number(one["Objects"]),
            _WORDS.get(one["Outcome"], one["Outcome"]),
            "; ".join(part for part in (one["Error"], *one["Changes"]) if part),
            one["ExecutionArn"],
        ]
        for one in retries
    ]
    names = ["started", "objects without a result", "outcome", "error, changes", "execution"]
    return _section("Retries", table(names, rows, "Retries", wide={3, 4}, numbers={1}))


def _objects(page: RunPage) -> Html | None:
    if not page.objects:
        return None
    total = page.record["Objects"]["Total"]
    hidden = (total or 0) - len(page.objects)
    more = (
        f"The first {len(page.objects):,} of {counted(total, 'object')}; _objects.jsonl has all."
        if hidden > 0
        else None
    )
    return _section(
        "Objects", element("p", more, class_="soft") if more else None, objects_table(page.objects)
    )


def _bad_records(page: RunPage) -> Html | None:
    if not page.bad_records:
        return None
    total, shown = page.record["BadRecords"], len(page.bad_records)
    if total is None:  # the run failed before all were known
        more = "Those that were known when the run ended; _bad_records.jsonl has all of them."
    else:
        more = f"The first {shown:,} of {counted(total, 'bad record')}; _bad_records.jsonl has all."
    return _section(
        "Bad records",
        element("p", more, class_="soft") if total is None or total > shown else None,
        bad_records_table(page.bad_records, details=page.details),
    )


def _predictions(page: RunPage) -> Html | None:
    found, before = page.predictions, page.earlier
    if found is None or not found.count or not (found.classes or found.bins):
        return None
    is_part = "" if found.is_whole else "The first "
    text = f"{is_part}{counted(found.count, 'prediction')}"
    if found.mean is not None:
        text += f": from {found.low:g} to {found.high:g}, on average {found.mean:.4g}"
        if before is not None and before.mean is not None:
            text += f" ({before.mean:.4g} in the run before)"
    picture = shares(found, before) if found.classes else histogram(found, before)
    key = element(
        "p", element("i"), "this run", element("i", class_="before"), "the run before", class_="soft key"
    )
    return _section("Predictions", element("p", f"{text}."), picture, key if before is not None else None)


def _cost(record: Values) -> Html:
    price, cost = record["Price"], record["Cost"]
    billed = [
        job["BillableTimeInSeconds"] * job["InstanceCount"]
        for job in record["TransformJobs"]
        if job["BillableTimeInSeconds"] is not None
    ]
    rows: list[tuple[str, Child]] = [
        ("cost", _cost_text(record)),
        ("billed", f"{sum(billed):,} s, added up over {counted(len(billed), 'attempt')} and all instances"),
        ("price", str(Price.of(price)) if price else "unknown"),
    ]
    total = record["Records"]["Total"]
    if cost and total:
        rows.insert(1, ("per 1,000 records", str(Cost(cost["Amount"] / total * 1000, cost["Currency"]))))
    return _section("Cost", _list(rows))


def _what_ran(record: Values) -> Html:
    model = record["Model"] or {}
    rows: list[tuple[str, Child]] = [
        ("job file", record["JobFile"]),
        ("model", record["ModelName"]),
        ("image", model.get("Image")),
        ("image digest", model.get("ImageDigest")),
        ("model archive", model.get("ModelDataUrl")),
        ("archive hash", model.get("ArchiveHash")),
        ("model package", model.get("ModelPackageArn")),
        ("input", record["S3Uri"]),
        ("output", record["S3OutputPath"]),
        ("instance types", ", ".join(record["InstanceTypes"]) or None),
        *[(name, ", ".join(names)) for name, names in _filters(record)],
        ("execution", record["ExecutionArn"]),
    ]
    request = json.dumps(record["Request"], indent=2, ensure_ascii=False)
    given = json.dumps(record["Input"], indent=2, ensure_ascii=False)
    return _section(
        "What ran",
        _list([row for row in rows if row[1]]),
        element("details", element("summary", "The request, as sent"), element("pre", request, tabindex=0))
        if record["Request"]
        else None,
        element("details", element("summary", "The run's input"), element("pre", given, tabindex=0))
        if record["Input"]
        else None,
    )


def _filters(record: Values) -> list[tuple[str, Sequence[str]]]:
    named = record["Filters"] or {}
    words = {"InputFilter": "the model gets", "OutputFilter": "the results have"}
    return [(words[name], columns) for name, columns in named.items() if columns]


def _list(rows: Sequence[tuple[str, Child]]) -> Html:
    return element("dl", *(joined(element("dt", name), element("dd", value)) for name, value in rows))


def _footer(record: Values) -> Html:
    text = f"Made from the record of the run in {record['S3OutputPath']}. This file needs no other."
    return element("footer", element("p", text))


def _cost_text(record: Values) -> str:
    if record["Cost"]:
        return str(_cost_of(record["Cost"]))
    never_started = record["Outcome"] == "Failed" and record["Request"] is None
    return "none: no transform job" if never_started else "unknown"


def _bad_count(page: RunPage) -> str:
    total, known = page.record["BadRecords"], len(page.bad_records)
    return f"at least {known:,}" if total is None and known else _number(total)


def _cost_of(members: Values) -> Cost:
    return Cost(members["Amount"], members["Currency"])


def _of(part: int | None, whole: int | None) -> str:
    return "not counted" if whole is None else f"{_number(part)} of {whole:,}"


def _number(value: int | None) -> str:
    return "not counted" if value is None else f"{value:,}"


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
