from __future__ import annotations

from pathlib import Path

import pytest

from batch_transform.job.errors import DataNotFoundError, TruthFileError
from batch_transform.runs.truth import Truth


def write(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_accuracy_counts_rows_with_known_answers(tmp_path: Path) -> None:
    truth = Truth.read(write(tmp_path, "id,label\na,yes\nb,no\nc,no\n"))
    score = truth.score([["a", "yes"], ["b", "yes"], ["unknown", "yes"]], ("id", "label"))
    assert (score.right, score.known, score.accuracy) == (1, 2, 0.5)


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    truth = Truth.read(write(tmp_path, "id,label\na,yes\n"))
    assert truth.of(["yes", "0.9", "a"], ("label", "score", "id")) == "yes"
    assert truth.score([["yes", "0.9", "a"]], ("label", "score", "id")).right == 1


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([("2.5", "2.0"), ("3", "4")], 0.75),
        ([("0.9", "1"), ("1e-1", "0")], 0.1),
        ([("1", "1"), ("0", "1")], None),
        ([("2.5", "2.0"), ("n/a", "4")], None),
        ([("2.5", "2.0"), ("nan", "4")], None),
        ([], None),
    ],
    ids=[
        "a quantity",
        "a probability",
        "classes by number",
        "one that is not a number",
        "not a number",
        "none known",
    ],
)
def test_a_quantity_has_a_mean_error(pairs: list[tuple[str, str]], error: float | None) -> None:
    truth = Truth("id", "price", {str(at): true_value for at, (_, true_value) in enumerate(pairs)})
    rows = [[str(at), predicted] for at, (predicted, _) in enumerate(pairs)]
    score = truth.score([*rows, ["unknown", "7.5"]], ("id", "price"))
    assert score.mean_absolute_error == (pytest.approx(error) if error is not None else None)


def test_an_output_without_the_columns_is_not_scored(tmp_path: Path) -> None:
    truth = Truth.read(write(tmp_path, "id,label\na,yes\n"))
    assert not truth.has_answers_for(("label",))
    assert truth.has_answers_for(("label", "id"))


def test_fails_if_the_file_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no such file"):
        Truth.read(tmp_path / "none.csv")


def test_fails_for_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_bytes("id,label\nä,yes\n".encode("latin-1"))
    with pytest.raises(TruthFileError, match="UTF-8"):
        Truth.read(path)


@pytest.mark.parametrize(("text", "where"), [("id\n", ":1:"), ("", ":1:"), ("id,label\na,b\nc\n", ":3:")])
def test_fails_with_the_line_that_is_not_a_pair(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(TruthFileError, match=where):
        Truth.read(write(tmp_path, text))
