from __future__ import annotations

import re
from typing import Any

from batch_transform.job.run_page.tables import bad_records_table, objects_table, table, transform_jobs_table


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row, the heads first."""
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", text)]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in found]


def column_classes(text: str) -> list[str]:
    return re.findall(r'<th scope="col"(?: class="(\w+)")?>', text)


def test_a_table_of_more_than_twelve_rows_scrolls() -> None:
    assert 'class="scroll"' in table(["a"], [["x"]] * 12, "A")
    assert 'class="scroll tall"' in table(["a"], [["x"]] * 13, "A")


def test_columns_may_wrap_or_be_aligned_to_the_right_and_an_unknown_cell_is_a_dash() -> None:
    text = table(["a", "b", "c"], [["<x>", 1, None]], "A & B", wide={0}, numbers={1})
    assert rows(text) == [["a", "b", "c"], ["&lt;x&gt;", "1", "-"]]
    assert column_classes(text) == ["wide", "number", ""]
    assert 'role="region" aria-label="A &amp; B" tabindex="0"' in text


def a_job(**changes: object) -> dict[str, Any]:
    return {
        "TransformJobStatus": "Completed",
        "Round": None,
        "InstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "BillableTimeInSeconds": 1234,
        "TransformJobName": "churn-1",
        "FailureReason": None,
        **changes,
    }


def test_attempts_have_their_instances_and_billed_seconds() -> None:
    text = transform_jobs_table(
        [a_job(), a_job(InstanceCount=2, BillableTimeInSeconds=None, FailureReason="why")]
    )
    assert rows(text) == [
        ["status", "instances", "billed", "transform job", "reason"],
        ["Completed", "ml.m5.large", "1,234 s", "churn-1", ""],
        ["Completed", "2 x ml.m5.large", "-", "churn-1", "why"],
    ]
    assert column_classes(text) == ["", "", "number", "", "wide"]


def test_attempts_have_their_round_if_there_are_several() -> None:
    text = transform_jobs_table([a_job(Round=1), a_job(Round=2, TransformJobStatus="Stopped")])
    assert [row[:3] for row in rows(text)] == [
        ["status", "round", "instances"],
        ["Completed", "1", "ml.m5.large"],
        ["Stopped", "2", "ml.m5.large"],
    ]
    assert column_classes(text)[3] == "number"
    assert '<span class="warn">Stopped</span>' in text


def an_object(key: str | None, status: str | None, **changes: object) -> dict[str, Any]:
    members = {"Key": key, "OutputKey": "out/stray.out", "Status": status, "Size": 2048, "RecordsIn": None}
    return {**members, "RecordsOut": None, "BadRecords": 0, **changes}


def test_objects_with_a_problem_come_first_and_those_that_are_complete_last() -> None:
    statuses = ("Completed", None, "Stray", "Changed", "Missing", "Failed")
    text = objects_table([an_object(None if one == "Stray" else str(one), one) for one in statuses])
    assert [row[0] for row in rows(text)[1:]] == [
        *("Changed", "Missing", "Failed"),
        *("out/stray.out", "None", "Completed"),
    ]
    assert column_classes(text) == ["wide", "", "number", "number", "number", "number"]


def test_whether_a_failed_object_had_bad_records_is_only_known_if_there_are_some() -> None:
    some, none, fine = (
        an_object("a", "Failed", BadRecords=2, RecordsIn=1000),
        an_object("b", "Failed"),
        an_object("c", "Completed"),
    )
    assert rows(objects_table([some, none, fine]))[1:] == [
        ["a", "Failed", "2,048", "1,000", "-", "2"],
        ["b", "Failed", "2,048", "-", "-", "-"],
        ["c", "Completed", "2,048", "-", "-", "0"],
    ]


def test_bad_records_are_quoted_only_with_details_and_only_if_the_job_keeps_them() -> None:
    one = {"Object": "a.csv", "Line": 1234, "Reason": "no number"}
    quoted = {**one, "Record": "7,<b>"}
    assert rows(bad_records_table([one], details=True)) == [
        ["object", "line", "reason"],
        ["a.csv", "1,234", "no number"],
    ]
    assert rows(bad_records_table([quoted, one], details=True)) == [
        ["object", "line", "reason", "record"],
        ["a.csv", "1,234", "no number", "7,&lt;b&gt;"],
        ["a.csv", "1,234", "no number", ""],
    ]
    assert rows(bad_records_table([quoted], details=False))[1] == ["a.csv", "1,234", "see _bad_records.jsonl"]
    assert rows(bad_records_table([{**one, "Reason": None}], details=True))[1] == ["a.csv", "1,234", ""]
