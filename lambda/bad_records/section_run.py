"""What the state machine passes to the function, and where a run's sections are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from bad_result import BadResult
from sections import IN, KEPT, OUT, PLAN, Plan, Section
from verdict import Limit

from batch_transform.engine.settings import Settings, effective_settings
from batch_transform.job.request.request import Request
from batch_transform.job.values.s3_uri import S3Uri

TimeLeft = Callable[[], float]
"""Seconds until Lambda ends the function."""


@dataclass(frozen=True)
class SectionRun:
    """A run whose transform job failed because of its data.

    `request` is the job's own, not that of a round. `round` is the round that has ended: 0 is the job's own transform
    job. `transform_job_name` is its last attempt. `failure` is its Error and Cause. `scratch` is the Bucket and the Key
    prefix of the job's sections. `keep_records` says that the list of bad records quotes them.
    """

    run: str
    round: int
    request: Request
    transform_job_name: str
    failure: Mapping[str, str]
    limit: Mapping[str, float | None]
    result: str
    scratch: Mapping[str, str]
    keep_records: bool = False
    places: Places = field(init=False)

    def __post_init__(self) -> None:
        """Make the places."""
        object.__setattr__(self, "places", Places(self.scratch["Bucket"], self.scratch["Key"], self.run))

    @cached_property
    def settings(self) -> Settings:
        """The settings of the request. Those that it leaves to the container aren't known here."""
        return effective_settings(self.request, {})

    @property
    def started(self) -> datetime:
        """When the run started, which its id says."""
        return datetime.strptime(self.run.partition("-")[0], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)

    @property
    def bad_result(self) -> BadResult:
        """What the result has in the place of a bad record."""
        return BadResult(self.settings, self.result)

    @property
    def limits(self) -> Limit:
        """How many bad records the job allows."""
        count = self.limit.get("max_count")
        return Limit(None if count is None else int(count), self.limit.get("max_percent"))

    @property
    def kms_key(self) -> str | None:
        """The key of the results, which also encrypts the sections."""
        key: str | None = self.request["TransformOutput"].get("KmsKeyId")
        return key or None


@dataclass(frozen=True)
class Places:
    """Where the sections of a run are."""

    bucket: str
    prefix: str
    run: str

    def folder(self, name: str, round_: int) -> S3Uri:
        """Return the prefix of what a round scores (IN), or of its results (OUT)."""
        return S3Uri(self.bucket, f"{self.prefix}{name}/{self.run}/{round_}/")

    def copy(self, section: Section) -> S3Uri:
        """Return the place of the section's copy."""
        if section.copied == KEPT:
            return S3Uri(self.bucket, f"{self.prefix}{PLAN}/{self.run}/{KEPT}/{section.name}")
        return S3Uri(self.bucket, f"{self.folder(IN, section.round).key}{section.name}")

    def result(self, section: Section) -> S3Uri:
        """Return the place of the section's result."""
        return S3Uri(self.bucket, f"{self.folder(OUT, section.round).key}{section.name}.out")

    def plan(self, round_: int, kind: str = "") -> S3Uri:
        """Return the place of the plan for a round. `kind` names what is known of it so far."""
        return S3Uri(self.bucket, f"{self.prefix}{PLAN}/{self.run}/{round_}{kind}.json")


def round_request(run: SectionRun, plan: Plan) -> dict[str, Any]:
    """Return the request for a round: the job's, on the sections, with fewer and shorter retries until the last round.

    A record that the model doesn't answer costs all retries of its request: 40 minutes with AWS's defaults. In a round
    whose sections are single records, the job's own settings decide which of them are bad.
    """
    request = run.request
    client = {**_CLIENT_DEFAULTS, **request.get("ModelClientConfig", {})}
    if not is_last(plan):
        timeout = int(client["InvocationsTimeoutInSeconds"])
        client = {
            "InvocationsTimeoutInSeconds": min(timeout, max(_SHORTEST_TIMEOUT, timeout // 4)),
            "InvocationsMaxRetries": min(int(client["InvocationsMaxRetries"]), 1),
        }
    source = {"S3DataType": "S3Prefix", "S3Uri": str(run.places.folder(IN, plan.round))}
    return {
        **request,
        "ModelClientConfig": client,
        "TransformInput": {
            **request["TransformInput"],
            "CompressionType": "None",
            "DataSource": {"S3DataSource": source},
        },
        "TransformOutput": {
            **request["TransformOutput"],
            "S3OutputPath": str(run.places.folder(OUT, plan.round)).rstrip("/"),
        },
    }


_CLIENT_DEFAULTS = {
    "InvocationsTimeoutInSeconds": 600,
    "InvocationsMaxRetries": 3,
}  # API reference, ModelClientConfig
_SHORTEST_TIMEOUT = 60


def is_last(plan: Plan) -> bool:
    """Whether every section of the round is a single record, so that each one that fails is a bad record."""
    return all(section.lines == 1 for one in plan.failed for section in one.sections if section.is_open)
