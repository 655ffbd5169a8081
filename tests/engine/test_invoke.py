"""Requests to the model, and their failures."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest

from batch_transform.engine import invoke
from batch_transform.engine.batches import Batch
from batch_transform.engine.interfaces import Answer, Outcome, Requests
from batch_transform.engine.invoke import Model, ObjectRequests
from batch_transform.engine.request_groups import RequestGroups
from batch_transform.engine.settings import effective_settings
from batch_transform.engine.workers import StoppedError
from batch_transform.job.errors import (
    ModelClientError,
    ModelServerError,
    ModelTimeoutError,
    NoModelAnswerError,
    RecordError,
    TransformError,
)
from engine.fake_world import FunctionModel, request

BATCH = Batch(b"1\n2\n", (), 2, 5)
WHERE = "the request with lines 5 to 6 of the object (4 bytes)"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invoke, "_FIRST_PAUSE", 0.0)


def model(
    fake: FunctionModel,
    *,
    retries: int = 3,
    is_stopped: Callable[[], bool] = lambda: False,
    accept: str | None = None,
) -> ObjectRequests:
    client = {"InvocationsTimeoutInSeconds": 7, "InvocationsMaxRetries": retries}
    settings = effective_settings(request(ModelClientConfig=client, MaxPayloadInMB=8, accept=accept), {})
    return ObjectRequests(Model(fake, settings, is_stopped, RequestGroups(alone=True)))


@pytest.mark.parametrize("accept", ["application/json", None])
@pytest.mark.parametrize("in_runs", [False, True])
def test_headers_and_timeout_are_those_of_the_job_and_a_header_that_is_not_set_is_not_sent(
    accept: str | None, in_runs: bool
) -> None:
    fake = RunModel(lambda body: body, 2) if in_runs else FunctionModel(lambda body: body)
    assert model(fake, accept=accept).answers([BATCH, BATCH]) == [b"1\n2\n"] * 2
    assert (fake.headers, fake.timeouts) == ([("text/csv", accept)] * 2, [7, 7])


@pytest.mark.parametrize("status", [200, 201, 299])
def test_every_2xx_is_an_answer(status: int) -> None:
    requests = model(FunctionModel(lambda body: Answer(status, body)))
    assert requests.answers([BATCH, BATCH]) == [b"1\n2\n"] * 2


def test_the_pause_before_a_retry_is_twice_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float | None] = []

    class Impatient(Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout)
            return self.is_set()

    monkeypatch.setattr(invoke, "Event", Impatient)
    monkeypatch.setattr(invoke, "_FIRST_PAUSE", 0.1)
    with pytest.raises(ModelServerError):
        model(FunctionModel(lambda _: Answer(500, b"")), retries=4).answer(BATCH)
    assert pauses == [0.1, 0.2, 0.4, 0.8]


@pytest.mark.parametrize("status", [400, 415, 499])
def test_fails_at_once_for_4xx_with_the_lines_of_the_data_log(status: int) -> None:
    fake = FunctionModel(lambda _: Answer(status, b"bad row \xff\nsecond line \n\n"))
    with pytest.raises(ModelClientError) as failure:
        model(fake).answer(BATCH)
    assert failure.value.log_lines == (
        f"ClientError: {status}",
        "",
        "Message:",
        "bad row \ufffd",
        "second line ",
        f"{WHERE} was refused; BatchStrategy SingleRecord would show which line it is",
    )
    assert (failure.value.line, len(fake.bodies)) == (5, 1)


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_fails_for_5xx_after_all_retries_with_the_same_body_each_time(retries: int) -> None:
    fake = FunctionModel(lambda _: Answer(500, b"Traceback"))
    with pytest.raises(ModelServerError) as failure:
        model(fake, retries=retries).answer(BATCH)
    assert failure.value.log_lines[:4] == (
        "Bad HTTP status received from algorithm: 500",
        "",
        "Message:",
        "Traceback",
    )
    assert failure.value.line == 5
    assert fake.bodies == [BATCH.body] * (retries + 1)


@pytest.mark.parametrize(
    ("batch", "advice"),
    [
        (BATCH, "lower MaxPayloadInMB (transform.max_payload), which is 8, or raise the server's own limit"),
        (Batch(b"1\n", (), 1, 5), "it is one record, so lowering MaxPayloadInMB"),
        (Batch(iter([b"1"]), (), 1, 0), "or split the object: MaxPayloadInMB (transform.max_payload) is 0"),
    ],
)
def test_the_hint_of_a_413_names_the_limits_and_what_to_change(batch: Batch, advice: str) -> None:
    with pytest.raises(ModelClientError) as failure:
        model(FunctionModel(lambda _: Answer(413, b"too large"))).answer(batch)
    assert failure.value.log_lines[:4] == ("ClientError: 413", "", "Message:", "too large")
    hint = failure.value.log_lines[-1]
    assert "is larger than the model's server accepts" in hint
    assert advice in hint
    assert "MAX_CONTENT_LENGTH in model.env" in hint
    assert "SingleRecord" not in hint


@pytest.mark.parametrize(
    ("error", "summary", "hint"),
    [
        (NoModelAnswerError("closed"), "Unable to get response from algorithm", "closed"),
        (
            ModelTimeoutError("silence"),
            "Model server did not respond to /invocations request within 7 seconds",
            "silence; raise InvocationsTimeoutInSeconds (transform.invocations_timeout_in_seconds), or send less in "
            "a request",
        ),
    ],
)
def test_fails_for_no_answer_after_all_retries_and_says_why(
    error: NoModelAnswerError, summary: str, hint: str
) -> None:
    def silence(_: bytes) -> bytes:
        raise error

    fake = FunctionModel(silence)
    with pytest.raises(type(error)) as failure:
        model(fake).answer(BATCH)
    assert failure.value.log_lines == (summary, f"{WHERE} got no answer: {hint}")
    assert (failure.value.line, len(fake.bodies)) == (5, 4)


def test_a_retry_that_succeeds_is_a_success() -> None:
    answers = [Answer(503, b""), Answer(500, b""), Answer(200, b"ok")]
    assert model(FunctionModel(lambda _: answers.pop(0))).answer(BATCH) == b"ok"


@pytest.mark.parametrize("status", [300, 301, 199])
def test_fails_for_any_other_status(status: int) -> None:
    with pytest.raises(ModelServerError, match=f"Bad HTTP status received from algorithm: {status}"):
        model(FunctionModel(lambda _: Answer(status, b""))).answer(BATCH)


def test_stops_instead_of_retrying() -> None:
    fake = FunctionModel(lambda _: Answer(500, b""))
    with pytest.raises(StoppedError):
        model(fake, is_stopped=lambda: True).answer(BATCH)
    assert len(fake.bodies) == 1


def test_a_group_of_requests_is_answered_in_order() -> None:
    run = [Batch(b"%d" % number, (), 1, number) for number in range(1, 4)]
    assert model(FunctionModel(lambda body: b"=" + body)).answers(run) == [b"=1", b"=2", b"=3"]


def test_stops_between_the_requests_of_a_group() -> None:
    fake = FunctionModel(lambda body: body)
    with pytest.raises(StoppedError):
        model(fake, is_stopped=lambda: bool(fake.bodies)).answers([BATCH, BATCH])
    assert len(fake.bodies) == 1


class RunModel(FunctionModel):
    """A model that takes groups of requests, as many at a time as there are slots, and stops after a failure."""

    def __init__(self, reply: Callable[[bytes], bytes | Answer], at_a_time: int) -> None:
        super().__init__(reply)
        self.runs: list[list[bytes]] = []
        self._at_a_time = at_a_time

    def invoke_all(self, requests: Requests) -> list[Outcome | None]:
        bodies = requests.bodies
        self.runs.append(list(bodies))
        found: list[Outcome | None] = [None] * len(bodies)
        for start in range(0, len(bodies), self._at_a_time):
            for at, body in enumerate(bodies[start : start + self._at_a_time], start):
                found[at] = self._outcome(body, requests)
            together = found[start : start + self._at_a_time]
            if requests.is_stopped() or any(
                not isinstance(each, Answer) or each.status >= 300 for each in together
            ):
                break
        return found

    def _outcome(self, body: bytes, requests: Requests) -> Outcome:
        try:
            return self.invoke(
                body,
                content_type=requests.content_type,
                accept=requests.accept,
                timeout=requests.timeout,
            )
        except NoModelAnswerError as error:
            return error


@pytest.mark.parametrize("at_a_time", [1, 2, 3])
def test_a_group_continues_after_a_retry_that_succeeds(at_a_time: int) -> None:
    tries: dict[bytes, int] = {}

    def flaky(body: bytes) -> bytes | Answer:
        tries[body] = tries.get(body, 0) + 1
        if body == b"2" and tries[body] < 3:
            return Answer(503, b"")
        if body == b"3" and tries[body] < 2:
            raise NoModelAnswerError("silence")
        return b"=" + body

    fake = RunModel(flaky, at_a_time)
    run = [Batch(b"%d" % number, (), 1, number) for number in range(1, 7)]
    assert model(fake).answers(run) == [b"=%d" % number for number in range(1, 7)]
    assert tries == {b"1": 1, b"2": 3, b"3": 2, b"4": 1, b"5": 1, b"6": 1}
    assert len(fake.runs) > 1


def test_fails_with_the_place_of_the_request_of_a_group_that_was_refused() -> None:
    fake = RunModel(lambda body: Answer(400, b"no") if body == b"2" else body, 1)
    run = [Batch(b"%d" % number, (), 1, number) for number in range(1, 4)]
    with pytest.raises(ModelClientError, match="line 2 of the object"):
        model(fake).answers(run)
    assert fake.bodies == [b"1", b"2"]


def test_each_request_of_a_group_that_was_in_flight_and_failed_is_reported() -> None:
    fake = RunModel(lambda body: Answer(200 if body == b"2" else 400, body), 3)
    requests = model(fake)
    run = [Batch(b"%d" % number, (), 1, number) for number in range(1, 7)]
    with pytest.raises(ModelClientError, match="line 1 of the object") as failure:
        requests.answers(run)
    shown = [each.log_lines[3] for each in requests.failures(failure.value)]
    assert (shown, fake.bodies) == (["1", "3"], [b"1", b"2", b"3"])


def test_fails_without_sending_more_of_an_object_after_a_request_has_failed() -> None:
    fake = FunctionModel(lambda _: Answer(400, b"no"))
    requests = model(fake)
    with pytest.raises(ModelClientError):
        requests.answers([BATCH])
    with pytest.raises(invoke.NotSentError):
        requests.answers([BATCH])
    assert len(fake.bodies) == 1


@pytest.mark.parametrize("refusal", [Answer(400, b"no"), Answer(300, b""), NoModelAnswerError("closed")])
def test_fails_without_sending_the_rest_of_a_group_after_a_request_without_an_answer(
    refusal: Answer | NoModelAnswerError,
) -> None:
    def reply(body: bytes) -> bytes | Answer:
        if body != b"2":
            return body
        if isinstance(refusal, NoModelAnswerError):
            raise refusal
        return refusal

    fake = FunctionModel(reply)
    run = [Batch(b"%d" % number, (), 1, number) for number in range(1, 4)]
    with pytest.raises(TransformError):
        model(fake, retries=0).answers(run)
    assert fake.bodies == [b"1", b"2"]


def test_fails_without_sending_more_of_an_object_after_a_record_has_failed() -> None:
    fake = FunctionModel(lambda body: body)
    requests = model(fake)
    bad = RecordError("a bad record", line=9)
    assert requests.failures(bad) == [bad]
    for _ in range(2):
        with pytest.raises(invoke.NotSentError):
            requests.answers([BATCH])
    assert fake.bodies == []


def test_a_fast_model_gets_larger_groups() -> None:
    requests = model(FunctionModel(lambda body: body))
    few = [Batch(b"1", (), 1, line) for line in range(1, 9)]
    for _ in range(50):  # one of them is fast even on a busy machine
        requests.answers([BATCH])
        if len(next(requests._model.groups.of(few))) > 1:
            return
    pytest.fail("a run never got longer")


def test_stops_within_a_group() -> None:
    fake = RunModel(lambda body: body, 1)
    with pytest.raises(StoppedError):
        model(fake, is_stopped=lambda: bool(fake.bodies)).answers([BATCH, BATCH])
    assert len(fake.bodies) == 1
