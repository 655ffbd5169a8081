"""Everything that `batch-transform explain` says about a job."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from batch_transform.explain.cost import Cost
from batch_transform.explain.limits import Limit, limits
from batch_transform.explain.places import Places, places
from batch_transform.explain.record_path import Step, record_path
from batch_transform.explain.shown_request import (
    ShownRequest,
    aws_cli_command,
    call_words,
    shown_request,
)
from batch_transform.explain.starts import run_words, start_words
from batch_transform.job.price.price import Price
from batch_transform.job.values.derived import Derived, derived_values
from batch_transform.job.values.job_spec import JobSpec


@dataclass(frozen=True)
class Explanation:
    """What `batch-transform explain` shows."""

    job: str
    job_file: str
    start: tuple[str, ...]
    runs: tuple[str, ...]
    derived: tuple[Derived, ...]
    record: tuple[Step, ...]
    places: Places
    limits: tuple[Limit, ...]
    cost: Cost
    shown: ShownRequest

    @property
    def call(self) -> str:
        """A sentence about the call of Step Functions that sends the request."""
        return call_words(self.shown.request)

    @property
    def aws_cli(self) -> str:
        """The request as an AWS CLI command."""
        return aws_cli_command(self.shown.request)

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as JSON values."""
        cost = self.cost
        return {
            "job": self.job,
            "job_file": self.job_file,
            "start": " ".join(self.start),
            "runs": list(self.runs),
            "derived": [dataclasses.asdict(one) for one in self.derived],
            "record": [dataclasses.asdict(step) for step in self.record],
            "places": {
                "words": list(self.places.words),
                "pattern": _pair(self.places.pattern),
                "examples": [_pair(example) for example in self.places.examples],
            },
            "limits": [dataclasses.asdict(limit) for limit in self.limits],
            "cost": dataclasses.asdict(cost)
            | {"seconds": cost.seconds, "instance_hours": cost.instance_hours, "usd": cost.usd}
            | {"most_usd": cost.most_usd, "start_up_seconds": None},
            "request": self.shown.request,
            "call": self.call,
            "placeholders": self.shown.placeholders,
            "aws_cli": self.aws_cli,
        }


def _pair(pair: tuple[str, str] | None) -> dict[str, str] | None:
    return None if pair is None else dict(zip(("object", "result"), pair, strict=True))


def explain(
    spec: JobSpec, *, records: int | None = None, rate: float | None = None, price: Price | None = None
) -> Explanation:
    """Explain a valid job. `rate` is records per second on one instance, `price` that of one instance for an hour."""
    shown = shown_request(spec)
    instances = spec.transform.instance_count
    longest = spec.transform.max_runtime_in_seconds
    return Explanation(
        job=spec.name,
        job_file=spec.job_file,
        start=start_words(spec),
        runs=run_words(spec),
        derived=derived_values(spec),
        record=tuple(record_path(spec, shown.request)),
        places=places(shown.request, spec.bad_records, spec.reconcile),
        limits=tuple(limits(spec)),
        cost=Cost(
            records,
            rate,
            None if price is None else price.amount_per_hour,
            instances,
            most_instance_hours=instances * longest / 3600,
            currency="USD" if price is None else price.currency,
            priced="" if price is None else str(price),
            max_cost=spec.workflow.max_cost,
        ),
        shown=shown,
    )
