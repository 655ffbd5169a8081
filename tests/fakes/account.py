"""An account of AWS with some faults: real clients, whose requests and responses botocore's models check."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

ACCOUNT = "111122223333"
REGION = "eu-west-1"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/ann"


@dataclass(frozen=True)
class Refusal:
    """An error that an operation answers with."""

    code: str
    message: str = ""
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Mapping[str, Any] | Refusal


class FakeAccount:
    """Answers each operation, named as in `kms.DescribeKey`. `calls` are those that were made.

    An operation without an answer fails the test. Clients are made once for all tests, since that takes a second: they
    ask the account that was made last.
    """

    _asked: FakeAccount

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.calls: list[str] = []
        self._answers = {"sts.GetCallerIdentity": {"Account": ACCOUNT, "Arn": CALLER}, **answers}
        FakeAccount._asked = self

    def client(self, service: str, _region: str | None = None) -> Any:
        return _client(service)

    @classmethod
    def respond(cls, service: str, model: Any) -> tuple[Any, Any]:
        call, asked = f"{service}.{model.name}", cls._asked
        asked.calls.append(call)
        answer = asked._answers[call]
        if isinstance(answer, Refusal):
            about = {"HTTPStatusCode": answer.status, "HTTPHeaders": dict(answer.headers)}
            error = {"Code": answer.code, "Message": answer.message}
            return SimpleNamespace(status_code=answer.status), {"Error": error, "ResponseMetadata": about}
        answer = copy.deepcopy(dict(answer))  # botocore decodes some members in place
        faults = ParamValidator().validate(answer, model.output_shape)
        assert not faults.has_errors(), faults.generate_report()
        return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}


@functools.cache
def _client(service: str) -> Any:
    client: Any = botocore.session.get_session().create_client(
        service, region_name=REGION, aws_access_key_id="an-id", aws_secret_access_key="a-secret"
    )
    client.meta.events.register("before-call", lambda model, **_: FakeAccount.respond(service, model))
    return client
