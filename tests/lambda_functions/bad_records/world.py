"""A run with bad records, without a state machine: the engine scores what the function plans, until it is done."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bucket_store import BucketStore
from collecting import Collecting
from rounds import Rounds
from section_run import SectionRun

from batch_transform.engine.interfaces import Answer
from batch_transform.engine.transform_job import Outcome, run_transform_job
from batch_transform.job.record.names import BAD_RECORDS_FILE
from engine.fake_world import FunctionModel, Reply
from fakes.buckets import FakeBuckets

IN, OUT = "data-in", "data-out"
SCRATCH = {"Bucket": OUT, "Key": "_sections/churn/"}
RUN = "20261130T020000-0a1b2c3d"
POISON = b"poison"
PLENTY = 900.0


def poisoned(answer: Reply) -> Reply:
    """A model that refuses each request with a poisoned record."""

    def reply(body: bytes) -> bytes | Answer:
        return Answer(400, b"cannot score: poison\n") if POISON in body else answer(body)

    return reply


def a_request(  # one parameter for each setting of the request
    *,
    content_type: str = "text/csv",
    strategy: str | None = "MultiRecord",
    compression_type: str = "None",
    assemble_with: str = "Line",
    input_filter: str = "$",
    join_source: str = "None",
    output_filter: str = "$",
    **top_level: Any,
) -> dict[str, Any]:
    """A CreateTransformJob request on all objects below `churn/`."""
    return {
        "ModelName": "churn",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{IN}/churn/"}},
            "ContentType": content_type,
            "SplitType": "Line",
            "CompressionType": compression_type,
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{OUT}/churn/{RUN}",
            "Accept": content_type,
            "AssembleWith": assemble_with,
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {
            "InputFilter": input_filter,
            "JoinSource": join_source,
            "OutputFilter": output_filter,
        },
        **({"BatchStrategy": strategy} if strategy else {}),
        **top_level,
    }


class FakeLogs:
    """The data logs of the run's transform jobs."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {}

    def get_paginator(self, operation_name: str, /) -> FakeLogs:
        assert operation_name == "filter_log_events"
        return self

    def paginate(self, *, logStreamNamePrefix: str, **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803  # AWS's names
        job = logStreamNamePrefix.rstrip("/")
        yield {
            "events": [
                {
                    "logStreamName": f"{job}/i-1/data-log",
                    "message": f"2026-11-30T02:00:00.000:[sagemaker logs]: {line}",
                }
                for line in self.lines.get(job, [])
            ]
        }


@dataclass
class Story:
    """What happened: the buckets at the end, and each transform job's request and outcome."""

    buckets: FakeBuckets
    request: dict[str, Any]
    jobs: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failure: dict[str, str] | None = None
    bad_records: int = 0
    models: list[FunctionModel] = field(default_factory=list)

    def out(self, name: str) -> bytes | None:
        """The result of an input object; None if there is none."""
        return self.buckets.objects.get((OUT, f"churn/{RUN}/{name}.out"))

    @property
    def listed(self) -> bytes:
        """The list of bad records."""
        return self.buckets.objects.get((OUT, f"churn/{RUN}/{BAD_RECORDS_FILE}"), b"")

    @property
    def records_scored_again(self) -> int:
        return sum(
            data.count(b"\n") + (not data.endswith(b"\n"))
            for (_, key), data in self.buckets.objects.items()
            if key.startswith(f"{SCRATCH['Key']}in/")
        )


def a_run(
    objects: Mapping[str, bytes],
    reply: Reply,
    request: Mapping[str, Any] | None = None,
    *,
    result: str = "omit",
    max_count: int | None = 1000,
    max_percent: float | None = None,
    time_left: float = PLENTY,
    twice: bool = False,
    arriving: Mapping[str, bytes] | None = None,
    keep_records: bool = False,
) -> Story:
    """Run a job with `bad_records`. With `twice`, Lambda calls the function a second time after each success.

    `arriving` are objects that are uploaded before the function's first call.
    """
    request = dict(a_request() if request is None else request)
    buckets = FakeBuckets({(IN, f"churn/{name}"): data for name, data in objects.items()})
    story, logs = Story(buckets, request), FakeLogs()
    step: dict[str, Any] = {"next": "Score", "round": 0, "request": request}
    for attempt in range(1, 100):
        if step["next"] == "Score":
            outcome = _scored(step["request"], attempt, story, logs, reply)
            if step["round"] == 0 and outcome.status == "Completed":
                return story
            for name, data in (arriving or {}).items() if step["round"] == 0 else ():
                buckets.objects[IN, f"churn/{name}"] = data
                buckets.arrived[IN, f"churn/{name}"] = datetime(2026, 11, 30, 2, 5, tzinfo=UTC)
        run = SectionRun(
            run=RUN,
            round=step["round"],
            request=request,
            transform_job_name=f"churn-{RUN}-{len(story.jobs)}",
            failure={
                "Error": "States.TaskFailed",
                "Cause": f'{{"FailureReason": "{outcome.failure_reason}"}}',
            },
            limit={"max_count": max_count, "max_percent": max_percent},
            result=result,
            scratch=SCRATCH,
            keep_records=keep_records,
        )
        store = BucketStore(buckets, run.kms_key)
        for _ in range(1 + twice):
            if step["next"] == "Collect":
                following = Collecting(run, store, lambda: time_left).next_step()
            else:
                following = Rounds(run, store, logs, lambda: time_left).next_step()
        assert not buckets.uploads  # nothing stays half written
        if following["next"] in ("Fail", "Done"):
            story.failure = following.get("failure")
            story.bad_records = following.get("bad_records", 0)
            return story
        step = {**step, **following}
    raise AssertionError("it never ends")


def _scored(request: dict[str, Any], attempt: int, story: Story, logs: FakeLogs, reply: Reply) -> Outcome:
    lines: list[str] = []
    model = FunctionModel(reply)
    outcome = run_transform_job(
        request,
        store=story.buckets,
        invoker=model,
        execution_parameters={},
        log=lines.append,
        on_progress=lambda _: None,
        stop=threading.Event(),
        started_at=datetime(2026, 11, 30, tzinfo=UTC),
    )
    story.jobs.append(request)
    story.outcomes.append(outcome)
    story.models.append(model)
    logs.lines[f"churn-{RUN}-{len(story.jobs)}"] = lines
    return outcome
