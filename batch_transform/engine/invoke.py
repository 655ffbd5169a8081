"""Sends requests to the model, with as many retries as ModelClientConfig allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Condition, Event, Semaphore
from typing import TypeVar, cast

from batch_transform.engine.batches import Batch
from batch_transform.engine.interfaces import (
    Answer,
    ConcurrentInvoker,
    ModelInvoker,
    Outcome,
    Requests,
    StreamInvoker,
)
from batch_transform.engine.request_groups import RequestGroups
from batch_transform.engine.settings import MIB, Settings
from batch_transform.engine.workers import StoppedError
from batch_transform.job.errors import (
    ModelClientError,
    ModelServerError,
    ModelTimeoutError,
    NoModelAnswerError,
    TransformError,
)

_FIRST_PAUSE = 0.1  # seconds before the first retry, then doubled; SageMaker's pauses are not documented
_SHOWN_LINES = 100  # of an error page, in the log
_STOP_CHECK_SECONDS = 0.1  # seconds between two checks of whether the job was stopped
Request = TypeVar("Request")


class NotSentError(Exception):
    """When a request was not sent, because another one of its object had failed. It never leaves the engine."""


@dataclass(frozen=True)
class Model:
    """The model of a job. `slots` limits the number of requests in flight."""

    invoker: ModelInvoker
    settings: Settings
    is_stopped: Callable[[], bool]
    groups: RequestGroups = field(default_factory=lambda: RequestGroups(alone=False))
    slots: Semaphore = field(default_factory=Semaphore)

    def send(self, group: list[Batch], is_stopped: Callable[[], bool]) -> list[Outcome | None]:
        """Send each request of the group once, and return the outcomes: see `ConcurrentInvoker`."""
        settings = self.settings
        bodies = [batch.body for batch in group if isinstance(batch.body, bytes)]
        if not isinstance(self.invoker, ConcurrentInvoker) or len(bodies) < len(group):
            return one_by_one(self.send_once, group, is_stopped)
        return self.invoker.invoke_all(
            Requests(bodies, settings.content_type, settings.accept, settings.timeout, self.slots, is_stopped)
        )

    def send_once(self, batch: Batch) -> Outcome:
        """Send one request once and return its outcome."""
        settings = self.settings
        # A body in pieces needs a StreamInvoker: see `ModelInvoker`.
        invoker = cast("StreamInvoker", self.invoker)
        try:
            return invoker.invoke(
                cast("Iterable[bytes]", batch.body),
                content_type=settings.content_type,
                accept=settings.accept,
                timeout=settings.timeout,
            )
        except NoModelAnswerError as error:
            return error


class ObjectRequests:
    """The requests of one object to the model. Thread safe.

    On SageMaker, MaxConcurrentTransforms requests are in flight at a time; here, a model may answer before the next
    request is sent. So after a failure, requests are still sent until there were that many, as if all of them had been
    in flight. Then no more are sent, and none is retried. The data log has lines for each request that fails: recorded
    for several requests in flight that were answered with 4xx; inferred for other failures.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._left_to_send: int | None = None  # None until one has failed
        self._has_failed = Event()
        self._changed = Condition()
        self._in_flight = 0
        self._failures: list[tuple[int, TransformError]] = []

    def answers(self, group: list[Batch]) -> list[bytes]:
        """Return the answers to a group of requests: see `answer`. Raises NotSentError once another one has failed."""
        with self._model.slots, self._in_flight_now():
            began = time.perf_counter()
            answers = [self.answer(group[0])] if len(group) == 1 else self._group_answers(group)
            self._model.groups.note_duration(len(group), time.perf_counter() - began)
        return answers

    def answer(self, batch: Batch) -> bytes:
        """Return the body of the model's 2xx answer.

        Retries only 5xx and missing answers, InvocationsMaxRetries times: a 4xx is the model's verdict
        on the data. Which failures SageMaker retries is not documented. Raises
        ModelClientError, ModelServerError and NoModelAnswerError with the lines of AWS's data log.
        """
        return self._answer_with_retries(batch, self._model.send_once(batch))

    def failures(self, error: Exception) -> list[TransformError]:
        """Return all failures of the object, `error` included, in the order of the input.

        Waits for the requests in flight. Raises StoppedError if the job is stopped meanwhile.
        """
        self._has_failed.set()
        with self._changed:
            self._left_to_send = 0
            while self._in_flight:
                if self._model.is_stopped():
                    raise StoppedError
                self._changed.wait(_STOP_CHECK_SECONDS)
            found = [failure for _, failure in sorted(self._failures, key=lambda one: one[0])]
        return [error, *found] if isinstance(error, TransformError) and error not in found else found

    @contextmanager
    def _in_flight_now(self) -> Iterator[None]:
        with self._changed:
            if self._left_to_send is not None:
                if not self._left_to_send:
                    raise NotSentError
                self._left_to_send -= 1
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    def _group_answers(self, group: list[Batch]) -> list[bytes]:
        answers: list[bytes | None] = [None] * len(group)
        left = list(range(len(group)))
        while left:
            failed: TransformError | None = None
            outcomes = self._model.send([group[at] for at in left], self._must_stop)
            for at, outcome in zip(left, outcomes, strict=True):
                if outcome is not None:
                    try:
                        answers[at] = self._answer_with_retries(group[at], outcome)
                    except TransformError as error:
                        failed = failed or error
            if failed:
                raise failed
            left = [at for at in left if answers[at] is None]
            if left and self._model.is_stopped():
                raise StoppedError
            if left and self._has_failed.is_set():
                raise NotSentError
        return [answer for answer in answers if answer is not None]

    def _must_stop(self) -> bool:
        return self._has_failed.is_set() or self._model.is_stopped()

    def _answer_with_retries(self, batch: Batch, outcome: Outcome) -> bytes:
        """Return the answer in the outcome of the first attempt, or else that of a retry."""
        pause = _FIRST_PAUSE
        settings = self._model.settings
        for tries_left in range(settings.max_retries, -1, -1):
            try:
                return _answer_of(batch, outcome, settings)
            except TransformError as error:
                is_last = not tries_left or isinstance(error, ModelClientError)
                if not is_last and self._model.is_stopped():
                    raise StoppedError from error
                if is_last or self._has_failed.wait(pause):
                    self._record_failure(batch, error)
                    raise
            pause *= 2
            outcome = self._model.send_once(batch)
        raise AssertionError("the last try returns or raises")

    def _record_failure(self, batch: Batch, error: TransformError) -> None:
        with self._changed:
            self._failures.append((batch.first_line, error))
            if self._left_to_send is None:
                most = self._model.settings.max_concurrent_transforms
                self._left_to_send = max(0, most - self._in_flight)
        self._has_failed.set()


