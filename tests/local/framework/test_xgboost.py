"""The XGBoost container's contract, over HTTP."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from batch_transform.job.errors import TransformJobError
from local.framework.served import LOADS_BOOSTER, Answer, Model, OurServer, Request, ours

needs_xgboost = pytest.mark.skipif(
    importlib.util.find_spec("xgboost") is None or importlib.util.find_spec("google.protobuf") is None,
    reason="needs XGBoost: python tools/dependencies.py install --group frameworks",
)
CSV = {"Content-Type": "text/csv", "Accept": "text/csv"}
TAG = "1.7-1"


def trained(objective: str = "reg:squarederror", **settings: Any) -> Any:
    """Return a booster of four columns."""
    import xgboost  # noqa: PLC0415  # where it is installed

    rows = np.random.default_rng(1).normal(size=(200, 4))
    labels = (rows[:, 0] > 0).astype(int) if "reg" not in objective else rows[:, 0] * 2 + rows[:, 1]
    return xgboost.train(
        {"objective": objective, "seed": 1, **settings}, xgboost.DMatrix(rows, label=labels), 5
    )


def algorithm(folder: Path, *boosters: Any, **environment: str) -> Model:
    """Write a model archive that has only boosters."""
    (folder / "model").mkdir()
    for number, booster in enumerate(boosters):
        booster.save_model(folder / "model/booster.ubj")
        (folder / "model/booster.ubj").rename(folder / f"model/xgboost-model{number or ''}")
    return Model(folder / "model", {"SAGEMAKER_BATCH": "true", **environment})


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OurServer]:
    with ours(algorithm(tmp_path_factory.mktemp("regression"), trained()), "xgboost", TAG) as server:
        yield server


@needs_xgboost
def test_without_a_script_the_booster_answers_a_line_for_each_row(regression: OurServer) -> None:
    import xgboost  # noqa: PLC0415

    rows = np.array([[1, 2, 3, 4], [0, np.nan, 1, 1]], dtype=float)
    expected = "".join(f"{value}\n" for value in trained().predict(xgboost.DMatrix(rows)).tolist())
    body = b"1,2,3,4\n0,,1,1\n"
    assert regression.answer(Request(body, CSV)) == Answer(200, "text/csv; charset=utf-8", expected.encode())
    # in a transform job, the answer has one line per row, whatever Accept is
    as_json = regression.answer(Request(body, {**CSV, "Accept": "application/json"}))
    assert as_json == Answer(200, "application/json", expected.encode())
    assert regression.answer(Request(body.replace(b",", b";"), CSV)).body == expected.encode()


@needs_xgboost
def test_without_a_content_type_a_body_is_libsvm(regression: OurServer) -> None:
    csv = regression.answer(Request(b"0,2,3,\n", CSV))
    assert regression.answer(Request(b"0 0:0 1:2 2:3\n")).body == csv.body
    assert regression.answer(Request(b"0 0:0 1:2 2:3\n", {"Content-Type": "text/libsvm"})).body == csv.body


@needs_xgboost
@pytest.mark.parametrize(
    ("body", "headers", "status", "says"),
    [
        (b"", CSV, 204, b""),
        (
            b"a,b,c,d\n1,2,3,4",
            CSV,
            415,
            b"Loading csv data failed with Exception, please ensure data is in csv format",
        ),
        (b"1,2,3,4", {"Content-Type": "application/json"}, 415, b"is not an accepted ContentType"),
        (
            b"1,2,3,4",
            {**CSV, "Content-Type": "text/csv; label_size=2"},
            415,
            b"label_size must be equal to 1",
        ),
        (b"1,2,3,4,5", CSV, 400, b"Unable to evaluate payload provided"),
        (b"1,2,3,4", {**CSV, "Accept": "text/xml"}, 406, b"Accept type text/xml is not supported"),
        (b"x" * (6 * 1024**2 + 1), CSV, 413, b"Request Entity Too Large"),
    ],
)
def test_fails_with_the_containers_status(
    regression: OurServer, body: bytes, headers: dict[str, str], status: int, says: bytes
) -> None:
    answer = regression.answer(Request(body, headers))
    assert answer.status == status
    assert says in answer.body


@needs_xgboost
def test_execution_parameters_have_the_maximum_body_size(regression: OurServer, tmp_path: Path) -> None:
    request = Request(path="/execution-parameters", method="GET")
    assert json.loads(regression.answer(request).body)["MaxPayloadInMB"] == 6
    model = algorithm(tmp_path, trained(), MAX_CONTENT_LENGTH="20971520")
    with ours(model, "xgboost", TAG) as server:
        assert json.loads(server.answer(request).body)["MaxPayloadInMB"] == 20
        assert server.answer(Request(b"1,2,3,4\n" * 10**6, CSV)).status == 200


@needs_xgboost
@pytest.mark.parametrize(
    ("tag", "most", "status"), [("1.0-1-cpu-py3", 20, 200), ("1.2-1", 20, 200), ("1.2-2", 40, 406)]
)
def test_images_before_1_2_2_accept_20_mb_at_most_and_ignore_accept(
    tmp_path: Path, tag: str, most: int, status: int
) -> None:
    model = algorithm(tmp_path, trained(), MAX_CONTENT_LENGTH=str(40 * 1024**2))
    with ours(model, "xgboost", tag) as server:
        parameters = server.answer(Request(path="/execution-parameters", method="GET"))
        assert json.loads(parameters.body)["MaxPayloadInMB"] == most
        assert server.answer(Request(b"1,2,3,4", {**CSV, "Accept": "text/xml"})).status == status


@needs_xgboost
def test_several_boosters_predict_together(tmp_path: Path) -> None:
    boosters = trained(), trained(max_depth=1)
    body = b"1,2,3,4"
    alone = []
    for number, booster in enumerate(boosters):
        (tmp_path / str(number)).mkdir()
        with ours(algorithm(tmp_path / str(number), booster), "xgboost", TAG) as server:
            alone.append(float(server.answer(Request(body, CSV)).body))
    (tmp_path / "both").mkdir()
    with ours(algorithm(tmp_path / "both", *boosters), "xgboost", TAG) as server:
        assert float(server.answer(Request(body, CSV)).body) == pytest.approx(sum(alone) / 2)


@needs_xgboost
def test_parts_of_a_prediction_can_be_selected(tmp_path: Path) -> None:
    selected = "predicted_label,probability,probabilities"
    model = algorithm(tmp_path, trained("binary:logistic"), SAGEMAKER_INFERENCE_OUTPUT=selected)
    with ours(model, "xgboost", TAG) as server:
        [row] = server.answer(Request(b"1,2,3,4", CSV)).body.decode().splitlines()
        label, probability, both = row.split(",", 2)
        assert label == "1"
        assert json.loads(json.loads(both)) == pytest.approx([1 - float(probability), float(probability)])
        lines = server.answer(Request(b"1,2,3,4", {**CSV, "Accept": "application/jsonlines"}))
        assert json.loads(lines.body)["predicted_label"] == 1


@needs_xgboost
def test_a_script_gets_a_matrix_and_its_predictions_are_encoded(tmp_path: Path) -> None:
    model = Model.of(tmp_path, LOADS_BOOSTER)
    trained().save_model(model.folder / "booster.ubj")
    with ours(model, "xgboost", TAG) as server:
        answer = server.answer(Request(b"1,2,3,4\n0,,1,1", CSV))
        assert answer.content_type == "text/csv; charset=utf-8"
        assert len(answer.body.splitlines()) == 2
        with_charset = {**CSV, "Content-Type": "text/csv; charset=utf-8"}
        assert server.answer(Request(b"1,2,3,4\n0,,1,1", with_charset)) == answer
        assert server.answer(Request(b"1,2,3,4\n", CSV)).status == 500, "a newline at the end is one more row"
        assert server.answer(Request(path="/execution-parameters", method="GET")).status == 404


@needs_xgboost
@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "the archive has none; add the file xgboost-model, or set SAGEMAKER_PROGRAM"),
        (
            {"xgboost-model": b"no model"},
            "The image has XGBoost 1.7; install the same version: pip install 'xgboost==1.7.*'",
        ),
    ],
)
def test_fails_at_the_start_without_a_booster(tmp_path: Path, files: dict[str, bytes], reason: str) -> None:
    (tmp_path / "model").mkdir()
    for name, content in files.items():
        (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(TransformJobError) as failed, ours(Model(tmp_path / "model"), "xgboost", TAG):
        pass
    assert reason in "\n".join(failed.value.log_lines)


def test_fails_saying_what_to_install_when_xgboost_is_missing(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/xgboost-model").write_bytes(b"x")
    hidden = tmp_path / "hidden/xgboost.py"
    hidden.parent.mkdir()
    hidden.write_text("raise ModuleNotFoundError(\"No module named 'xgboost'\", name='xgboost')\n")
    model = Model(tmp_path / "model", {"PYTHONPATH": str(hidden.parent)})
    with pytest.raises(TransformJobError) as failed, ours(model, "xgboost", TAG):
        pass
    said = [line for line in failed.value.log_lines if "pip install xgboost" in line]
    assert len(said) == 1
    assert not any("Traceback" in line for line in failed.value.log_lines)
