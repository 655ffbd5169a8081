from __future__ import annotations

from typing import Any

import pytest

from batch_transform.job.run_page.predictions import prediction_values, whole_lines


def a_request(accept: str | None) -> dict[str, Any]:
    return {"TransformOutput": {"S3OutputPath": "s3://out/", **({"Accept": accept} if accept else {})}}


def values(
    accept: str | None, *lines: str, kept: list[str] | None = None, answered: tuple[str, ...] = ()
) -> list[str]:
    return list(prediction_values(lines, a_request(accept), kept, answered))


def test_the_last_column_that_the_model_answered_is_the_prediction() -> None:
    rows = ('7,0.9,"yes, really",gold', "8,0.1,no,basic")
    kept = ["id", "probability", "prediction", "plan"]
    found = values("text/csv", *rows, kept=kept, answered=("probability", "prediction"))
    assert found == ["yes, really", "no"]


def test_without_names_it_is_the_last_column() -> None:
    assert values("text/csv; charset=utf-8", "7,0.9,yes", "8,no", "") == ["yes", "no"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0.25", ["0.25"]),
        ('"yes"', ["yes"]),
        ("true", ["true"]),
        ('{"prediction": false}', ["false"]),
        ('{"score": 0.9, "label": "yes"}', ["yes"]),
        ("[[[[0.25]]]]", []),
        ("[" * 100_000, []),
        ("[0.25]", ["0.25"]),
        ('{"id": 7, "SageMakerOutput": {"prediction": "yes", "score": 0.9}}', ["yes"]),
        ('{"predictions": [{"score": 0.9}]}', ["0.9"]),
        ('{"id": 7, "SageMakerOutput": [0.1, 0.9]}', []),
        ('{"other": 1}', []),
        ("no json", []),
        ("null", []),
    ],
)
def test_a_prediction_is_found_in_json_lines(line: str, expected: list[str]) -> None:
    assert values("application/jsonlines", line) == expected


def test_a_line_without_that_column_has_no_prediction() -> None:
    kept = ["id", "prediction", "plan"]
    assert values("text/csv", "7,yes,gold", "8,no", "9", kept=kept, answered=("prediction",)) == ["yes", "no"]


def test_a_cell_may_be_as_large_as_a_record() -> None:
    assert values("text/csv", f"{'x' * 200_000},yes") == ["yes"]


def test_other_types_have_no_predictions() -> None:
    assert values("application/x-npy", "x") == []
    assert values(None, "x") == []


@pytest.mark.parametrize(
    ("text", "is_cut", "lines"),
    [
        ("yes\nno\n", False, ["yes", "no"]),
        ("yes\nno", False, ["yes", "no"]),
        ("yes\nn", True, ["yes"]),
        ('"a\u2028b"\n"c"\n', False, ['"a\u2028b"', '"c"']),
    ],
)
def test_only_a_newline_ends_a_line_and_a_line_that_is_cut_is_left_out(
    text: str, is_cut: bool, lines: list[str]
) -> None:
    assert whole_lines(text, is_cut=is_cut) == lines
