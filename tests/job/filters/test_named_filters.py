from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.errors import FilterNamesError
from batch_transform.job.filters.json_path import MAX_LENGTH, JsonPath
from batch_transform.job.filters.named_filters import input_filter, output_filter, with_paths
from batch_transform.job.problems import problems
from batch_transform.job.request.request import transform_job_request
from batch_transform.job.values.job_spec import DataProcessingSpec, InputSpec, JobSpec, ModelSpec, OutputSpec

CSV = JobSpec(
    name="churn",
    model=ModelSpec(existing="churn"),
    input=InputSpec(content_type="text/csv", split_type="Line", columns=("id", "age", "plan", "note")),
    output=OutputSpec(accept="text/csv", assemble_with="Line", columns=("score", "label")),
)
JSON = replace(
    CSV,
    input=InputSpec(content_type="application/jsonlines", split_type="Line"),
    output=OutputSpec(accept="application/jsonlines", assemble_with="Line"),
)


def filters(spec: JobSpec, *, joined: bool = True, **names: tuple[str, ...]) -> tuple[str | None, str | None]:
    processing = DataProcessingSpec(join_source="Input" if joined else "None", **names)  # type: ignore[arg-type]
    paths = with_paths(replace(spec, data_processing=processing)).data_processing
    return paths.input_filter, paths.output_filter


def sent(spec: JobSpec, **names: tuple[str, ...]) -> str | None:
    return filters(spec, joined=True, **names)[0]


def kept(spec: JobSpec, *names: str, joined: bool = True) -> str | None:
    return filters(spec, joined=joined, keep=names)[1]


def with_columns(spec: JobSpec, inputs: tuple[str, ...], answers: tuple[str, ...]) -> JobSpec:
    return replace(
        spec, input=replace(spec.input, columns=inputs), output=replace(spec.output, columns=answers)
    )


def problems_of(
    spec: JobSpec, *, joined: bool = True, **names: tuple[str, ...]
) -> list[tuple[str, str, str]]:
    processing = DataProcessingSpec(join_source="Input" if joined else "None", **names)  # type: ignore[arg-type]
    spec = replace(spec, data_processing=processing)
    found = [
        problem for compiled in (input_filter(spec), output_filter(spec)) for problem in compiled.problems
    ]
    return [(problem.code, problem.field, problem.message) for problem in found]


def test_without_names_and_paths_a_filter_is_the_default_of_aws() -> None:
    assert filters(CSV) == ("$", "$")


def test_a_path_is_kept_as_written() -> None:
    paths = DataProcessingSpec(input_filter="$[ 1, 2 ]", output_filter="$[-1]")
    assert with_paths(replace(CSV, data_processing=paths)).data_processing == paths


@pytest.mark.parametrize(
    ("names", "path"),
    [
        ({"send": ("age", "plan", "note")}, "$[1:]"),
        ({"send_except": ("id",)}, "$[1:]"),
        ({"send_except": ("note",)}, "$[:2]"),
        ({"send_except": ("age",)}, "$[0,2,3]"),
        ({"send": ("age",)}, "$[1]"),
        ({"send": ("id", "age", "plan", "note")}, "$"),
    ],
)
def test_columns_are_sent_by_name(names: dict[str, tuple[str, ...]], path: str) -> None:
    assert sent(CSV, **names) == path


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("id", "label"), "$[0,-1]"),
        (("label",), "$[-1]"),
        (("score", "label"), "$[4:]"),
        (("score",), "$[-2]"),
        (("id", "age", "plan", "note"), "$[:3]"),
        (("id", "age", "plan", "note", "score", "label"), "$"),
    ],
)
def test_columns_of_a_joined_row_are_kept_by_name(names: tuple[str, ...], path: str) -> None:
    assert kept(CSV, *names) == path


def test_without_a_join_the_columns_of_the_answer_are_kept() -> None:
    assert kept(CSV, "label", joined=False) == "$[1]"
    assert kept(CSV, "score", "label", joined=False) == "$"


def test_without_names_of_the_input_the_answer_is_counted_from_the_end() -> None:
    spec = with_columns(CSV, (), ("score", "label"))
    assert kept(spec, "score", "label") == "$[-2,-1]"


def test_without_names_of_the_answer_every_slice_has_an_end() -> None:
    spec = with_columns(CSV, ("id", "age", "plan", "note"), ())
    assert kept(spec, "age", "plan", "note") == "$[1:3]"
    assert kept(spec, "id", "age", "plan", "note") == "$[:3]"


def test_fields_of_json_records_are_sent_and_kept_by_name() -> None:
    assert filters(JSON, send=("text",), keep=("id", "SageMakerOutput")) == (
        "$.text",
        "$['id','SageMakerOutput']",
    )
    assert sent(JSON, send=("age", "first name")) == "$['age','first name']"


