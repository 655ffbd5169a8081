"""Compares our servers with AWS's own code: both serve the same model and the same requests.

Status, content type and body must agree. Two things are not compared: the text of a traceback between its first and
last line, and the times and addresses in XGBoost's errors.
"""

from __future__ import annotations

import importlib.util
import io
import itertools
import json
import os
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from local.framework.served import LOADS_BOOSTER, TOOLKITS, Answer, Model, Request, awss, ours, torchserve
from local.framework.test_pytorch import TRANSFORMS
from local.framework.test_scikit_learn import AWS_EXAMPLE, DOUBLER, ECHO, RETURNS
from local.framework.test_xgboost import algorithm, trained

pytestmark = pytest.mark.skipif(
    not (TOOLKITS / ".made").exists(), reason="needs AWS's own code: tests/local/clients/install toolkits"
)
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs PyTorch")
needs_xgboost_container = pytest.mark.skipif(
    importlib.util.find_spec("xgboost") is None or "XGBOOST_CONTAINER" not in os.environ,
    reason="needs the container's own code: a clone of aws/sagemaker-xgboost-container, named by XGBOOST_CONTAINER",
)

TYPES = (
    None,
    "text/csv",
    "text/csv; charset=utf-8",
    "application/json",
    "application/json;charset=UTF-8",
    "application/x-npy",
    "application/x-npz",
    "application/jsonlines",
    "text/xml",
    "TEXT/CSV",
)
ACCEPTS = (*TYPES, "*/*", "application/json, text/csv", "text/xml,text/csv", "text/csv;q=0.5")


class Server(Protocol):
    """Our server or AWS's."""

    def answer(self, request: Request) -> Answer:
        """Answer a request."""


def disagreements(
    requests: Iterable[Request],
    our: Server,
    aws: Server,
    seen: Callable[[Answer], Answer] = lambda answer: answer,
) -> tuple[int, list[tuple[Request, Answer, Answer]]]:
    """Return the number of requests, and the requests with different answers."""
    count, different = 0, []
    for request in requests:
        count += 1
        mine, theirs = seen(our.answer(request)), seen(aws.answer(request))
        if mine != theirs:
            different.append((request, mine, theirs))
    return count, different


def request(body: bytes, content_type: str | None, accept: str | None) -> Request:
    headers = {"Content-Type": content_type, "Accept": accept}
    return Request(body, {name: value for name, value in headers.items() if value is not None})


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


BODIES = (
    *(
        b"1,2\n3,4\n",
        b"1,2",
        b'"1","2"\n3,4',
        b"",
        b"\n",
        b"a,b",
        b"#1,2\n3,4",
        b"1,,2",
        b"1,2\n3",
        b'"',
        b"1;2\n3;4",
    ),
    *(
        b" 1, 2\n3 ,4\n",
        b"1e400,-0\nnan,inf\n",
        b"1,2\r\n3,4\r\n",
        b"\xef\xbb\xbf1,2\n3,4",
        b"\xff",
        b"5",
        b"1_0,2\n3,4",
    ),
    *(
        b"[1,2]",
        b"[[1,2],[3,4]]",
        b'{"a": 1}',
        b"null",
        b"[[1],[2,3]]",
        b'["a"]',
        b"[",
        b"NaN",
        b"[[1.5,true]]",
    ),
    *(npy([[1.5, 2.0]]), npy([1, 2]), npy(np.array([["a", "b"]]))),
)


def product(
    bodies: Iterable[bytes], types: Iterable[str | None], accepts: Iterable[str | None]
) -> Iterator[Request]:
    yield from itertools.starmap(request, itertools.product(bodies, types, accepts))


def table() -> Iterator[Request]:
    yield from product(BODIES[:2], TYPES, ACCEPTS)
    yield from product(
        BODIES, ("text/csv", "application/json", "application/x-npy", None), ("text/csv", None)
    )
    for path in ("/ping", "/execution-parameters"):
        yield Request(path=path, method="GET")


