"""How records become requests: strategy and payload."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.spec.problem import Problem
from batch_transform.spec.rules.values import RequestValues

_DEFAULT_PAYLOAD_MB = 6
_MOST_MB_IN_FLIGHT = 100


def batching_problems(values: RequestValues) -> Iterator[Problem]:
    """Check what strategy, split type and payload ask of each other."""
    yield from _strategy(values)
    yield from _payload_in_flight(values)


def _strategy(values: RequestValues) -> Iterator[Problem]:
    """A batch strategy needs SplitType (API reference, CreateTransformJob, BatchStrategy).

    A warning: whether the API refuses it or ignores it is not known.
    """
    if not values.has("transform.strategy") or not values.knows("transform.strategy", "input.split_type"):
        return
    if values.text("input.split_type") in {None, "None"}:
        strategy = values.text("transform.strategy")
        yield Problem(
            "strategy-needs-split",
            "transform.strategy",
            f"{strategy} has no effect while input.split_type is None, since a whole object is one request; "
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
