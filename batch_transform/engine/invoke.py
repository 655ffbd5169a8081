"""Asking the model, as often as ModelClientConfig allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

from batch_transform.engine.batches import Batch
from batch_transform.engine.in_order import StoppedError
from batch_transform.engine.pace import Pace
from batch_transform.engine.seams import Answer, ModelInvoker, StreamInvoker
from batch_transform.engine.settings import Settings
from batch_transform.spec.errors import ModelClientError, ModelServerError, NoModelAnswerError

_FIRST_PAUSE = 0.1  # seconds before the first retry, then doubled; SageMaker's own pauses are not known
_SHOWN_LINES = 100  # of an error page, in the log


@dataclass(frozen=True)
class Model:
    """The model of a job."""

    invoker: ModelInvoker
    settings: Settings
    is_stopped: Callable[[], bool]
    pace: Pace = field(default_factory=lambda: Pace(alone=False))

    def answers(self, run: list[Batch]) -> list[bytes]:
        """Return the answers to some requests, asked one after the other. See `answer`."""
        began = time.perf_counter()
        answers: list[bytes] = []
        for batch in run:
            if answers and self.is_stopped():
                raise StoppedError
            answers.append(self.answer(batch))
        self.pace.saw(len(run), time.perf_counter() - began)
        return answers

    def answer(self, batch: Batch) -> bytes:
        """Return the body of the model's 2xx answer.

        Retries 5xx and missing answers InvocationsMaxRetries times, and nothing else: a 4xx is the
        model's verdict on the data (which failures SageMaker retries is not documented). Raises
        ModelClientError, ModelServerError and NoModelAnswerError with the lines of AWS's data log.
        """
        pause = _FIRST_PAUSE
        for tries_left in range(self.settings.max_retries, -1, -1):
            try:
                return self._answer_once(batch)
            except (ModelServerError, NoModelAnswerError):
                if not tries_left:
                    raise
            if self.is_stopped():
                raise StoppedError
            time.sleep(pause)
            pause *= 2
        raise AssertionError("the last try returns or raises")

    def _posted(self, body: bytes | Iterable[bytes]) -> Answer:
        settings = self.settings
        if isinstance(body, bytes):
            return self.invoker.invoke(
                body,
                content_type=settings.content_type,
                accept=settings.accept,
                timeout=settings.timeout,
            )
        return cast("StreamInvoker", self.invoker).invoke(
            body, content_type=settings.content_type, accept=settings.accept, timeout=settings.timeout
        )

    def _answer_once(self, batch: Batch) -> bytes:
        try:
            answer = self._posted(batch.body)
        except NoModelAnswerError as error:
            raise NoModelAnswerError(
                "Unable to get response from algorithm", f"{_request(batch)} got no answer: {error}"
            ) from error
        if 200 <= answer.status < 300:
            return answer.body
        body = answer.body.decode("utf-8", "replace").rstrip("\n").split("\n")[:_SHOWN_LINES]
        if 400 <= answer.status < 500:
            raise ModelClientError(f"ClientError: {answer.status}", "", "Message:", *body, _hint(batch))
        said = f"Bad HTTP status received from algorithm: {answer.status}"
        raise ModelServerError(said, "", "Message:", *body, _hint(batch))


def _request(batch: Batch) -> str:
    size = f"{batch.size:,} bytes" if isinstance(batch.body, bytes) else "streamed"
    return f"the request with {batch.place} ({size})"


def _hint(batch: Batch) -> str:
    if batch.count == 1:
        return f"{_request(batch)} was refused"
    return f"{_request(batch)} was refused; BatchStrategy SingleRecord would show which line it is"