def generated(seed: int, count: int) -> Iterator[Request]:
    """Bodies that mostly match their content type, with cells that are mostly numbers."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    numbers = (
        "1",
        "-2.5",
        "1e3",
        ".5",
        "0x1",
        "1e-320",
        "9007199254740993",
        "+7",
        " 8",
        "9 ",
        "NaN",
        "-inf",
        "٣",
    )
    others = ("", "a", "None", '"4"', '"5,6"', '"7""8"', "1.2.3", "é", "#", "'1'")

    def cell() -> str:
        return chance.choice(numbers if chance.random() < 0.9 else others)

    for _ in range(count):
        kind = chance.choice(("text/csv", "application/json", "application/x-npy"))
        columns = chance.randint(1, 4)
        rows = [[cell() for _ in range(columns)] for _ in range(chance.randint(0, 4))]
        if kind == "text/csv":
            separator = chance.choice((",",) * 8 + (";", "\t"))
            end = chance.choice(("\n",) * 8 + ("\r\n", "\n\n"))
            body = end.join(separator.join(row) for row in rows) + chance.choice(("", end))
            data = body.encode()
        elif kind == "application/json":
            value: Any = [[chance.choice((1, 2.5, True, None, "x", 10**20)) for _ in row] for row in rows]
            data = json.dumps(
                chance.choice((value, value[:1], {"instances": value}, value and value[0]))
            ).encode()
        else:
            shape = chance.choice(((columns,), (len(rows), columns), (1, columns, 2), ()))
            made = np.random.default_rng(chance.randint(0, 10**6)).normal(size=shape)
            data = npy(made.astype(chance.choice(("f8", "f4", "i4", "?"))))
        if chance.random() < 0.05:
            data = data[: chance.randint(0, len(data))]
        sent_as = kind if chance.random() < 0.9 else chance.choice(TYPES)
        yield request(data, sent_as, chance.choice(ACCEPTS))


RAISES_ITS_OWN = """
from sagemaker_containers.beta.framework import encoders, errors, worker
def model_fn(model_dir):
    return 3
def input_fn(data, content_type):
    if content_type == "text/xml":
        raise errors.UnsupportedFormatError(content_type)
    return encoders.csv_to_numpy(data, dtype=float) if isinstance(data, str) else encoders.decode(data, content_type)
def predict_fn(data, model):
    return data * model
def output_fn(prediction, accept):
    if accept == "text/xml":
        raise errors.UnsupportedFormatError(accept)
    if accept == "application/x-npy":
        return encoders.array_to_npy(prediction), accept
    if accept == "text/csv;q=0.5":
        return worker.Response(encoders.array_to_csv(prediction), status=201, mimetype="text/csv")
    return encoders.encode(prediction, "application/json")
"""

RESULTS = (
    *(
        b"'x'",
        b"b'x'",
        b"('x', 'text/csv')",
        b"(b'x', 'a/b')",
        b"('x', 'text/csv; charset=latin-1')",
        b"None",
        b"5",
    ),
    *(
        b"{'a': 1}",
        b"[1, 2]",
        b"()",
        b"('x',)",
        b"('x', 'a/b', 3)",
        b"1 / 0",
        b"f'{data!r}'",
        b"{1, 2}",
        b"lambda: 5",
    ),
)
FLASK_RESULTS = (
    *(
        b"worker.Response('x', status=422)",
        b"flask.Response('', 204)",
        b"flask.Response('x')",
        b"flask.abort(418)",
    ),
    *(b"worker.Response(b'x', mimetype=accept)", b"worker.Response(['a', 'b'])", b"flask.jsonify(a=1)"),
    *(b"worker.Request().content_type", b"str(worker.Request().accept)", b"worker.Response('x', accept)"),
    b"flask.request.headers.get('X-Mine', 'none')",
)


@pytest.mark.parametrize("framework", ["sklearn", "xgboost"])
@pytest.mark.parametrize(
    ("code", "requests"),
    [
        (DOUBLER, [*table(), *generated(seed=1, count=600)]),
        (ECHO, [*product(BODIES[:1], TYPES, ACCEPTS)]),
        (RAISES_ITS_OWN, [*table(), *generated(seed=2, count=300)]),
        (
            AWS_EXAMPLE,
            [request(b"1,2", content_type, accept) for content_type in TYPES for accept in ACCEPTS],
        ),
        (RETURNS, [*product(RESULTS + FLASK_RESULTS, TYPES[:3], ACCEPTS[:4])]),
    ],
    ids=["defaults", "echo", "encoders", "aws-example", "results"],
)
def test_a_script_is_answered_as_by_sagemaker_containers(
    tmp_path: Path,
    framework: str,
    code: str,
    requests: Sequence[Request],
    record_property: Callable[[str, int], None],
) -> None:
    """The base of the two images. The XGBoost image's own decoders exist only in its repository: see below."""
    if framework == "xgboost" and code == DOUBLER:
        pytest.skip("the decoders are the container's own")
    model = Model.of(tmp_path, code, "my_model.py", SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="application/json")
    with ours(model, framework) as our, awss(model, framework) as aws:
        count, different = disagreements(requests, our, aws)
    record_property(f"{framework} requests that agree", count - len(different))
    assert not different[:3]


