from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_transform.job.errors import RunInputError
from batch_transform.job.request.overrides import Columns, apply_overrides
from batch_transform.job.request.request import Request, members_of, place, transform_job_request
from batch_transform.job.rules.request_values import member
from batch_transform.job.values.fields import MEMBERS, NAME_FIELDS, OVERRIDABLE
from batch_transform.job.values.job_spec import (
    BatchDataCaptureConfig,
    DataProcessingSpec,
    ExperimentConfig,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
)


def a_request(spec: JobSpec) -> Request:
    return transform_job_request(
        spec, model_name="demo-model", data="s3://bucket/in/", output_path="s3://bucket/out/run"
    )


REQUEST = a_request(
    JobSpec(
        name="demo",
        model=ModelSpec(existing="demo-model"),
        input=InputSpec(content_type="text/csv", split_type="Line"),
        transform=TransformSpec(strategy="MultiRecord", max_payload=6, env={"LEVEL": "info", "SIZE": "1"}),
        data_processing=DataProcessingSpec(join_source="Input"),
        output=OutputSpec(accept="text/csv", assemble_with="Line"),
        tags={"team": "churn"},
    )
)
VALUES: dict[str, Any] = {
    "input.data": "s3://bucket/other/",
    "input.data_type": "ManifestFile",
    "input.content_type": "text/csv; charset=utf-8",
    "input.compression_type": "Gzip",
    "input.split_type": "None",
    "output.accept": "text/csv; header=absent",
    "output.assemble_with": "None",
    "transform.instance_type": "ml.c5.xlarge",
    "transform.strategy": "SingleRecord",
    "transform.env": {"A": "b"},
    "data_processing.input_filter": "$[0]",
    "data_processing.join_source": "None",
    "data_processing.output_filter": "$[0]",
    "transform.transform_ami_version": "al2-ami-sagemaker-batch-gpu-535",
    "batch_data_capture_config.generate_inference_id": True,
    "experiment_config.experiment_name": "churn",
    "experiment_config.trial_name": "churn-1",
    "experiment_config.trial_component_display_name": "scores",
    "experiment_config.run_name": "nightly",
    "transform.instance_count": 2,
    "transform.max_payload": 2,
    "transform.max_concurrent_transforms": 2,
    "transform.invocations_timeout_in_seconds": 2,
    "transform.invocations_max_retries": 2,
}

JOBS = [
    JobSpec(name="bare", model=ModelSpec(existing="demo-model")),
    JobSpec(
        name="lines",
        model=ModelSpec(existing="demo-model"),
        input=InputSpec(content_type="application/jsonlines", split_type="Line"),
        output=OutputSpec(accept="application/jsonlines"),
    ),
    JobSpec(
        name="all",
        model=ModelSpec(existing="demo-model"),
        input=InputSpec(content_type="text/csv", split_type="Line"),
        transform=TransformSpec(
            strategy="MultiRecord",
            max_payload=6,
            max_concurrent_transforms=4,
            env={"LEVEL": "info"},
            transform_ami_version="al2-ami-sagemaker-batch-gpu-470",
        ),
        data_processing=DataProcessingSpec(
            input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]"
        ),
        output=OutputSpec(accept="text/csv", assemble_with="Line"),
        batch_data_capture_config=BatchDataCaptureConfig(
            "s3://bucket/captured/", generate_inference_id=False
        ),
        experiment_config=ExperimentConfig("churn", "weekly", "scoring", "first"),
    ),
]


def changed(run_input: object) -> dict[str, Any]:
    """Return the top-level members of the request that the run's input changes."""
    effective = apply_overrides(REQUEST, run_input).request
    return {name: value for name, value in effective.items() if value != REQUEST.get(name)}


def problems_of(run_input: object) -> list[tuple[str, str]]:
    with pytest.raises(RunInputError) as caught:
        apply_overrides(REQUEST, run_input)
    return [(problem.code, problem.field) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "run_input",
    [
        {"data_processing": {"input_filter": "$[1:]"}},
        {"data_processing.input_filter": "$[1:]"},
    ],
)
def test_a_field_is_overridden_nested_or_dotted(run_input: dict[str, object]) -> None:
    assert changed(run_input)["DataProcessing"] == REQUEST["DataProcessing"] | {"InputFilter": "$[1:]"}