def test_fields_of_the_answer_are_kept_by_its_names_or_below_sagemaker_output() -> None:
    named = with_columns(JSON, (), ("score", "label"))
    assert kept(named, "label") == "$.SageMakerOutput.label"
    assert kept(named, "score", "label") == "$.SageMakerOutput.['score','label']"
    assert kept(JSON, "SageMakerOutput.label") == "$.SageMakerOutput.label"
    assert kept(JSON, "SageMakerOutput") == "$.SageMakerOutput"
    assert kept(named, "label", joined=False) == "$.label"


def test_selecting_all_fields_selects_the_whole_record() -> None:
    named = with_columns(JSON, ("id", "first_name"), ())
    assert sent(named, send=("first_name", "id")) == "$"
    assert kept(named, "id", "first_name", "SageMakerOutput") == "$"
    assert sent(named, send_except=("first_name",)) == "$.id"


def test_fails_for_a_selection_whose_filter_is_too_long_and_says_what_would_fit() -> None:
    wide = with_columns(CSV, tuple(f"c{number}" for number in range(60)), ("label",))
    (problem,) = problems_of(wide, send=tuple(f"c{number}" for number in range(0, 60, 2)))
    assert problem == (
        "names-too-long",
        "data_processing.send",
        "30 names make a filter of 87 characters, but SageMaker accepts at most 63: "
        "c1, c3, c5, c7, c9, c11, c13, c15 and 21 more stand between them; "
        "with these columns last in the data it is $[30:], and with them first $[:29]",
    )
    (problem,) = problems_of(wide, keep=(*(f"c{number}" for number in range(0, 60, 2)), "label"))
    assert problem[2].endswith("with the 30 of the input last in the data it is $[30:]")
    (problem,) = problems_of(wide, keep=tuple(f"c{number}" for number in range(0, 60, 2)))
    assert problem[2].endswith("with these columns first in the data it is $[:29]")


def test_fails_for_a_long_selection_in_another_order_than_the_data() -> None:
    wide = with_columns(CSV, tuple(f"c{number}" for number in range(60)), ())
    (problem,) = problems_of(wide, send=tuple(f"c{number}" for number in reversed(range(60))))
    assert problem[0] == "names-too-long"
    assert "their order differs from the data's" in problem[2]


def test_fails_for_json_names_that_a_filter_cannot_contain_and_lists_them() -> None:
    found = problems_of(JSON, send=("age", "first_name", "last_name"))
    assert [(code, field) for code, field, _ in found] == [
        ("name-unwritable", "data_processing.send[1]"),
        ("name-unwritable", "data_processing.send[2]"),
    ]
    assert found[0][2].startswith("'first_name' holds _, but names in a filter can have only ASCII letters")


def test_fails_for_a_name_of_a_nested_json_field() -> None:
    ((_, _, message),) = problems_of(JSON, send=("a.b",))
    assert message.endswith("names are top-level fields; for a nested field, write the JSONPath")


def test_an_undocumented_order_is_a_warning() -> None:
    assert kept(CSV, "label", "id") == "$[-1,0]"
    ((code, _, message),) = problems_of(CSV, keep=("label", "id"))
    assert code == "names-order"
    assert message.endswith("write [id, label]")


def test_all_problems_of_names_are_reported_at_once() -> None:
    with pytest.raises(FilterNamesError) as caught:
        filters(CSV, send=("age", "age", "plam"), keep=("nothing",))
    assert [problem.code for problem in caught.value.problems] == [
        "name-twice",
        "name-unknown",
        "name-unknown",
    ]


def test_fails_for_names_that_are_known_only_at_deployment() -> None:
    token = replace(CSV, input=replace(CSV.input, content_type="${Token[TOKEN.1]}"))
    assert problems_of(token, send=("age",)) == []
    with pytest.raises(FilterNamesError, match="can't be compiled"):
        filters(token, send=("age",))


def test_a_request_of_a_job_with_names_has_paths_and_passes_the_rules() -> None:
    names = DataProcessingSpec(send_except=("id",), join_source="Input", keep=("id", "label"))
    spec = replace(CSV, data_processing=names)
    assert problems(spec) == []
    request = transform_job_request(spec, model_name="churn", data="s3://in/a/", output_path="s3://out/a/")
    assert request["DataProcessing"] == {
        "InputFilter": "$[1:]",
        "JoinSource": "Input",
        "OutputFilter": "$[0,-1]",
    }