def without_trace(answer: Answer) -> Answer:
    """Return a traceback without paths and addresses."""
    first, found, rest = answer.body.partition(b"\nTraceback (most recent call last):\n")
    last = rest.strip().splitlines()[-1:]
    body = re.sub(rb" at 0x[0-9a-f]+", b"", first + found + b"".join(last))
    return Answer(answer.status, answer.content_type, body)


TORCH_DOUBLER = DOUBLER.replace("class Doubler", "import torch\nclass Doubler(torch.nn.Module)").replace(
    "predict", "forward"
)
FORM = b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n1,2\r\n--x--\r\n'


@needs_torch
@pytest.mark.parametrize(
    ("code", "requests"),
    [
        (
            TORCH_DOUBLER,
            [*table(), *generated(seed=3, count=600)],
        ),
        (
            ECHO.replace("data, content_type):", "data, content_type, context):"),
            [*product(BODIES[:1], TYPES, ACCEPTS)],
        ),
        (
            TRANSFORMS,
            [
                *product(RESULTS, TYPES[:3], ACCEPTS[:4]),
                request(b"exit()", "text/csv", None),
                *(request(body, "multipart/form-data; boundary=x", None) for body in (FORM, b"", b"'x'")),
                *(
                    request(body, "application/x-www-form-urlencoded", None)
                    for body in (b"body=5", b"a=5", b"")
                ),
                request(b"'x' * 6_553_500", "text/csv", None),
                request(b"'x' * 6_553_501", "text/csv", None),
                request(b"'" + b"x" * 6_553_498 + b"'", "text/csv", None),
                request(b"x" * 6_553_501, "text/csv", None),
                request(b"time.sleep(20)", "text/csv", None),
                *(
                    Request(path=path, method="GET")
                    for path in ("/ping", "/execution-parameters", "/invocations")
                ),
            ],
        ),
    ],
    ids=["defaults", "echo", "results"],
)
def test_a_script_is_answered_as_by_the_pytorch_container(
    tmp_path: Path, code: str, requests: Sequence[Request], record_property: Callable[[str, int], None]
) -> None:
    given = Model.of(tmp_path, code, "my_model.py")
    environment = {
        "SAGEMAKER_PROGRAM": "my_model.py",
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
        "TS_DEFAULT_RESPONSE_TIMEOUT": "5",
    }
    model = Model(given.folder, environment)
    with ours(model, "pytorch") as our, torchserve(model) as aws:
        count, different = disagreements(requests, our, aws, without_trace)
    record_property("pytorch requests that agree", count - len(different))
    assert not different[:3]


def without_addresses(answer: Answer) -> Answer:
    """Return XGBoost's error without its time and place."""
    body = re.sub(rb"\[\d\d:\d\d:\d\d\] ", b"", answer.body.partition(b"Stack trace")[0])
    return Answer(answer.status, answer.content_type, body)


