from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batch_transform.compare.rows import Rows, chosen, rows_of
from batch_transform.job.errors import CompareError, InputError
from batch_transform.job.request.overrides import Columns

NAMES = Columns(("id", "x", "y"), ("score", "label"))


def request(
    output_filter: str = "$[0,-2,-1]", accept: str = "text/csv", join: str = "Input"
) -> dict[str, Any]:
    return {
        "TransformInput": {"ContentType": "text/csv"},
        "TransformOutput": {"Accept": accept},
        "DataProcessing": {"JoinSource": join, "OutputFilter": output_filter},
    }


def rows(folder: Path, text: str, asked: dict[str, Any] | None, columns: Columns = NAMES) -> Rows:
    (folder / "a.out").write_text(text)
    (folder / "empty.out").touch()
    (folder / "_run.json").write_text("{}")
    return rows_of(sorted(folder.iterdir()), asked, columns)


def names(rows: Rows, key: str | None = None, predictions: tuple[str, ...] = ()) -> tuple[str, list[str]]:
    one, _ = chosen(rows, rows, key, predictions)
    return one.key.name, [place.name for place in one.predictions]


def test_the_kept_column_joins_and_all_that_the_model_answered_is_compared(tmp_path: Path) -> None:
    found = rows(tmp_path, "a,0.5,yes\n", request())
    assert [file.name for file in found.files] == ["a.out"]
    one, other = chosen(found, found)
    assert one == other
    assert (one.key.name, one.key.number) == ("id", 1)
    assert [(place.name, place.number) for place in one.predictions] == [("score", 2), ("label", 3)]


def test_columns_can_be_named_or_counted(tmp_path: Path) -> None:
    found = rows(tmp_path, "a,0.5,yes\n", request())
    assert names(found, "id", ("label",)) == ("id", ["label"])
    assert names(found, "1", ("3",)) == ("column 1", ["column 3"])


def test_columns_without_names_must_be_counted(tmp_path: Path) -> None:
    found = rows(tmp_path, "a,0.5,yes\n", request(), Columns())
    assert names(found, "1", ("2",)) == ("column 1", ["column 2"])
    with pytest.raises(InputError, match=r"no column of the input by name.* --key, counted from 1 in a CSV"):
        chosen(found, found)
    with pytest.raises(InputError, match=r"has no output.columns; name a column with --prediction"):
        chosen(found, found, "1")
    with pytest.raises(InputError, match=r"--key 4: .* no such column among 3; the columns have no names"):
        chosen(found, found, "4", ("1",))


def test_fails_without_a_column_of_the_input(tmp_path: Path) -> None:
    found = rows(tmp_path, "0.5,yes\n", request("$", join="None"))
    with pytest.raises(InputError, match=r"no column of the input by name.*; the results have score, label"):
        chosen(found, found)


def test_names_do_not_count_if_the_results_have_another_width(tmp_path: Path) -> None:
    assert rows(tmp_path, "a,0.5\n", request()).names == ()


def test_a_run_without_names_has_those_of_the_other_one(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    named = rows(tmp_path / "first", "a,0.5,yes\n", request())
    unnamed = rows(tmp_path / "second", "a,0.5,yes\n", request(), Columns())
    one, other = chosen(named, unnamed)
    assert one.predictions == other.predictions


def test_fields_of_json_are_named_with_dots_or_as_paths(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        '{"id": "a", "x": 1, "SageMakerOutput": {"score": 0.5, "label": "yes"}}\n',
        request("$", "application/jsonlines"),
        Columns(),
    )
    one, _ = chosen(found, found)
    assert one.key.path == '$."id"'
    assert [place.path for place in one.predictions] == [
        '$."SageMakerOutput"."score"',
        '$."SageMakerOutput"."label"',
    ]
    one, _ = chosen(found, found, "x", ("$.SageMakerOutput.score",))
    assert (one.key.path, one.predictions[0].path) == ('$."x"', "$.SageMakerOutput.score")


@pytest.mark.parametrize(
    ("text", "is_json"), [('{"id": 1}\n', True), ("[1]\n", True), ("a,1\n", False), ("", False)]
)
def test_without_a_request_the_first_byte_tells_the_format(tmp_path: Path, text: str, is_json: bool) -> None:
    assert rows(tmp_path, text, None, Columns()).is_json is is_json


def test_fails_for_results_that_are_not_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the results are of type application/x-npy; only those in CSV"):
        rows(tmp_path, "", request(accept="application/x-npy"))
    with pytest.raises(CompareError, match=r"the first line of the results is not JSON .*: \{oops"):
        rows(tmp_path, "{oops\n", request(accept="application/json"))
