from __future__ import annotations

from pathlib import Path

import pytest

from batch_transform.runs.truth import Truth
from batch_transform.spec.errors import DataNotFoundError, TruthFileError


def write(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_accuracy_counts_rows_whose_truth_is_known(tmp_path: Path) -> None:
    truth = Truth.read(write(tmp_path, "id,label\na,yes\nb,no\nc,no\n"))
    score = truth.score([["a", "yes"], ["b", "yes"], ["unknown", "yes"]], ("id", "label"))
    assert (score.right, score.known, score.accuracy) == (1, 2, 0.5)


def test_columns_are_found_by_name_wherever_they_stand(tmp_path: Path) -> None:
    truth = Truth.read(write(tmp_path, "id,label\na,yes\n"))
    assert truth.of(["yes", "0.9", "a"], ("label", "score", "id")) == "yes"
    assert truth.score([["yes", "0.9", "a"]], ("label", "score", "id")).right == 1


def test_an_output_without_the_columns_cannot_be_judged(tmp_path: Path) -> None:
    truth = Truth.read(write(tmp_path, "id,label\na,yes\n"))
    assert not truth.tells_of(("label",))
    assert truth.tells_of(("label", "id"))


def test_fails_when_there_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no such file"):
        Truth.read(tmp_path / "none.csv")


def test_fails_on_a_file_that_is_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_bytes("id,label\nä,yes\n".encode("latin-1"))
    with pytest.raises(TruthFileError, match="UTF-8"):
        Truth.read(path)


@pytest.mark.parametrize(("text", "where"), [("id\n", ":1:"), ("", ":1:"), ("id,label\na,b\nc\n", ":3:")])
def test_fails_with_the_line_that_is_no_pair(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(TruthFileError, match=where):
        Truth.read(write(tmp_path, text))