@pytest.mark.parametrize(
    "run_input",
    [
        {},
        {"Comment": "Insert your JSON here"},
        {"comment": "a rerun"},
        {"transform": {}},
        {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:aws:states:eu-west-1:123456789012:execution:a:b"},
        {
            "version": "0",
            "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": "123456789012",
            "time": "2026-11-22T18:00:00Z",
            "region": "eu-west-1",
            "resources": ["arn:aws:scheduler:eu-west-1:123456789012:schedule/default/demo"],
            "detail": "{}",
        },
    ],
)
def test_an_empty_input_changes_nothing(run_input: dict[str, object]) -> None:
    assert apply_overrides(REQUEST, run_input).request == REQUEST


def test_the_jobs_own_request_is_unchanged() -> None:
    before = copy.deepcopy(REQUEST)
    apply_overrides(REQUEST, {"transform.env": {"LEVEL": "debug"}, "input.data": "s3://bucket/other/"})
    assert before == REQUEST


@pytest.mark.parametrize("field", ["transform.max_concurrent_transforms", "transform.env"])
def test_a_member_with_a_neutral_value_may_be_set_though_the_job_file_leaves_it_out(field: str) -> None:
    bare = a_request(JobSpec(name="demo", model=ModelSpec(existing="demo-model")))
    value: Any = {"A": "b"} if field == "transform.env" else 2
    sent = apply_overrides(bare, {field: value}).request
    assert {name: sent[name] for name in sent if sent[name] != bare[name]} == {
        {"transform.env": "Environment"}.get(field, "MaxConcurrentTransforms"): value
    }


UNDECLARED: dict[str, Any] = {
    "transform.strategy": "SingleRecord",
    "transform.max_payload": 1,
    "transform.transform_ami_version": "al2-ami-sagemaker-batch-gpu-535",
    "input.content_type": "text/csv",
    "output.accept": "text/csv",
    "data_processing.input_filter": "$[1:]",
    "experiment_config.trial_name": "nightly",
}


@pytest.mark.parametrize("field", UNDECLARED)
def test_fails_for_a_member_that_the_job_file_does_not_declare_with_the_line_to_add(field: str) -> None:
    bare = a_request(JobSpec(name="demo", model=ModelSpec(existing="demo-model")))
    with pytest.raises(RunInputError) as caught:
        apply_overrides(bare, {field: UNDECLARED[field]})
    problem = next(one for one in caught.value.problems if one.code == "override-undeclared")
    section, name = field.split(".")
    assert problem.field == field
    assert f"add `{name}: {json.dumps(UNDECLARED[field])}` under `{section}`" in problem.message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("input.compression_type", "Gzip"),
        ("transform.max_concurrent_transforms", 4),
        ("transform.invocations_timeout_in_seconds", 60),
        ("data_processing.input_filter", "$[1:]"),
    ],
)
def test_null_gives_a_member_its_neutral_value(field: str, value: object) -> None:
    path = next(known.path for known in MEMBERS if known.field == field)
    declared = copy.deepcopy(REQUEST)
    place(declared, path, value)
    assert apply_overrides(declared, {field: None}).request == REQUEST


def test_fails_if_null_removes_a_member_without_a_neutral_value() -> None:
    run_input = {"transform": {"strategy": None, "max_payload": None}}
    assert problems_of(run_input) == [
        ("override-null", "transform.strategy"),
        ("override-null", "transform.max_payload"),
    ]


@given(st.data())
def test_a_run_has_exactly_the_members_that_its_job_declares(data: st.DataObject) -> None:
    """Whatever a run gives: Step Functions sends these members, and null or undefined would fail the execution."""
    declared = a_request(data.draw(st.sampled_from(JOBS)))
    fields = data.draw(st.sets(st.sampled_from(sorted(VALUES)), max_size=4))
    run_input = {field: data.draw(st.sampled_from([None, VALUES[field]])) for field in sorted(fields)}
    try:
        sent = apply_overrides(declared, run_input).request
    except RunInputError:
        return
    assert set(members_of(sent)) == set(members_of(declared))
    assert all(member(sent, path) is not None for path in members_of(sent))