@given(st.data())
def test_a_compiled_filter_selects_the_named_columns(data: st.DataObject) -> None:
    """Compare with a simple reference, which picks the cells of a row by name."""
    inputs = tuple(f"i{number}" for number in range(data.draw(st.integers(1, 60))))
    answers = tuple(f"a{number}" for number in range(data.draw(st.integers(1, 4))))
    spec = with_columns(CSV, inputs, answers)
    keep = tuple(data.draw(st.lists(st.sampled_from([*inputs, *answers]), min_size=1, unique=True)))
    leave = tuple(
        data.draw(st.lists(st.sampled_from(inputs), max_size=len(inputs) - 1, unique=True, min_size=0))
    )
    names = DataProcessingSpec(send_except=leave or None, join_source="Input", keep=keep)
    spec = replace(spec, data_processing=names)
    out, back = input_filter(spec), output_filter(spec)
    for compiled, row, wanted in (
        (out, inputs, [name for name in inputs if name not in leave]),
        (back, (*inputs, *answers), list(keep)),
    ):
        if compiled.path is None:
            assert [problem.code for problem in compiled.problems] == ["names-too-long"]
        else:
            assert len(compiled.path) <= MAX_LENGTH
            assert JsonPath.parse(compiled.path, content_type="text/csv").select_cells(row) == wanted


def test_problems_with_single_names_are_reported_together_with_those_of_the_filter() -> None:
    found = problems_of(CSV, keep=("id", "lable"), output_filter="$[0]")  # type: ignore[arg-type]
    assert [code for code, _, _ in found] == ["filter-twice", "name-unknown"]
    found = problems_of(JSON, keep=("user_id", "SageMakerOutput.score"))
    assert [code for code, _, _ in found] == ["names-apart", "name-unwritable"]
    found = problems_of(CSV, joined=False, keep=("id", "lable"))
    assert [(code, field[-3:]) for code, field, _ in found] == [
        ("name-not-joined", "[0]"),
        ("name-unknown", "[1]"),
    ]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"send": ()}, "is empty; write at least one name, or leave the field out"),
        (
            {"send": ("agee",)},
            "'agee' is not in input.columns; did you mean age? allowed are id, age, plan, note",
        ),
        (
            {"keep": ("zzz",)},
            "'zzz' is not in input.columns or output.columns; allowed are id, age, plan, note, score, label",
        ),
        (
            {"send": ("id",), "input_filter": "$[0]"},
            "sets the same filter as data_processing.input_filter, which is '$[0]'; keep one of them",
        ),
        (
            {"send": ("id",), "input_filter": "${Token[A.1]}"},
            "sets the same filter as data_processing.input_filter; keep one of them",
        ),
    ],
)
def test_fails_for_unknown_columns_and_lists_the_known_ones(
    names: dict[str, tuple[str, ...]], message: str
) -> None:
    assert [found for _, _, found in problems_of(CSV, **names)] == [message]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"keep": ("zzz",)}, "'zzz' is not in output.columns; allowed are score, label"),
        (
            {"keep": ("id",)},
            "'id' is a column of the input and exists only in joined records; "
            "write data_processing.join_source: Input",
        ),
    ],
)
def test_fails_for_columns_that_only_a_joined_row_has(
    names: dict[str, tuple[str, ...]], message: str
) -> None:
    assert [found for _, _, found in problems_of(CSV, joined=False, **names)] == [message]


def test_fails_for_columns_of_an_answer_without_names_and_says_how_to_name_them() -> None:
    nothing = with_columns(CSV, (), ())
    advice = "that list is empty; name the columns of the model's answer, in order: output.columns: [a, b]"
    assert [message for _, _, message in problems_of(nothing, joined=False, keep=("a", "b"))] == [
        f"'a' is not in output.columns; {advice}",
        f"'b' is not in output.columns; {advice}",
    ]
    ((_, _, message),) = problems_of(with_columns(CSV, ("id",), ()), keep=("id", "score"))
    assert message.endswith("name the columns of the model's answer, in order: output.columns: [score]")


def test_fails_without_the_names_of_all_columns_that_are_sent() -> None:
    assert problems_of(with_columns(CSV, (), ()), send=("id",)) == [
        (
            "names-need-columns",
            "data_processing.send",
            "needs the names of all columns; write them in input.columns, in the order of the data, or name a "
            "sample with a header in input.columns_from",
        )
    ]
    assert problems_of(JSON, send_except=("id",)) == [
        (
            "names-need-columns",
            "data_processing.send_except",
            "needs the names of all fields, since a filter lists what is sent; write them in input.columns",
        )
    ]


