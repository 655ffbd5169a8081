"""Asking the model, as often as ModelClientConfig allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Semaphore
from typing import TypeVar, cast

from batch_transform.engine.batches import Batch
from batch_transform.engine.in_order import StoppedError
from batch_transform.engine.pace import Pace
from batch_transform.engine.seams import Answer, ModelInvoker, Outcome, RunInvoker, StreamInvoker
from batch_transform.engine.settings import Settings
from batch_transform.spec.errors import ModelClientError, ModelServerError, NoModelAnswerError

_FIRST_PAUSE = 0.1  # seconds before the first retry, then doubled; SageMaker's own pauses are not known
_SHOWN_LINES = 100  # of an error page, in the log
Asked = TypeVar("Asked")


@dataclass(frozen=True)
class Model:
    """The model of a job. `places` are as many as there may be requests on their way at a time."""

    invoker: ModelInvoker
    settings: Settings
    is_stopped: Callable[[], bool]
    pace: Pace = field(default_factory=lambda: Pace(alone=False))
    places: Semaphore = field(default_factory=Semaphore)

    def answers(self, run: list[Batch]) -> list[bytes]:
        """Return the answers to some requests. See `answer`."""
        with self.places:
            began = time.perf_counter()
            answers = [self.answer(run[0])] if len(run) == 1 else self._answers(run)
            self.pace.saw(len(run), time.perf_counter() - began)
        return answers

    def answer(self, batch: Batch) -> bytes:
        """Return the body of the model's 2xx answer.

        Retries 5xx and missing answers InvocationsMaxRetries times, and nothing else: a 4xx is the
        model's verdict on the data (which failures SageMaker retries is not documented). Raises
        ModelClientError, ModelServerError and NoModelAnswerError with the lines of AWS's data log.
        """
        return self._settled(batch, self._asked_once(batch))

    def _answers(self, run: list[Batch]) -> list[bytes]:
        answers: list[bytes | None] = [None] * len(run)
        left = list(range(len(run)))
        while left:
            outcomes = self._asked([run[at] for at in left])
            for at, outcome in zip(left, outcomes, strict=True):
                if outcome is not None:
                    answers[at] = self._settled(run[at], outcome)
            left = [at for at in left if answers[at] is None]
            if left and self.is_stopped():
                raise StoppedError
        return [answer for answer in answers if answer is not None]

    def _settled(self, batch: Batch, outcome: Outcome) -> bytes:
        """Return the answer of a request that was sent once, or of another try."""
        pause = _FIRST_PAUSE
        for tries_left in range(self.settings.max_retries, -1, -1):
            try:
                return _answer_of(batch, outcome)
            except (ModelServerError, NoModelAnswerError):
                if not tries_left:
                    raise
            if self.is_stopped():
                raise StoppedError
            time.sleep(pause)
            pause *= 2
            outcome = self._asked_once(batch)
        raise AssertionError("the last try returns or raises")

    def _asked(self, run: list[Batch]) -> list[Outcome | None]:
        """What became of some requests: see `RunInvoker`."""
        settings = self.settings
        bodies = [batch.body for batch in run if isinstance(batch.body, bytes)]
        if not isinstance(self.invoker, RunInvoker) or len(bodies) < len(run):
            return one_by_one(self._asked_once, run, self.is_stopped)
        return self.invoker.invoke_run(
            bodies,
            content_type=settings.content_type,
            accept=settings.accept,
            timeout=settings.timeout,
            places=self.places,
            is_stopped=self.is_stopped,
        )

    def _asked_once(self, batch: Batch) -> Outcome:
        settings = self.settings
        # A body in pieces is for an invoker that takes such: see `StreamInvoker`.
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


def one_by_one(
    ask: Callable[[Asked], Outcome], requests: Sequence[Asked], is_stopped: Callable[[], bool]
) -> list[Outcome | None]:
    """Ask one after the other, as `RunInvoker.invoke_run` does with a single place."""
    outcomes: list[Outcome | None] = []
    for request in requests:
        outcome = ask(request)
        outcomes.append(outcome)
        if not _is_success(outcome) or is_stopped():
            break
    return outcomes + [None] * (len(requests) - len(outcomes))


def _is_success(outcome: Outcome) -> bool:
    return isinstance(outcome, Answer) and 200 <= outcome.status < 300


def _answer_of(batch: Batch, outcome: Outcome) -> bytes:
    if isinstance(outcome, NoModelAnswerError):
        raise NoModelAnswerError(
            "Unable to get response from algorithm", f"{_request(batch)} got no answer: {outcome}"
        ) from outcome
    if 200 <= outcome.status < 300:
        return outcome.body
    body = outcome.body.decode("utf-8", "replace").rstrip("\n").split("\n")[:_SHOWN_LINES]
    if 400 <= outcome.status < 500:
        raise ModelClientError(f"ClientError: {outcome.status}", "", "Message:", *body, _hint(batch))
    said = f"Bad HTTP status received from algorithm: {outcome.status}"
    raise ModelServerError(said, "", "Message:", *body, _hint(batch))


def _request(batch: Batch) -> str:
    size = "streamed" if batch.size is None else f"{batch.size:,} bytes"
    return f"the request with {batch.place} ({size})"


def _hint(batch: Batch) -> str:
    if batch.count == 1:
        return f"{_request(batch)} was refused"
    return f"{_request(batch)} was refused; BatchStrategy SingleRecord would show which line it is"
