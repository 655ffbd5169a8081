"""Rules for how records are batched into requests: strategy and payload."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.errors import Problem
from batch_transform.job.rules.request_values import RequestValues
from batch_transform.job.values.media_type import is_binary

ASKED_BY = {"answers-without-lines": "input.split_type"}
"""Codes of problems with a missing field, and the field that requires it."""

_DEFAULT_PAYLOAD_MB = 6
_MOST_MB_IN_FLIGHT = 100


def batching_problems(values: RequestValues) -> Iterator[Problem]:
    """Check that strategy, split type and payload fit together."""
    yield from _strategy(values)
    yield from _payload_in_flight(values)
    yield from _lines_of_no_text(values)
    yield from _answers_without_lines(values)


def _strategy(values: RequestValues) -> Iterator[Problem]:
    """A batch strategy needs SplitType (API reference, CreateTransformJob, BatchStrategy).

    A warning, because it isn't documented whether the API refuses or ignores it.
    """
    if not values.has("transform.strategy") or not values.knows("transform.strategy", "input.split_type"):
        return
    if values.text("input.split_type") in {None, "None"}:
        strategy = values.text("transform.strategy")
        yield Problem(
            "strategy-needs-split",
            "transform.strategy",
            f"{strategy} has no effect while input.split_type is None, since each object is one request; "
            "write input.split_type: Line, or leave the strategy out",
            severity="warning",
        )


def _payload_in_flight(values: RequestValues) -> Iterator[Problem]:
    """MaxConcurrentTransforms times MaxPayloadInMB is at most 100 MB (API reference, CreateTransformJob)."""
    if not values.knows("transform.max_concurrent_transforms", "transform.max_payload"):
        return
    requests = values.number("transform.max_concurrent_transforms")
    given_payload = values.number("transform.max_payload")
    payload = _DEFAULT_PAYLOAD_MB if given_payload is None else given_payload
    if requests is None or requests * payload <= _MOST_MB_IN_FLIGHT:
        return
    origin = " (AWS's default)" if given_payload is None else ""
    yield Problem(
        "payload-in-flight-too-large",
        "transform.max_concurrent_transforms",
        f"{requests} requests of {payload} MB{origin} are {requests * payload} MB at once, and AWS allows "
        f"{_MOST_MB_IN_FLIGHT} MB; with {payload} MB at most {_MOST_MB_IN_FLIGHT // payload} can run at once",
    )


def _lines_of_no_text(values: RequestValues) -> Iterator[Problem]:
    """Line splits at each byte 0A, which in binary data can be part of any value."""
    if (
        not values.knows("input.split_type", "input.content_type")
        or values.text("input.split_type") != "Line"
    ):
        return
    content_type = values.text("input.content_type")
    if not is_binary(content_type):
        return
    other = (
        "write RecordIO, or None to send each object as one request"
        if "recordio" in (content_type or "").lower()
        else "write None to send each object as one request"
    )
    yield Problem(
        "split-line-of-binary",
        "input.split_type",
        f"is Line, but {content_type} is binary and would be split at each byte that happens to be a line feed; "
        f"{other}",
        severity="warning",
    )


def _answers_without_lines(values: RequestValues) -> Iterator[Problem]:
    """AssembleWith None concatenates answers without a separator (huggingface/notebooks issue 187).

    Joined jobs have rules of their own.
    """
    fields = ("input.split_type", "output.assemble_with", "data_processing.join_source", "output.accept")
    if not values.knows(*fields) or values.text("data_processing.join_source") == "Input":
        return
    if values.text("input.split_type") != "Line" or values.text("output.assemble_with") not in {None, "None"}:
        return
    if is_binary(values.text("output.accept")):
        return  # a line feed would corrupt binary answers
    yield Problem(
        "answers-without-lines",
        "output.assemble_with",
        "is None while input.split_type is Line, so the answers for an object are concatenated without a separator; "
        "write Line to put each answer on its own line",
        severity="warning",
    )
