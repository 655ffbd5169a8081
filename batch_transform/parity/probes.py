"""Probes: questions that a case can't ask, because their answer is a measurement."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.parity.case import Case, Expected
from batch_transform.parity.endpoint import Endpoint

_UPLOADS_AT_ONCE = 16
_CHUNK = 1000
"""How many objects are uploaded before the next ones are made: memory is flat as a probe grows."""
_CALLS_AT_ONCE = 10
_SHOWN = 5
_POLLS_BEFORE_STOP, _SECONDS_BEFORE_STOP = 20, 30.0
"""How often, and how long at least, a job that has written nothing is looked at before it is stopped anyway."""
_ENDED = ("Completed", "Failed", "Stopped")

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and the total."""


def _silent(_what: str, _done: int, _total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class Finding:
    """What a probe found: sentences, and the figures that they are made of."""

    probe: str
    sentences: tuple[str, ...]
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Effort:
    """What a probe costs: instance hours of one instance, and requests to S3."""

    instance_hours: float = 0.0
    writes: int = 0
    reads: int = 0


@dataclass(frozen=True)
class Probe:
    """A probe of the register of unknowns. `size` is how many objects, keys or calls it takes by default."""

    id: str
    question: str
    size: int
    smallest: int
    effort: Callable[[int], Effort]
    run: Callable[[Endpoint, int, Progress], Finding]


START_HOURS = 5 / 60
"""The time that is billed for a job that does almost nothing: the start of its container (from experience)."""
SECONDS_AN_OBJECT = 0.1
"""An assumption for the price of a probe; U21 measures it."""


def _of_job(objects: int) -> Effort:
    hours = START_HOURS + objects * SECONDS_AN_OBJECT / 3600
    return Effort(hours, writes=2 * objects, reads=objects)


def refused_objects(endpoint: Endpoint, size: int, progress: Progress = _silent) -> Finding:
    """U21: one-row objects of which three are refused by the model."""
    bad = {size // 4, size // 2, size - 1}
    case = _case("u21", {"do": "refuse", "text": "bad"}, ContentType="text/csv", MaxConcurrentTransforms=1)
    rows = ((f"in/{number:06}.csv", b"bad\n" if number in bad else b"1\n") for number in range(size))
    _upload(endpoint, case, rows, size, progress)
    with _job(endpoint, case):
        described = _wait(endpoint, case, size, progress)
    outputs = of_bad = 0
    for each in _objects(endpoint, f"{endpoint.prefix(case)}/out/"):
        outputs += 1
        of_bad += _number_of(each["Key"]) in bad
    continues = outputs - of_bad == size - len(bad)
    seconds = _seconds(described)
    status = described["TransformJobStatus"]
    reason = f": {described['FailureReason']}" if "FailureReason" in described else ""
    return Finding(
        "U21",
        (
            f"the job is {status}{reason}",
            f"{outputs:,} of {size:,} objects have a result, {of_bad} of them of the {len(bad)} refused ones: "
            f"the job {'continues to the end' if continues else 'ends before the others'}",
            _rate(seconds, size),
        ),
        {
            "status": status,
            "objects": size,
            "outputs": outputs,
            "outputs_of_refused": of_bad,
            "continues": continues,
            "seconds": seconds,
            "seconds_an_object": None if seconds is None else seconds / size,
        },
    )


def manifest_names(endpoint: Endpoint, size: int, progress: Progress = _silent) -> Finding:
    """U22: a manifest with many keys in folders, and the names of the results."""
    case = _case("u22", {}, ContentType="text/csv", S3DataType="ManifestFile", S3Uri="keys.manifest")
    prefix = endpoint.prefix(case)
    _upload(endpoint, case, ((f"in/{key}", b"1\n") for key in _keys(size)), size, progress)
    _upload_manifest(endpoint, f"{prefix}/keys.manifest", f"s3://{endpoint.bucket}/{prefix}/in/", size)
    with _job(endpoint, case):
        described = _wait(endpoint, case, size, progress)
    expected = Counter[str]()
    others: list[str] = []
    found = 0
    for each in _objects(endpoint, f"{prefix}/out/"):
        found += 1
        name = each["Key"].removeprefix(f"{prefix}/out/")
        number = _number_of(name)
        if 0 <= number < size and name == f"{_key(number)}.out":
            expected[_form(number)] += 1
        elif len(others) < _SHOWN:
            others.append(name)
    seconds, status = _seconds(described), described["TransformJobStatus"]
    reason = f": {described['FailureReason']}" if "FailureReason" in described else ""
    return Finding(
        "U22",
        (
            f"the job is {status}{reason}",
            f"{found:,} results of {size:,} keys; {sum(expected.values()):,} are named after the manifest's prefix, as "
            f"KEY.out: {', '.join(f'{number:,} {form}' for form, number in sorted(expected.items())) or 'none'}",
            f"other names: {', '.join(others) or 'none'}",
            _rate(seconds, size),
        ),
        {
            "status": status,
            "keys": size,
            "outputs": found,
            "as_expected": dict(expected),
            "other_names": others,
            "seconds": seconds,
        },
    )


def refused_calls(endpoint: Endpoint, size: int, progress: Progress = _silent) -> Finding:
    """U23: CreateTransformJob as fast as it answers, with a model that doesn't exist, so that no job starts."""
    case = _case("u23", {})
    request = {**endpoint.request(case), "ModelName": f"parity-{endpoint.run}-none"[:63]}
    codes = Counter[str]()
    started = time.monotonic()

    def call(number: int) -> str:
        named = {**request, "TransformJobName": f"parity-{endpoint.run}-u23-{number}"[:63]}
        try:
            endpoint.clients.sagemaker_once.create_transform_job(**named)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        endpoint.clients.sagemaker.stop_transform_job(TransformJobName=named["TransformJobName"])
        return "accepted"

    with ThreadPoolExecutor(_CALLS_AT_ONCE) as workers:
        for done, code in enumerate(workers.map(call, range(size)), start=1):
            codes[code] += 1
            progress("calls", done, size)
    seconds = time.monotonic() - started
    throttled = sum(
        number for code, number in codes.items() if "Throttling" in code or "TooManyRequests" in code
    )
    answers = ", ".join(f"{number:,} {code}" for code, number in codes.most_common())
    return Finding(
        "U23",
        (
            f"{size:,} calls in {seconds:.1f} seconds, {size / seconds:.1f} a second, {_CALLS_AT_ONCE} at once: "
            f"{answers}",
            f"{throttled:,} calls ({throttled / size:.1%}) were throttled; whether AWS throttles before it looks for "
            "the model isn't documented",
        ),
        {"calls": size, "seconds": seconds, "answers": dict(codes), "throttled": throttled},
    )


def stopped_job(endpoint: Endpoint, size: int, progress: Progress = _silent) -> Finding:
    """U24: a job that is stopped after its first result, and what is left of it."""
    model = {"do": "slow", "seconds": 1}
    case = _case("u24", model, ContentType="text/csv", MaxConcurrentTransforms=1)
    prefix = f"{endpoint.prefix(case)}/out/"
    _upload(endpoint, case, ((f"in/{number:06}.csv", b"1\n") for number in range(size)), size, progress)
    with _job(endpoint, case):
        status_before = _until_written(endpoint, case, prefix, progress)
        before = sum(1 for _ in _objects(endpoint, prefix))
        started = time.monotonic()
        stopped_while_running = status_before not in _ENDED
        if stopped_while_running:
            endpoint.clients.sagemaker.stop_transform_job(TransformJobName=endpoint.job_name(case))
        described = _wait(endpoint, case, size, progress)
    seconds = time.monotonic() - started
    outputs = list(_objects(endpoint, prefix))
    uploads = endpoint.clients.s3.list_multipart_uploads(Bucket=endpoint.bucket, Prefix=prefix).get(
        "Uploads", []
    )
    whole = sum(each["Size"] == len(b"1\n") for each in outputs)
    status = described["TransformJobStatus"]
    return Finding(
        "U24",
        (
            f"the job is {status}, {seconds:.1f} seconds after StopTransformJob"
            if stopped_while_running
            else f"the job ended {status} before it could be stopped: take more objects (--size U24=N)",
            f"it had written {before:,} results before, and left {len(outputs):,} results of {size:,} objects, "
            f"{whole:,} of them whole, and {len(uploads):,} multipart uploads in progress",
            f"TransformEndTime is {'there' if 'TransformEndTime' in described else 'missing'}",
        ),
        {
            "status": status,
            "objects": size,
            "outputs_before": before,
            "outputs": len(outputs),
            "whole": whole,
            "uploads": len(uploads),
            "seconds_to_stop": seconds,
            "was_stopped": stopped_while_running,
            "has_end_time": "TransformEndTime" in described,
        },
    )


PROBES = (
    Probe(
        "U21",
        "1,000 one-row objects of which 3 are bad: does the job continue to the end, and how long does an object take?",
        1000,
        8,
        _of_job,
        refused_objects,
    ),
    Probe(
        "U22",
        "a manifest of 50,000 keys: how long does it take, and what are the results called?",
        50_000,
        3,
        _of_job,
        manifest_names,
    ),
    Probe(
        "U23",
        "how many CreateTransformJob calls a second are throttled?",
        200,
        1,
        lambda _size: Effort(),
        refused_calls,
    ),
    Probe(
        "U24",
        "what does a stopped job leave?",
        300,
        2,
        lambda size: Effort(2 * START_HOURS, writes=2 * size, reads=size),
        stopped_job,
    ),
)


def _case(name: str, model: dict[str, Any], **settings: Any) -> Case:  # noqa: ANN401  # members of the request
    return Case(
        id=name,
        title=name,
        evidence="unknown",
        source="",
        inputs={},
        settings=settings,
        model=model,
        expected=Expected(),
    )


def _form(number: int) -> str:
    return ("in the prefix", "in a folder", "in two folders")[number % 3]


def _key(number: int) -> str:
    return ("", "a/", "a/b/")[number % 3] + f"{number:06}.csv"


def _number_of(name: str) -> int:
    digits = name.rpartition("/")[2].partition(".")[0]
    return int(digits) if digits.isdigit() else -1


def _keys(size: int) -> Iterator[str]:
    return map(_key, range(size))


def _upload(
    endpoint: Endpoint, case: Case, objects: Iterator[tuple[str, bytes]], total: int, progress: Progress
) -> None:
    def put(named: tuple[str, bytes]) -> None:
        key, body = named
        endpoint.clients.s3.put_object(
            Bucket=endpoint.bucket, Key=f"{endpoint.prefix(case)}/{key}", Body=body
        )

    done = 0
    with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as workers:
        while chunk := list(itertools.islice(objects, _CHUNK)):
            for _ in workers.map(put, chunk):
                done += 1
                progress("uploaded", done, total)


def _upload_manifest(endpoint: Endpoint, key: str, prefix: str, size: int) -> None:
    """Write the manifest to a temporary file, key by key, and upload that."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".manifest") as file:
        file.write(f'[\n{{"prefix": "{prefix}"}}')
        for each in _keys(size):
            file.write(f',\n"{each}"')
        file.write("\n]\n")
        file.flush()
        endpoint.clients.s3.upload_file(file.name, endpoint.bucket, key)


@contextmanager
def _job(endpoint: Endpoint, case: Case) -> Iterator[None]:
    """Create the transform job, and stop it if anything ends the probe before it."""
    endpoint.clients.sagemaker.create_transform_job(**endpoint.request(case))
    try:
        yield
    except BaseException:
        with suppress(ClientError):  # it has ended
            endpoint.clients.sagemaker.stop_transform_job(TransformJobName=endpoint.job_name(case))
        raise


def _wait(endpoint: Endpoint, case: Case, total: int, progress: Progress) -> dict[str, Any]:
    name, prefix = endpoint.job_name(case), f"{endpoint.prefix(case)}/out/"
    while True:
        described: dict[str, Any] = endpoint.clients.sagemaker.describe_transform_job(TransformJobName=name)
        if described["TransformJobStatus"] in _ENDED:
            return described
        first = endpoint.clients.s3.list_objects_v2(Bucket=endpoint.bucket, Prefix=prefix, MaxKeys=1000)
        progress("results, at least", first.get("KeyCount", 0), total)
        time.sleep(endpoint.poll)


def _until_written(endpoint: Endpoint, case: Case, prefix: str, progress: Progress) -> str:
    """Wait for the job's first result, or for some time after its start; return its status."""
    polls, began = 0, time.monotonic()
    while True:
        described = endpoint.clients.sagemaker.describe_transform_job(
            TransformJobName=endpoint.job_name(case)
        )
        status = str(described["TransformJobStatus"])
        first = endpoint.clients.s3.list_objects_v2(Bucket=endpoint.bucket, Prefix=prefix, MaxKeys=1)
        if "TransformStartTime" not in described:
            began = time.monotonic()
        polls += "TransformStartTime" in described
        is_over = polls > _POLLS_BEFORE_STOP and time.monotonic() - began > _SECONDS_BEFORE_STOP
        if status in _ENDED or first.get("KeyCount") or is_over:
            return status
        progress("checks before the stop", min(polls, _POLLS_BEFORE_STOP), _POLLS_BEFORE_STOP)
        time.sleep(endpoint.poll)


def _objects(endpoint: Endpoint, prefix: str) -> Iterator[dict[str, Any]]:
    pages = endpoint.clients.s3.get_paginator("list_objects_v2").paginate(
        Bucket=endpoint.bucket, Prefix=prefix
    )
    for page in pages:
        yield from page.get("Contents", [])


def _seconds(described: dict[str, Any]) -> float | None:
    if "TransformStartTime" not in described or "TransformEndTime" not in described:
        return None
    taken: float = (described["TransformEndTime"] - described["TransformStartTime"]).total_seconds()
    return taken


def _rate(seconds: float | None, size: int) -> str:
    if seconds is None:
        return "how long it took isn't known: TransformStartTime or TransformEndTime is missing"
    return (
        f"{seconds:,.1f} seconds from TransformStartTime to TransformEndTime, {seconds / size:.3f} an object"
    )
