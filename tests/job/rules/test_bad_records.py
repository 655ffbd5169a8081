from __future__ import annotations

import pytest

from batch_transform.job.errors import Problem
from batch_transform.job.problems import problems
from batch_transform.job.values.bad_records_spec import BadRecordsSpec
from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
)

CSV = "text/csv"
LINES = "application/jsonlines"


def of_result(
    result: str = "0",
    type_: str | None = CSV,
    *,
    accept: str | None = None,
    joined: bool = False,
    kept: str | None = None,
    assemble: str | None = "Line",
    strategy: str | None = None,
) -> list[Problem]:
    return problems(
        JobSpec(
            "demo",
            ModelSpec(existing="demo-model"),
            input=InputSpec(content_type=type_, split_type="Line"),
            output=OutputSpec(accept=accept or type_, assemble_with=assemble),
            transform=TransformSpec(strategy=strategy),
            data_processing=DataProcessingSpec(
                join_source="Input" if joined else "None", output_filter=kept or "$"
            ),
            bad_records=BadRecordsSpec(max_count=1, result=result),
        )
    )


@pytest.mark.parametrize("result", ["ERROR", "", "a b", "0,0", '"a,b",1', '"say ""no"""', "a,", '"",""'])
def test_a_row_may_take_the_place_of_a_joined_answer(result: str) -> None:
    assert [one.code for one in of_result(result, joined=True)] == ["result-too-short"] * (result == "")


@pytest.mark.parametrize("result", ['a"b', '"a', '"a"b', 'a"b,"c"', '"a",b"', '"a""', '"a" ,b'])
def test_fails_for_a_text_that_no_row_of_a_join_can_hold(result: str) -> None:
    (problem,) = of_result(result, joined=True)
    assert (problem.code, problem.field) == ("bad-records-result-unfit", "bad_records.result")


def test_without_a_join_a_result_is_a_line_of_its_own_and_may_be_any_text_in_csv() -> None:
    assert of_result('a"b') == []


@pytest.mark.parametrize("result", ["null", "1.5", '"bad"', '{"error": true}'])
@pytest.mark.parametrize("joined", [False, True])
def test_json_may_take_the_place_of_an_answer_in_json(result: str, joined: bool) -> None:
    assert of_result(result, LINES, joined=joined) == []


@pytest.mark.parametrize("result", ["ERROR", "{", "NaN", "[-Infinity]"])
@pytest.mark.parametrize("joined", [False, True])
def test_fails_for_a_text_that_is_not_json_among_json(result: str, joined: bool) -> None:
    (problem,) = of_result(result, LINES, joined=joined)
    assert problem.code == "bad-records-result-unfit"


@pytest.mark.parametrize("kept", ["$[-1]", "$[-1,-1]", "$[-1:]"])
def test_fails_if_records_are_left_out_of_a_join_that_keeps_answers_alone(kept: str) -> None:
    (problem,) = of_result("omit", joined=True, kept=kept)
    assert problem.code == "bad-records-omit-unjoined"


@pytest.mark.parametrize(
    "kept", ["$['SageMakerOutput']", "$.SageMakerOutput.score", "$['SageMakerOutput','SageMakerOutput']"]
)
def test_fails_if_records_are_left_out_of_joined_json_that_keeps_answers_alone(kept: str) -> None:
    assert [one.code for one in of_result("omit", LINES, joined=True, kept=kept) if one.is_error] == [
        "bad-records-omit-unjoined"
    ]


@pytest.mark.parametrize("kept", ["$", "$[0]", "$[0,-1]", "$[-2:]", "$[0:]", "$[-2]"])
def test_records_may_be_left_out_of_a_join_that_keeps_something_of_them(kept: str) -> None:
    assert of_result("omit", joined=True, kept=kept) == []


def test_records_may_be_left_out_of_joined_json_that_keeps_an_id() -> None:
    assert of_result("omit", LINES, joined=True, kept="$['id','SageMakerOutput']") == []
    assert of_result("omit", LINES, joined=True, kept="$['id']") == []


def test_fails_if_a_request_with_several_records_may_have_one_answer() -> None:
    def inexact(**changes: str | None) -> list[tuple[str, str]]:
        found = of_result("null", **changes)  # type: ignore[arg-type]  # one of the texts each
        return [(one.code, one.field) for one in found if one.is_error]

    assert inexact(type_="application/json") == [("bad-records-inexact", "output.accept")]
    assert inexact(type_="application/json", strategy="SingleRecord") == []
    assert inexact(type_="application/json", strategy="MultiRecord") == [
        ("bad-records-inexact", "output.accept")
    ]
    assert inexact(type_=CSV, assemble=None) == [("bad-records-inexact", "output.assemble_with")]
    assert inexact(type_="text/plain") == []
    assert inexact(type_=LINES, accept="application/json") == [("bad-records-inexact", "output.accept")]
    assert inexact(type_=None) == [("bad-records-inexact", "output.accept")]