def one_by_one(
    ask: Callable[[Request], Outcome], requests: Sequence[Request], is_stopped: Callable[[], bool]
) -> list[Outcome | None]:
    """Send requests one after the other, as `ConcurrentInvoker.invoke_all` does with a single slot."""
    outcomes: list[Outcome | None] = []
    for request in requests:
        outcome = ask(request)
        outcomes.append(outcome)
        if not _is_success(outcome) or is_stopped():
            break
    return outcomes + [None] * (len(requests) - len(outcomes))


def _is_success(outcome: Outcome) -> bool:
    return isinstance(outcome, Answer) and 200 <= outcome.status < 300


def _answer_of(batch: Batch, outcome: Outcome, settings: Settings) -> bytes:
    if isinstance(outcome, ModelTimeoutError):
        raise ModelTimeoutError(
            f"Model server did not respond to /invocations request within {settings.timeout:g} seconds",
            f"{_request(batch)} got no answer: {outcome}; raise InvocationsTimeoutInSeconds "
            "(transform.invocations_timeout_in_seconds), or send less in a request",
            line=batch.first_line,
        ) from outcome
    if isinstance(outcome, NoModelAnswerError):
        raise NoModelAnswerError(
            "Unable to get response from algorithm",
            f"{_request(batch)} got no answer: {outcome}",
            line=batch.first_line,
        ) from outcome
    if 200 <= outcome.status < 300:
        return outcome.body
    body = outcome.body.decode("utf-8", "replace").rstrip("\n").split("\n")[:_SHOWN_LINES]
    hint = _hint(batch, outcome.status, settings)
    if 400 <= outcome.status < 500:
        summary = f"ClientError: {outcome.status}"
        raise ModelClientError(summary, "", "Message:", *body, hint, line=batch.first_line)
    summary = f"Bad HTTP status received from algorithm: {outcome.status}"
    raise ModelServerError(summary, "", "Message:", *body, hint, line=batch.first_line)


def _request(batch: Batch) -> str:
    size = "streamed" if batch.size is None else f"{batch.size:,} bytes"
    return f"the request with {batch.place} ({size})"


def _hint(batch: Batch, status: int, settings: Settings) -> str:
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return f"{_request(batch)} is larger than the model's server accepts; {_smaller(batch, settings)}"
    if batch.count == 1:
        return f"{_request(batch)} was refused"
    return f"{_request(batch)} was refused; BatchStrategy SingleRecord would show which line it is"


def _smaller(batch: Batch, settings: Settings) -> str:
    """Return the fix for a 413. The limit belongs to the container; the engine doesn't know it."""
    raised = (
        "raise the server's own limit (XGBoost: MAX_CONTENT_LENGTH in model.env, 6,291,456 bytes unless set)"
    )
    if batch.size is None:
        return f"{raised}, or split the object: MaxPayloadInMB (transform.max_payload) is 0, which streams it whole"
    payload = f"MaxPayloadInMB (transform.max_payload), which is {settings.max_payload // MIB}"
    if batch.count > 1:
        return f"lower {payload}, or {raised}"
    return f"it is one record, so lowering {payload}, would not help: {raised}, or send less of the record"
