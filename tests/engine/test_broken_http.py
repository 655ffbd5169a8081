"""A model server that breaks HTTP in each way of a table: the output is right, or the job fails without any."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from batch_transform.engine import invoke
from batch_transform.engine.results import as_lines
from batch_transform.engine.transform_job import run_transform_job
from batch_transform.local.sagemaker.http_invoker import HttpInvoker
from engine.fake_world import MemoryStore, request
from fakes.misbehaving_server import TOO_LATE, WAYS, MisbehavingServer, Way

pytestmark = pytest.mark.timeout(900)

IDS = [b"id-%d" % number for number in range(40)]
RECORDS = [b"%b,%d\n" % (each, number) for number, each in enumerate(IDS)]
HANG_SECONDS = 4
"""Seconds a request waits for a model that doesn't answer. Models that answer have more time than they need."""
BROKEN = [way for way in WAYS if way.why is not None]
RACE = "closed after the answer, which does not say so"
"""A request may be in flight when the connection ends. Like Go's client, the engine doesn't send a POST again."""

STRATEGIES = ("SingleRecord", "MultiRecord")
JOINS = (False, True)
strategies = pytest.mark.parametrize("strategy", STRATEGIES)
joins = pytest.mark.parametrize("join", JOINS, ids=["no join", "join"])


@pytest.fixture(scope="module", autouse=True)
def no_pauses() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(invoke, "_FIRST_PAUSE", 0.0)
        yield


def scored(body: bytes) -> bytes:
    """The right answer: one line of one cell for each record."""
    return b"".join(b"score of %b\n" % record.split(b",")[0] for record in body.splitlines())


@dataclass
class Ran:
    status: str
    output: bytes | None
    log: list[str]
    requests: int


def run(way: Way, strategy: str, *, join: bool, retries: int = 0, times: int | None = None) -> Ran:
    """Run a job whose model misbehaves in its first `times` answers, or always."""
    processing: dict[str, Any] = {"join_source": "Input", "output_filter": "$[0,-1]"} if join else {}
    timeout = HANG_SECONDS if way.why == TOO_LATE else 600
    job = request(
        BatchStrategy=strategy,
        MaxConcurrentTransforms=4,
        ModelClientConfig={
            "InvocationsMaxRetries": retries,
            "InvocationsTimeoutInSeconds": timeout,
        },
        **processing,
    )
    store = MemoryStore({"in/a.csv": b"".join(RECORDS)})
    log: list[str] = []
    with MisbehavingServer(way, scored, times) as server:
        invoker = HttpInvoker(server.url)
        outcome = run_transform_job(
            job,
            store=store,
            invoker=invoker,
            execution_parameters={},
            log=log.append,
            on_progress=lambda _: None,
            stop=threading.Event(),
            started_at=datetime(2026, 11, 22, tzinfo=UTC),
        )
        invoker.close()
    assert not store.open_writers
    return Ran(outcome.status, store.objects.get("out/a.csv.out"), log, server.requests)


def expected(way: Way, strategy: str, *, join: bool) -> bytes | None:
    """The output of an accepted answer; None if a join notices that something is missing."""
    bodies = RECORDS if strategy == "SingleRecord" else [b"".join(RECORDS)]
    answers = [(way.cut or bytes)(scored(body)) for body in bodies]
    if not join:
        return b"".join(map(as_lines, answers))
    rows = []
    for body, answer in zip(bodies, answers, strict=True):
        records, lines = body.splitlines(), answer.splitlines()
        if len(records) != len(lines):
            return None
        rows += [
            b"%b,%b\n" % (record.split(b",")[0], line) for record, line in zip(records, lines, strict=True)
        ]
    return b"".join(rows)


Late = dict[tuple[Way, str, bool, int], Future[Ran]]


@pytest.fixture(scope="module")
def late(no_pauses: None) -> Iterator[Late]:
    """Runs the jobs whose answer never comes all at once, since each takes seconds."""
    ways = [way for way in WAYS if way.why == TOO_LATE]
    cases = [
        (way, strategy, join, retries)
        for way in ways
        for strategy in STRATEGIES
        for join in JOINS
        for retries in (0, 3)
    ]
    with ThreadPoolExecutor(len(cases)) as pool:
        yield {
            (way, strategy, join, retries): pool.submit(
                run, way, strategy, join=join, retries=retries, times=2 if retries else None
            )
            for way, strategy, join, retries in cases
        }


@strategies
@joins
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_job_is_right_or_fails_without_output(way: Way, strategy: str, join: bool, late: Late) -> None:
    ran = late[way, strategy, join, 0].result() if way.why == TOO_LATE else run(way, strategy, join=join)
    if way.why is not None:
        assert (ran.status, ran.output) == ("Failed", None)
        assert any(way.why in line for line in ran.log), ran.log
    elif way.name == RACE and ran.status == "Failed":
        assert ran.output is None
    else:
        right = expected(way, strategy, join=join)
        assert (ran.status, ran.output) == ("Failed" if right is None else "Completed", right), ran.log


@strategies
@joins
@pytest.mark.parametrize("way", BROKEN, ids=lambda way: way.name)
def test_a_request_with_a_broken_answer_is_retried(way: Way, strategy: str, join: bool, late: Late) -> None:
    if way.why == TOO_LATE:
        ran = late[way, strategy, join, 3].result()
    else:
        ran = run(way, strategy, join=join, retries=3, times=2)
    assert (ran.status, ran.output) == ("Completed", expected(WAYS[0], strategy, join=join)), ran.log
    assert ran.requests >= (42 if strategy == "SingleRecord" else 3)


@strategies
@pytest.mark.parametrize("name", ["closed in the head", "closed in the body", "more than the length"])
def test_fails_when_all_retries_are_used_up(name: str, strategy: str) -> None:
    [way] = [way for way in WAYS if way.name == name]
    ran = run(way, strategy, join=False, retries=3)
    assert (ran.status, ran.output) == ("Failed", None)
    assert ran.requests >= 4


def test_the_table_lists_what_a_client_cannot_notice() -> None:
    """These succeed with an incomplete answer, in Go's client as well."""
    assert [way.name for way in WAYS if way.cut and way.go == "part"] == ["closed in a body without a length"]
    assert {way.name for way in WAYS if way.why is not None and way.go != "error"} == {
        "more than the length",
        "more than the length, and a connection that ends",
        "204 with a body",
        "a redirect",
        "an upgrade",
    }
