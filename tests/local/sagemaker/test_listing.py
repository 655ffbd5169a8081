from __future__ import annotations

from typing import Any

import pytest

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.sagemaker.listing import page

JOBS: list[dict[str, Any]] = [
    {"Name": name, "CreationTime": time, "LastModifiedTime": time + 10, "TransformJobStatus": status}
    for time, (name, status) in enumerate([("b", "Failed"), ("a", "Completed"), ("ab", "Completed")], start=1)
]


def names(**request: Any) -> list[str]:
    return [job["Name"] for job in page("Jobs", "Name", list(JOBS), request)["Jobs"]]


def test_the_newest_come_first_by_default() -> None:
    assert names() == ["ab", "a", "b"]
    assert names(SortOrder="Ascending") == ["b", "a", "ab"]
    assert names(SortBy="Name", SortOrder="Ascending") == ["a", "ab", "b"]


def test_filters_are_combined() -> None:
    assert names(NameContains="B") == ["ab", "b"]
    assert names(StatusEquals="Completed", NameContains="b") == ["ab"]
    assert names(CreationTimeAfter=2) == ["ab", "a"]
    assert names(CreationTimeBefore=2) == ["b"]
    assert names(LastModifiedTimeAfter=12, LastModifiedTimeBefore=13) == ["a"]


def test_pages_follow_each_other_to_the_end() -> None:
    first = page("Jobs", "Name", list(JOBS), {"MaxResults": 2})
    last = page("Jobs", "Name", list(JOBS), {"MaxResults": 2, "NextToken": first["NextToken"]})
    assert [job["Name"] for job in first["Jobs"] + last["Jobs"]] == ["ab", "a", "b"]
    assert "NextToken" not in last


def test_a_page_has_ten_entries_by_default() -> None:
    many = [{"Name": str(number), "CreationTime": number} for number in range(11)]
    assert len(page("Jobs", "Name", many, {})["Jobs"]) == 10


@pytest.mark.parametrize("token", ["x", "é", "bm8="])
def test_fails_for_an_invalid_token(token: str) -> None:
    with pytest.raises(RefusedRequestError, match="NextToken"):
        page("Jobs", "Name", list(JOBS), {"NextToken": token})
