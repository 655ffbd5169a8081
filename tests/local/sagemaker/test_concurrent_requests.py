"""Several requests in flight at the same time, sent from one thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from batch_transform.engine.interfaces import Answer, Outcome, Requests
from batch_transform.job.errors import NoModelAnswerError
from batch_transform.local.sagemaker.http_invoker import HttpInvoker
from fakes.odd_server import OddServer
from patience import PATIENCE_SECONDS


def send_all(
    invoker: HttpInvoker,
    bodies: list[bytes],
    *,
    at_a_time: int = 1,
    timeout: float = PATIENCE_SECONDS,
    is_stopped: Callable[[], bool] = lambda: False,
) -> list[Outcome | None]:
    """Send requests as the engine does, and check that every slot except the caller's own is free afterwards."""
    slots = threading.Semaphore(at_a_time)
    slots.acquire()
    found = invoker.invoke_all(Requests(bodies, "text/csv", None, timeout, slots, is_stopped))
    free = 0
    while slots.acquire(blocking=False):
        free += 1
    assert free == at_a_time - 1
    return found


@pytest.mark.parametrize("at_a_time", [1, 2, 5, 40])
def test_answers_are_in_the_order_of_the_bodies_over_no_more_connections_than_slots(
    server: OddServer, invoker: HttpInvoker, at_a_time: int
) -> None:
    bodies = [b"%d" % number for number in range(100)]
    assert send_all(invoker, bodies, at_a_time=at_a_time) == [Answer(200, body) for body in bodies]
    assert server.connections <= at_a_time
    assert server.most_at_a_time <= at_a_time


def test_as_many_requests_are_in_flight_as_there_are_slots(server: OddServer, invoker: HttpInvoker) -> None:
    found = send_all(invoker, [b"slow %d" % number for number in range(8)], at_a_time=4)
    assert found[7] == Answer(200, b"slow 7")
    assert server.most_at_a_time == 4


def test_two_senders_share_the_slots_and_the_connections(server: OddServer, invoker: HttpInvoker) -> None:
    slots = threading.Semaphore(3)
    found: list[list[Outcome | None]] = []

    def send(name: bytes) -> None:
        with slots:
            found.append(
                invoker.invoke_all(
                    Requests(
                        [b"slow %b %d" % (name, number) for number in range(12)],
                        content_type=None,
                        accept=None,
                        timeout=10,
                        slots=slots,
                        is_stopped=lambda: False,
                    )
                )
            )

    senders = [threading.Thread(target=send, args=(name,)) for name in (b"a", b"b")]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(20)
    assert [len([each for each in one if isinstance(each, Answer)]) for one in found] == [12, 12]
    assert server.most_at_a_time <= 3
    assert server.connections <= 3


@pytest.mark.parametrize("body", [b"fail", b"refuse", b"drop", b"cut"])
@pytest.mark.parametrize("at_a_time", [1, 2])
def test_nothing_is_sent_after_a_request_that_failed(
    server: OddServer, invoker: HttpInvoker, body: bytes, at_a_time: int
) -> None:
    found = send_all(invoker, [b"1", body, *[b"slow"] * 20], at_a_time=at_a_time)
    assert found[0] == Answer(200, b"1")
    failed = found[1]
    assert failed in (Answer(500, body), Answer(400, body)) or isinstance(failed, NoModelAnswerError)
    assert found[4:] == [None] * 18
    assert len(server.headers) <= 4


def test_the_time_of_each_request_counts_from_its_own_start(invoker: HttpInvoker) -> None:
    assert send_all(invoker, [b"slow"] * 40, timeout=1.5) == [Answer(200, b"slow")] * 40  # 2 s in all
    found = send_all(invoker, [b"1", b"hang", b"2"], at_a_time=2, timeout=0.5)
    assert str(found[1]) == "no complete answer within 0.5 s"


def test_an_unusual_answer_is_read_among_several_requests_too(
    server: OddServer, invoker: HttpInvoker
) -> None:
    odd = {b"chunks": b"abcde", b"until the end": b"all", b"close": b"close", b"x": b"x"}
    assert send_all(invoker, list(odd), at_a_time=2) == [Answer(200, answer) for answer in odd.values()]
    large = bytes(range(256)) * 4000
    assert send_all(invoker, [large, b"y", large], at_a_time=2) == [
        Answer(200, body) for body in (large, b"y", large)
    ]


def test_nothing_more_is_sent_once_the_job_is_stopped(server: OddServer, invoker: HttpInvoker) -> None:
    found = send_all(invoker, [b"1"] * 50, is_stopped=lambda: len(server.headers) >= 3)
    assert found == [Answer(200, b"1")] * 3 + [None] * 47


def test_an_interrupt_ends_all_requests(server: OddServer, invoker: HttpInvoker) -> None:
    def interrupt() -> None:
        while len(server.headers) < 2:
            time.sleep(0.01)
        invoker.interrupt()

    threading.Thread(target=interrupt, daemon=True).start()
    began = time.monotonic()
    found = send_all(invoker, [b"hang"] * 5, at_a_time=2, timeout=600)
    assert [type(each) for each in found] == [NoModelAnswerError] * 2 + [type(None)] * 3
    assert time.monotonic() - began < PATIENCE_SECONDS  # the server is silent for longer
    assert isinstance(send_all(invoker, [b"1", b"2"])[0], NoModelAnswerError)


def test_a_kept_connection_serves_the_next_requests(server: OddServer, invoker: HttpInvoker) -> None:
    for _ in range(3):
        send_all(invoker, [b"1", b"2"])
    assert server.connections == 1