XGBOOST_TYPES = (
    *(
        None,
        "text/csv",
        "text/csv; label_size=1",
        "text/csv;label_size=2",
        "csv",
        "TEXT/CSV",
        "text/libsvm",
        "libsvm",
    ),
    *("text/x-libsvm", "application/x-recordio-protobuf", "application/json", "application/x-parquet"),
)
XGBOOST_BODIES = (
    *(
        b"1,2,3,4\n5,6,7,8\n",
        b"1,2,3,4",
        b"1;2;3;4",
        b"1\t2\t3\t4\n,,2,3",
        b"",
        b"a,b,c,d",
        b"1,2\n3",
        b"1,2,3,4,5",
    ),
    *(
        b"1 2 3 4",
        b'"1",2,3,4',
        b"\n",
        b"\xff",
        b"1 1:2 2:3 4:1",
        b"0:1 1:2 2:1 3:4\n0:1",
        b"a:b",
        b"1 1:2 5:3",
    ),
    b"x" * 120,
)
SELECT = "predicted_label, probability,probabilities,raw_score,raw_scores,labels,predicted_score"


@needs_xgboost_container
@pytest.mark.parametrize(
    ("objective", "settings", "environment", "boosters"),
    [
        ("reg:squarederror", {}, {}, 1),
        ("reg:squarederror", {}, {"SAGEMAKER_BATCH": ""}, 1),
        ("reg:squarederror", {}, {"MAX_CONTENT_LENGTH": "100"}, 2),
        ("binary:logistic", {}, {"SAGEMAKER_INFERENCE_OUTPUT": SELECT}, 1),
        ("multi:softprob", {"num_class": 3}, {"SAGEMAKER_INFERENCE_OUTPUT": SELECT}, 1),
        ("multi:softmax", {"num_class": 3}, {"SAGEMAKER_INFERENCE_OUTPUT": "raw_scores,labels"}, 2),
        ("binary:hinge", {}, {"SAGEMAKER_INFERENCE_OUTPUT": "raw_score", "SAGEMAKER_BATCH": ""}, 1),
        ("reg:pseudohubererror", {}, {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_score"}, 1),
    ],
)
def test_the_algorithm_answers_as_its_container_does(  # noqa: PLR0917  # what pytest passes
    tmp_path: Path,
    objective: str,
    settings: dict[str, Any],
    environment: dict[str, str],
    boosters: int,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, int], None],
) -> None:
    monkeypatch.setenv("CONTAINER_SOURCE", f"{os.environ['XGBOOST_CONTAINER']}/src")
    made = [trained(objective, **settings, max_depth=depth) for depth in range(1, boosters + 1)]
    model = algorithm(tmp_path, *made, **environment)
    accepts = (None, "text/csv", "application/json", "application/jsonlines", "text/xml", "*/*", "TEXT/CSV")
    requests = product(XGBOOST_BODIES, XGBOOST_TYPES, accepts)
    parameters = [Request(path=path, method="GET") for path in ("/ping", "/execution-parameters")]
    with ours(model, "xgboost") as our, awss(model, "xgboost") as aws:
        count, different = disagreements([*requests, *parameters], our, aws, without_addresses)
    record_property("xgboost requests that agree", count - len(different))
    assert not different[:3]


@needs_xgboost_container
def test_a_scripts_default_functions_are_those_of_the_xgboost_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, int], None]
) -> None:
    monkeypatch.setenv("CONTAINER_SOURCE", f"{os.environ['XGBOOST_CONTAINER']}/src")
    model = Model.of(tmp_path, LOADS_BOOSTER)
    trained().save_model(model.folder / "booster.ubj")
    requests = product(
        XGBOOST_BODIES, XGBOOST_TYPES, (None, "text/csv", "application/json", "text/xml", "*/*")
    )
    with ours(model, "xgboost") as our, awss(model, "xgboost") as aws:
        count, different = disagreements(requests, our, aws, without_addresses)
    record_property("xgboost requests that agree", count - len(different))
    assert not different[:3]
