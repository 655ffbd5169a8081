"""The tables of the page. Each scrolls in a container of its own, which the keyboard can reach."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from batch_transform.job.run_page.html import Child, Html, element

Values = Mapping[str, Any]

_LOOKS = {
    "Completed": "good",
    "Failed": "bad",
    "Missing": "bad",
    "Changed": "bad",
    "Stray": "warn",
    "Stopped": "warn",
}
_QUOTED = frozenset({"Record", "RecordBase64"})
_TALL = 12
"""Rows from which on a table scrolls vertically as well."""


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Child]],
    label: str,
    *,
    wide: Collection[int] = (),
    numbers: Collection[int] = (),
) -> Html:
    """Return a table. `wide` columns may wrap, and those in `numbers` are aligned to the right."""

    def look(at: int) -> str | None:
        return "wide" if at in wide else "number" if at in numbers else None

    head = element(
        "tr", *(element("th", text, scope="col", class_=look(at)) for at, text in enumerate(heads))
    )
    body = [
        element(
            "tr",
            *(element("td", "-" if cell is None else cell, class_=look(at)) for at, cell in enumerate(row)),
        )
        for row in rows
    ]
    is_tall = " tall" if len(rows) > _TALL else ""
    return element(
        "div",
        element("table", element("thead", head), element("tbody", *body)),
        class_=f"scroll{is_tall}",
        role="region",
        aria_label=label,
        tabindex=0,
    )


def transform_jobs_table(jobs: Sequence[Values]) -> Html:
    """Return the attempts."""
    has_rounds = any(job["Round"] for job in jobs)
    rows = []
    for job in jobs:
        count = f"{job['InstanceCount']} x " if job["InstanceCount"] != 1 else ""
        rows.append(
            [
                _status(job["TransformJobStatus"]),
                *([job["Round"]] if has_rounds else []),
                f"{count}{job['InstanceType']}",
                _seconds(job["BillableTimeInSeconds"]),
                job["TransformJobName"],
                job["FailureReason"] or "",
            ]
        )
    rounds = ["round"] if has_rounds else []
    heads = ["status", *rounds, "instances", "billed", "transform job", "reason"]
    return table(heads, rows, "Attempts", wide={len(heads) - 1}, numbers={len(heads) - 3})


def objects_table(objects: Sequence[Values]) -> Html:
    """Return the input objects with their status; those without a result come first."""
    order = {"Failed": 0, "Missing": 0, "Changed": 0, "Stray": 1, None: 2, "Completed": 3}
    rows = [
        [
            one["Key"] if one["Key"] is not None else one["OutputKey"],
            _status(one["Status"]) if one["Status"] else None,
            _count(one["Size"]),
            _count(one["RecordsIn"]),
            _count(one["RecordsOut"]),
            _count(one["BadRecords"] if one["BadRecords"] or one["Status"] != "Failed" else None),
        ]
        for one in sorted(objects, key=lambda one: order.get(one["Status"], 0))
    ]
    heads = ["object", "status", "bytes", "records in", "records out", "bad"]
    return table(heads, rows, "Objects", wide={0}, numbers={2, 3, 4, 5})


def bad_records_table(bad_records: Sequence[Values], *, details: bool) -> Html:
    """Return the bad records; the records themselves, if the job keeps them, only with `details`."""
    has_text = details and any(not _QUOTED.isdisjoint(one) for one in bad_records)
    rows = [
        [
            one["Object"],
            _count(one["Line"]),
            (one["Reason"] or "") if details else "see _bad_records.jsonl",
            *([_record(one)] if has_text else []),
        ]
        for one in bad_records
    ]
    heads = ["object", "line", "reason", *(["record"] if has_text else [])]
    return table(heads, rows, "Bad records", wide={0, 2, 3}, numbers={1})


def _record(one: Values) -> Html:
    if "RecordBase64" in one:
        return element("span", "not UTF-8, in base64: ", element("code", one["RecordBase64"]))
    return element("code", one.get("Record", ""))


def _status(text: str) -> Html:
    return element("span", text, class_=_LOOKS.get(text))


def _count(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _seconds(value: int | None) -> str | None:
    return None if value is None else f"{value:,} s"