def test_one_client_setting_keeps_the_default_of_the_other() -> None:
    expected = {"ModelClientConfig": {"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 3}}
    assert changed({"transform.invocations_timeout_in_seconds": 60}) == expected


@pytest.mark.parametrize(
    "run_input",
    [
        {"transform": {"env": {"LEVEL": "debug", "NEW": 7}}},
        {"transform.env": {"LEVEL": "debug", "NEW": 7}},
        {"transform.env.LEVEL": "debug", "transform": {"env": {"NEW": 7}}},
    ],
)
def test_variables_are_added_to_the_jobs_own(run_input: dict[str, object]) -> None:
    assert changed(run_input) == {"Environment": {"LEVEL": "debug", "SIZE": "1", "NEW": "7"}}


def test_null_removes_a_variable() -> None:
    assert changed({"transform.env": {"SIZE": None}}) == {"Environment": {"LEVEL": "info"}}


def test_fails_if_null_removes_a_required_member() -> None:
    assert problems_of({"input.data": None}) == [("missing-field", "input.data")]


@pytest.mark.parametrize("run_input", [[], "text", 5, None])
def test_fails_for_an_input_that_is_not_an_object(run_input: object) -> None:
    assert problems_of(run_input) == [("run-input-not-object", "input")]


def test_fails_for_unknown_names_with_the_list_of_known_ones() -> None:
    with pytest.raises(RunInputError) as caught:
        apply_overrides(REQUEST, {"data_processing": {"input_filtr": "$"}})
    (problem,) = caught.value.problems
    assert (problem.code, problem.field) == ("override-unknown", "data_processing.input_filtr")
    assert "did you mean data_processing.input_filter?" in problem.message
    assert all(field in problem.message for field in OVERRIDABLE)


@pytest.mark.parametrize(
    "field", [member.field for member in MEMBERS if not member.overridable] + ["tags.team"]
)
def test_fails_for_fields_that_belong_to_the_stack(field: str) -> None:
    assert problems_of({field: "s3://bucket/elsewhere/"}) == [("override-fixed", field)]


def test_fails_for_a_name_given_twice() -> None:
    run_input = {"transform.max_payload": 1, "transform": {"max_payload": 2}}
    assert problems_of(run_input) == [("override-twice", "transform.max_payload")]


def test_fails_with_all_problems_at_once() -> None:
    run_input = {
        "colour": "red",
        "input": 3,
        "output.path": "s3://bucket/x/",
        "transform": {"max_payload": "6", "instance_type": "ml.m5.huge"},
        "data_processing": {"output_filter": "$[0,1:2]"},
    }
    assert problems_of(run_input) == [
        ("override-unknown", "colour"),
        ("wrong-type", "input"),
        ("override-fixed", "output.path"),
        ("instance-type-unknown", "transform.instance_type"),
        ("wrong-type", "transform.max_payload"),
        ("filter-syntax", "data_processing.output_filter"),
    ]


def test_fails_when_the_data_of_a_run_contains_its_results() -> None:
    assert problems_of({"input.data": "s3://bucket/"}) == [("output-under-input", "output.path")]


def test_a_warning_does_not_stop_a_run() -> None:
    assert changed(
        {"input.split_type": None, "output.assemble_with": None, "data_processing.join_source": "None"}
    )


@pytest.mark.parametrize("field", VALUES)
def test_every_overridable_field_reaches_its_place(field: str) -> None:
    run_input = {field: VALUES[field], "data_processing.join_source": "None"}
    effective: Any = apply_overrides(a_request(JOBS[-1]), run_input).request
    for name in next(known.path for known in MEMBERS if known.field == field):
        effective = effective[name]
    assert effective in (run_input[field], {"LEVEL": "info", "A": "b"})


def test_the_values_are_of_every_overridable_field() -> None:
    assert set(VALUES) == set(OVERRIDABLE) - set(NAME_FIELDS)


NAMES = Columns(input=("id", "age", "plan"), output=("label",))


def filters(run_input: dict[str, Any], columns: Columns = NAMES) -> list[str]:
    processing = apply_overrides(REQUEST, run_input, columns).request["DataProcessing"]
    return [processing[member] for member in ("InputFilter", "OutputFilter")]


def test_a_run_gives_filters_by_name_and_the_others_stay() -> None:
    joined = {"data_processing.join_source": "Input"}
    declared = [REQUEST["DataProcessing"]["InputFilter"], REQUEST["DataProcessing"]["OutputFilter"]]
    assert filters({**joined, "data_processing": {"send": ["age", "plan"]}}) == ["$[1:]", declared[1]]
    assert filters({**joined, "data_processing.keep": ["id", "label"]}) == [declared[0], "$[0,-1]"]


def test_names_given_for_a_run_are_checked_together_with_its_other_changes() -> None:
    json_lines = {
        "input.content_type": "application/jsonlines",
        "output.accept": "application/jsonlines",
        "data_processing.join_source": "Input",
        "data_processing.input_filter": "$",
        "data_processing.keep": ["id", "SageMakerOutput"],
    }
    assert filters(json_lines, Columns()) == ["$", "$['id','SageMakerOutput']"]


@pytest.mark.parametrize(
    ("run_input", "expected"),
    [
        ({"data_processing.send": "age"}, ("wrong-type", "data_processing.send")),
        ({"data_processing.send": ["ages"]}, ("name-unknown", "data_processing.send[0]")),
        (
            {"data_processing": {"send": ["age"], "input_filter": "$[1]"}},
            ("filter-twice", "data_processing.send"),
        ),
    ],
)
def test_fails_for_names_that_make_no_filter(run_input: dict[str, Any], expected: tuple[str, str]) -> None:
    with pytest.raises(RunInputError) as caught:
        apply_overrides(REQUEST, run_input, NAMES)
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [expected]


LADDER = ("ml.m5.large", "ml.m5.xlarge")


def test_a_run_without_its_own_instance_types_uses_those_of_the_job() -> None:
    assert apply_overrides(REQUEST, {}, instance_types=LADDER).instance_types == LADDER
    assert apply_overrides(REQUEST, {}).instance_types == ("ml.m5.large",)


@pytest.mark.parametrize("given", ["ml.c5.xlarge", ["ml.c5.xlarge", "ml.c5.2xlarge"]])
def test_a_run_may_give_one_instance_type_or_a_list_of_instance_types(given: object) -> None:
    run = apply_overrides(REQUEST, {"transform": {"instance_type": given}}, instance_types=LADDER)
    assert run.instance_types == (
        ("ml.c5.xlarge",) if isinstance(given, str) else ("ml.c5.xlarge", "ml.c5.2xlarge")
    )
    assert run.request["TransformResources"]["InstanceType"] == "ml.c5.xlarge"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ([], "missing-field", "transform.instance_type"),
        ([5], "wrong-type", "transform.instance_type"),
        (["ml.m5.large", "ml.t3.medium"], "instance-type-unknown", "transform.instance_type[1]"),
        (["ml.m5.large", "ml.m5.large"], "instance-type-duplicate", "transform.instance_type[1]"),
    ],
)
def test_fails_for_a_list_of_instance_types_with_an_unknown_one(given: object, code: str, field: str) -> None:
    assert problems_of({"transform.instance_type": given}) == [(code, field)]