@pytest.mark.parametrize(
    ("content_type", "what"), [("image/png", "is 'image/png'"), (None, "is missing"), ("", "is missing")]
)
def test_fails_for_names_of_data_that_no_filter_reads(content_type: str | None, what: str) -> None:
    spec = replace(CSV, input=replace(CSV.input, content_type=content_type))
    assert problems_of(spec, send=("id",)) == [
        (
            "names-need-type",
            "data_processing.send",
            "filters by name work on text/csv, application/json, application/jsonlines, "
            f"but input.content_type {what}; write one of these types there",
        )
    ]


def test_fails_for_fields_that_are_not_in_the_record_or_the_answer() -> None:
    named = with_columns(JSON, ("id",), ("score",))
    assert [message for _, _, message in problems_of(named, keep=("age",))] == [
        "'age' is not in input.columns, output.columns or SageMakerOutput; "
        "allowed are id, score, SageMakerOutput, SageMakerInput"
    ]
    ((code, field, message),) = problems_of(named, joined=False, keep=("score", "age"))
    assert (code, field) == ("name-unknown", "data_processing.keep[1]")
    assert message.startswith("'age' is not in output.columns")
    ((_, _, message),) = problems_of(JSON, joined=False, keep=("SageMakerOutput.score",))
    assert message.startswith("'SageMakerOutput.score' exists only in joined records")
    # only the field of the record is unknown: the fields of the answer have no names
    found = problems_of(named, keep=("SageMakerOutput.other", "age"))
    assert [(code, field[-3:]) for code, field, _ in found] == [
        ("name-unknown", "[1]"),
        ("names-apart", "eep"),
    ]


def test_selecting_all_fields_of_an_answer_without_a_join_selects_the_whole_answer() -> None:
    named = with_columns(JSON, (), ("score", "label"))
    compiled = output_filter(replace(named, data_processing=DataProcessingSpec(keep=("label", "score"))))
    assert (compiled.field, compiled.path) == ("data_processing.keep", "$")


@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        ("", "is empty", "rename the field in the data, or leave the filter out"),
        ("a_b", "holds _", "rename the field in the data, or leave the filter out"),
        ("a_.b_", "holds _.", "names are top-level fields; for a nested field, write the JSONPath"),
    ],
)
def test_fails_for_a_field_that_a_filter_cannot_contain(name: str, what: str, fix: str) -> None:
    ((_, _, message),) = problems_of(JSON, send=(name,))
    assert message.startswith(f"'{name}' {what}, but names in a filter can have only ")
    assert message.endswith(f"; {fix}")


def test_a_column_near_the_end_of_a_wide_row_is_counted_from_the_end() -> None:
    wide = with_columns(CSV, tuple(f"c{number}" for number in range(101)), ("label",))
    assert kept(wide, "c100") == "$[-2]"


def test_a_filter_has_at_most_as_many_characters_as_sagemaker_accepts() -> None:
    wide = with_columns(CSV, tuple(f"c{number}" for number in range(200)), ())
    path = sent(wide, send=(*(f"c{number}" for number in range(10, 48, 2)), "c100"))
    assert path is not None
    assert (path[-8:], len(path)) == (",46,100]", MAX_LENGTH)
    ((code, _, message),) = problems_of(
        wide, send=(*(f"c{number}" for number in range(10, 46, 2)), "c100", "c102")
    )
    assert (code, message[:41]) == ("names-too-long", "20 names make a filter of 64 characters, ")
    assert sent(JSON, send=("a" * 61,)) == f"$.{'a' * 61}"
    ((code, _, _),) = problems_of(JSON, send=("a" * 62,))
    assert code == "names-too-long"


def test_fails_for_long_fields_and_names_the_three_longest() -> None:
    names = ("a" * 20, "b" * 10, "c" * 30, "d" * 15)
    ((_, _, message),) = problems_of(JSON, send=names)
    assert message == (
        "4 names make a filter of 89 characters, but SageMaker accepts at most 63: "
        f"the longest are {'c' * 30}, {'a' * 20}, {'d' * 15}; "
        "shorten names in the data, list fewer, or put these fields into one object, which a single name selects"
    )


def test_fails_for_a_long_selection_with_one_gap_or_of_a_row_of_unknown_width() -> None:
    columns = tuple(f"c{number}" for number in range(60))
    gap = tuple(name for name in columns if name != "c30")
    ((_, _, message),) = problems_of(with_columns(CSV, columns, ()), send=gap)
    assert ": c30 stands between them; " in message
    ((_, _, message),) = problems_of(with_columns(CSV, (), columns), keep=columns)
    assert ": the row's width is not known; " in message


def test_an_undocumented_order_is_not_an_error() -> None:
    spec = replace(CSV, data_processing=DataProcessingSpec(join_source="Input", keep=("label", "id")))
    assert [problem.severity for problem in output_filter(spec).problems] == ["warning"]
