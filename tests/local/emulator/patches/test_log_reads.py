"""Logs are read by stream, time and pattern, a page at a time, through boto3's own paginators."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

STREAMS = ("a/1", "a/2", "b/1")


@pytest.fixture(scope="module")
def group(lab: Any) -> str:
    """A log group with 30 events in three streams, several of them at the same time."""
    name = f"/test/{lab.name()}"
    lab.logs.create_log_group(logGroupName=name)
    for number, stream in enumerate(STREAMS):
        lab.logs.create_log_stream(logGroupName=name, logStreamName=stream)
        events = [
            {
                "timestamp": 1_000 + index // 2,
                "message": json.dumps(
                    {"n": index, "level": "ERROR" if index % 3 == 0 else "INFO", "s": number}
                ),
            }
            for index in range(10)
        ]
        lab.logs.put_log_events(logGroupName=name, logStreamName=stream, logEvents=events)
    return name


def expected(streams: Any = STREAMS, start: int = 0, end: int = 10_000) -> list[tuple[int, str, int]]:
    every = [(1_000 + n // 2, stream, n) for stream in STREAMS for n in range(10)]
    return sorted(each for each in every if each[1] in streams and start <= each[0] <= end)


def summary_of(events: list[Any]) -> list[tuple[int, str, int]]:
    return [
        (event["timestamp"], event["logStreamName"], json.loads(event["message"])["n"]) for event in events
    ]


def pages(lab: Any, size: int | None = None, **request: Any) -> list[Any]:
    paginator = lab.logs.get_paginator("filter_log_events")
    return list(paginator.paginate(**request, PaginationConfig={"PageSize": size} if size else {}))


def test_events_of_all_streams_are_returned_by_time(lab: Any, group: str) -> None:
    answer = lab.logs.filter_log_events(logGroupName=group)
    assert summary_of(answer["events"]) == expected()
    assert "nextToken" not in answer
    assert all(
        event.keys() == {"eventId", "ingestionTime", "logStreamName", "message", "timestamp"}
        for event in answer["events"]
    )
    assert len({event["eventId"] for event in answer["events"]}) == 30


@pytest.mark.parametrize(
    ("asked", "streams"),
    [
        ({"logStreamNamePrefix": "a/"}, ("a/1", "a/2")),
        ({"logStreamNames": ["a/2", "b/1"]}, ("a/2", "b/1")),
        ({"logStreamNamePrefix": "none"}, ()),
    ],
)
def test_streams_are_chosen_by_prefix_and_by_name(lab: Any, group: str, asked: Any, streams: Any) -> None:
    assert summary_of(lab.logs.filter_log_events(logGroupName=group, **asked)["events"]) == expected(streams)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 31), st.tuples(*[st.integers(998, 1_006)] * 2), st.sampled_from(["", "a", "b/"]))
def test_pages_of_any_size_contain_each_event_once(
    lab: Any, group: str, size: int, times: tuple[int, int], prefix: str
) -> None:
    asked = {"logGroupName": group, "startTime": times[0], "endTime": times[1]}
    found = pages(lab, size, **asked, **({"logStreamNamePrefix": prefix} if prefix else {}))
    streams = [stream for stream in STREAMS if stream.startswith(prefix)]
    assert summary_of([event for page in found for event in page["events"]]) == expected(streams, *times)
    assert all(len(page["events"]) == size for page in found[:-1])


def test_events_can_be_read_backwards(lab: Any, group: str) -> None:
    found = pages(lab, 7, logGroupName=group, startFromHead=False)
    assert summary_of([event for page in found for event in page["events"]]) == expected()[::-1]


def test_a_pattern_selects_events_across_pages(lab: Any, group: str) -> None:
    found = pages(lab, 2, logGroupName=group, filterPattern='{ $.level = "ERROR" && $.s != 1 }')
    numbers = [
        (stream, n) for _, stream, n in summary_of([event for page in found for event in page["events"]])
    ]
    assert sorted(numbers) == [(stream, n) for stream in ("a/1", "b/1") for n in (0, 3, 6, 9)]
    assert len(found) == 4


def test_events_that_arrive_during_paging_shift_no_page(lab: Any) -> None:
    name = f"/test/{lab.name()}"
    lab.logs.create_log_group(logGroupName=name)
    lab.logs.create_log_stream(logGroupName=name, logStreamName="s")

    def put(*moments: int) -> None:
        events = [{"timestamp": moment, "message": str(moment)} for moment in moments]
        lab.logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)

    put(10, 20, 30)
    first = lab.logs.filter_log_events(logGroupName=name, limit=2)
    put(5, 40)
    second = lab.logs.filter_log_events(logGroupName=name, nextToken=first["nextToken"])
    assert [event["message"] for event in second["events"]] == ["30", "40"]


def test_a_page_contains_at_most_a_megabyte(lab: Any) -> None:
    name = f"/test/{lab.name()}"
    lab.logs.create_log_group(logGroupName=name)
    lab.logs.create_log_stream(logGroupName=name, logStreamName="s")
    for moment in range(6):
        event = {"timestamp": moment, "message": "x" * 250_000}
        lab.logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[event])
    assert [len(page["events"]) for page in pages(lab, logGroupName=name)] == [4, 2]


def test_fails_as_aws_does(lab: Any, group: str) -> None:
    filter_events = lab.logs.filter_log_events
    token = filter_events(logGroupName=group, limit=1)["nextToken"]
    cases = {
        "The specified nextToken is invalid.": {"nextToken": "nothing"},
        "The specified nextToken is invalid. ": {"nextToken": token, "startTime": 3},
        "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value "
        "less than or equal to 10000": {"limit": 10_001},
        "Invalid filter pattern: Invalid character(s) in term 'a@b'": {"filterPattern": "a@b"},
        "logStreamNames and logStreamNamePrefix are mutually exclusive.": {
            "logStreamNames": ["a/1"],
            "logStreamNamePrefix": "a",
        },
    }
    for text, asked in cases.items():
        refused = lab.refusal(lambda asked=asked: filter_events(logGroupName=group, **asked))
        assert refused == ("InvalidParameterException", text.strip())
    code, _ = lab.refusal(lambda: filter_events(logGroupName="/none"))
    assert code == "ResourceNotFoundException"
    refused = lab.refusal(lambda: filter_events(logGroupName=group, logStreamNames=["a/1", "none"]))
    assert refused == ("ResourceNotFoundException", "The specified log stream does not exist.")


def test_streams_and_groups_are_returned_in_pages(lab: Any, group: str) -> None:
    streams = lab.logs.get_paginator("describe_log_streams")
    for asked in ({"logGroupName": group}, {"logGroupIdentifier": group}):
        found = list(streams.paginate(**asked, PaginationConfig={"PageSize": 2}))
        assert [len(page["logStreams"]) for page in found] == [2, 1]
        assert [each["logStreamName"] for page in found for each in page["logStreams"]] == list(STREAMS)
    groups = lab.logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1})
    assert group in [each["logGroupName"] for page in groups for each in page["logGroups"]]
    for call in (
        lambda: lab.logs.describe_log_streams(logGroupName=group, nextToken="nothing"),
        lambda: lab.logs.describe_log_groups(nextToken="nothing"),
        lambda: lab.logs.describe_log_streams(
            logGroupName=group, orderBy="LastEventTime", logStreamNamePrefix="a"
        ),
    ):
        assert lab.refusal(call)[0] == "InvalidParameterException"


@pytest.mark.parametrize("from_head", [True, False])
def test_at_the_end_of_a_stream_the_token_stays_the_same(lab: Any, group: str, from_head: bool) -> None:
    asked: dict[str, Any] = {
        "logGroupName": group,
        "logStreamName": "a/1",
        "limit": 4,
        "startFromHead": from_head,
    }
    name = "nextForwardToken" if from_head else "nextBackwardToken"
    read, token = [], None
    while True:
        answer = lab.logs.get_log_events(**asked, **({"nextToken": token} if token else {}))
        read.append([json.loads(event["message"])["n"] for event in answer["events"]])
        if answer[name] == token:
            break
        token = answer[name]
    assert read == (
        [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], []] if from_head else [[6, 7, 8, 9], [2, 3, 4, 5], [0, 1], []]
    )