def test_fails_when_a_later_instance_type_does_not_support_a_setting_of_the_job() -> None:
    with_key = copy.deepcopy(REQUEST)
    with_key["TransformResources"]["VolumeKmsKeyId"] = "alias/key"
    with pytest.raises(RunInputError, match=r"ml\.g5\.xlarge, whose local storage"):
        apply_overrides(with_key, {"transform.instance_type": ["ml.m5.large", "ml.g5.xlarge"]})


def test_null_for_a_member_of_a_missing_structure_changes_nothing() -> None:
    bare = {name: value for name, value in REQUEST.items() if name != "DataProcessing"}
    for field in ("data_processing.input_filter", "data_processing.join_source"):
        assert apply_overrides(bare, {field: None}).request == bare


def test_fails_for_filters_that_are_given_by_name_and_as_jsonpath() -> None:
    columns = Columns(input=("id", "age"), output=("score",))
    names = {"send": ["age"], "keep": ["id"], "input_filter": "$[1]", "output_filter": "$[0]"}
    with pytest.raises(RunInputError) as caught:
        apply_overrides(REQUEST, {"data_processing": names}, columns)
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [
        ("filter-twice", "data_processing.send"),
        ("filter-twice", "data_processing.keep"),
    ]


@pytest.mark.parametrize("value", [{"a": 1}, ["a"]])
def test_fails_for_a_structure_in_place_of_a_number(value: object) -> None:
    assert problems_of({"transform.max_payload": value}) == [("wrong-type", "transform.max_payload")]


def test_fails_for_variables_that_are_not_an_object_and_says_what_was_found() -> None:
    assert [code for code, _ in problems_of({"transform": {"env": "debug"}})] == ["wrong-type"]
    for run_input in ({"data_processing": "$[1:]"}, "$[1:]"):
        with pytest.raises(RunInputError) as caught:
            apply_overrides(REQUEST, run_input)
        assert [problem.message.rpartition("; ")[2] for problem in caught.value.problems] == ["got '$[1:]'"]


def test_for_an_unknown_name_only_the_nearest_is_suggested() -> None:
    with pytest.raises(RunInputError) as caught:
        apply_overrides(REQUEST, {"data_processing.output_filters": "$"})
    (problem,) = caught.value.problems
    assert "; did you mean data_processing.output_filter? allowed are " in problem.message
