"""Which settings a job runs with."""

from __future__ import annotations

from typing import Any

import pytest

from batch_transform.engine.settings import MIB, Settings, effective_settings
from batch_transform.job.errors import TransformSettingsError
from batch_transform.job.values.s3_uri import S3Uri
from engine.fake_world import request


def test_a_job_without_settings_logs_the_recorded_defaults() -> None:
    settings = effective_settings(request(), {})
    assert str(settings) == "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD"
    assert (settings.timeout, settings.max_retries, settings.max_payload) == (600, 3, 6 * MIB)


MINIMAL: dict[str, Any] = {
    "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": "s3://data/in/"}}},
    "TransformOutput": {"S3OutputPath": "s3://data/out"},
}


def test_a_request_with_only_what_is_required_gets_the_defaults_of_the_api() -> None:
    defaults = Settings(
        source=S3Uri("data", "in/"),
        is_manifest=False,
        output=S3Uri("data", "out"),
        content_type=None,
        accept=None,
        is_gzip=False,
        split_type="None",
        assemble_lines=False,
        single_record=False,
        max_payload=6 * MIB,
        max_concurrent_transforms=1,
        timeout=600,
        max_retries=3,
        input_filter="$",
        output_filter="$",
        join=False,
        record_format=None,
        answer_format=None,
    )
    assert effective_settings(MINIMAL, {}) == defaults
    left_out: dict[str, Any] = {
        "DataProcessing": None,
        "ModelClientConfig": {},
        "MaxPayloadInMB": None,
        "BatchStrategy": None,
    }
    empty = {**MINIMAL["TransformInput"], "ContentType": "", "SplitType": None, "CompressionType": None}
    parameters = {"MaxConcurrentTransforms": None, "MaxPayloadInMB": None, "BatchStrategy": None}
    assert effective_settings({**MINIMAL, **left_out, "TransformInput": empty}, parameters) == defaults


def test_each_member_of_a_request_becomes_its_setting() -> None:
    asked = {
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://data/list"}},
            "ContentType": "application/jsonlines",
            "CompressionType": "Gzip",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": "s3://results/out/",
            "Accept": "application/json",
            "AssembleWith": "Line",
        },
        "DataProcessing": {"InputFilter": "$.a", "OutputFilter": "$.b", "JoinSource": "Input"},
        "DataCaptureConfig": {"DestinationS3Uri": "s3://captured/c", "GenerateInferenceId": True},
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 7, "InvocationsMaxRetries": 2},
        "BatchStrategy": "SingleRecord",
        "MaxPayloadInMB": 1,
        "MaxConcurrentTransforms": 5,
    }
    assert effective_settings(asked, {}) == Settings(
        source=S3Uri("data", "list"),
        is_manifest=True,
        output=S3Uri("results", "out/"),
        content_type="application/jsonlines",
        accept="application/json",
        is_gzip=True,
        split_type="Line",
        assemble_lines=True,
        single_record=True,
        max_payload=MIB,
        max_concurrent_transforms=5,
        timeout=7,
        max_retries=2,
        input_filter="$.a",
        output_filter="$.b",
        join=True,
        record_format="JSON",
        answer_format="JSON",
        capture=S3Uri("captured", "c"),
        generate_inference_id=True,
    )


def test_an_inference_id_is_added_to_answers_that_are_parsed_even_without_a_filter() -> None:
    captured = {"DestinationS3Uri": "s3://captured/c"}
    plain = effective_settings(request(DataCaptureConfig=captured), {})
    assert (plain.answer_format, plain.generate_inference_id) == (None, False)
    assert effective_settings(
        request(DataCaptureConfig={**captured, "GenerateInferenceId": True}), {}
    ).answer_format


@pytest.mark.parametrize(
    ("split_type", "lines", "framed"),
    [("None", False, False), ("Line", True, False), ("RecordIO", False, True), ("TFRecord", False, True)],
)
def test_a_record_is_a_line_or_has_a_frame_or_is_the_object(
    split_type: str, lines: bool, framed: bool
) -> None:
    settings = effective_settings(request(split_type=split_type), {})
    assert (settings.split_lines, settings.is_framed, settings.looks_into_records) == (lines, framed, lines)


def test_a_whole_object_is_looked_into_if_it_is_filtered() -> None:
    asked = request(split_type="None", content_type="application/json", input_filter="$.a")
    assert effective_settings(asked, {}).looks_into_records


@pytest.mark.parametrize("split_type", ["RecordIO", "TFRecord"])
def test_binary_records_may_have_a_filter_of_answers_but_none_of_their_own(split_type: str) -> None:
    asked = request(split_type=split_type, accept="application/json", output_filter="$.a")
    assert effective_settings(asked, {}).answer_format == "JSON"
    with pytest.raises(TransformSettingsError, match=f"SplitType {split_type} gives binary records"):
        effective_settings(request(split_type=split_type, join_source="Input"), {})


@pytest.mark.parametrize("strategy", ["SINGLE_RECORD", "SingleRecord"])
def test_execution_parameters_come_before_the_defaults_in_either_spelling(strategy: str) -> None:
    parameters = {"MaxConcurrentTransforms": 8, "BatchStrategy": strategy, "MaxPayloadInMB": 3}
    assert str(effective_settings(request(), parameters)) == (
        "MaxConcurrentTransforms=8, MaxPayloadInMB=3, BatchStrategy=SINGLE_RECORD"
    )


def test_the_request_comes_before_the_execution_parameters() -> None:
    parameters = {"MaxConcurrentTransforms": 8, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 3}
    asked = request(MaxConcurrentTransforms=2, BatchStrategy="MultiRecord", MaxPayloadInMB=10)
    assert str(effective_settings(asked, parameters)) == (
        "MaxConcurrentTransforms=2, MaxPayloadInMB=10, BatchStrategy=MULTI_RECORD"
    )


def test_zero_concurrent_transforms_count_as_not_given() -> None:
    asked = request(MaxConcurrentTransforms=0)
    assert effective_settings(asked, {"MaxConcurrentTransforms": 4}).max_concurrent_transforms == 4
    assert effective_settings(asked, {"MaxConcurrentTransforms": 0}).max_concurrent_transforms == 1


def test_the_model_client_settings_are_those_of_the_request() -> None:
    client = {"InvocationsTimeoutInSeconds": 5, "InvocationsMaxRetries": 0}
    settings = effective_settings(request(ModelClientConfig=client), {})
    assert (settings.timeout, settings.max_retries) == (5, 0)


def test_settings_have_formats_only_if_something_has_to_be_parsed() -> None:
    image = request(content_type="image/png", accept="application/octet-stream")
    assert effective_settings(image, {}).record_format is None
    filtered = effective_settings(request(content_type="Text/CSV; charset=utf-8", input_filter="$[1:]"), {})
    assert (filtered.record_format, filtered.answer_format) == ("CSV", None)
    output = effective_settings(request(accept="application/json", output_filter="$.a"), {})
    assert (output.record_format, output.answer_format) == (None, "JSON")


def test_without_accept_a_join_expects_answers_in_the_format_of_the_input() -> None:
    settings = effective_settings(request(accept=None, join_source="Input"), {})
    assert (settings.record_format, settings.answer_format) == ("CSV", "CSV")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (request(split_type="RecordIO", input_filter="$[0]"), "SplitType RecordIO gives binary records"),
        (request(split_type="Lines"), "SplitType 'Lines' is not allowed"),
        (request(MaxPayloadInMB=False), "MaxPayloadInMB False in the request is not allowed"),
        (
            request(DataCaptureConfig={"DestinationS3Uri": "nowhere"}),
            "DestinationS3Uri: 'nowhere' is not an S3",
        ),
        (
            request(
                accept="image/png",
                DataCaptureConfig={"DestinationS3Uri": "s3://b/c", "GenerateInferenceId": True},
            ),
            "GenerateInferenceId need Accept to be one of",
        ),
        (request(data_type="AugmentedManifestFile"), "S3DataType 'AugmentedManifestFile' is not allowed"),
        (request(data_type="Converse"), "S3DataType 'Converse' is not allowed"),
        (request(uri="nowhere"), "S3Uri: 'nowhere' is not an S3 address"),
        (request(output="nowhere"), "S3OutputPath: 'nowhere' is not an S3 address"),
        (request(content_type=None, input_filter="$[0]"), "need ContentType to be one of"),
        (
            request(content_type="image/png", accept="image/png", join_source="Input"),
            "need ContentType to be one of",
        ),
        (request(accept="image/png", output_filter="$[0]"), "need Accept to be one of"),
        (request(accept="application/json", join_source="Input"), "the same format for input and answer"),
        (request(BatchStrategy="Both"), "BatchStrategy 'Both' in the request is not allowed"),
        (request(MaxPayloadInMB=-1), "MaxPayloadInMB -1 in the request is not allowed"),
    ],
)
def test_fails_for_settings_that_contradict_each_other_or_are_not_supported(
    asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(TransformSettingsError, match=message):
        effective_settings(asked, {})


@pytest.mark.parametrize(
    "parameters", [{"MaxConcurrentTransforms": "many"}, {"MaxPayloadInMB": 1.5}, {"BatchStrategy": "multi"}]
)
def test_fails_for_invalid_execution_parameters_and_says_whose_they_are(
    parameters: dict[str, Any],
) -> None:
    with pytest.raises(TransformSettingsError, match="in the model's /execution-parameters is not allowed"):
        effective_settings(request(), parameters)


def test_max_payload_0_streams_objects_but_not_single_records() -> None:
    assert effective_settings(request(MaxPayloadInMB=0), {}).is_streamed
    assert effective_settings(request(MaxPayloadInMB=0, split_type="None"), {}).is_streamed
    assert not effective_settings(request(MaxPayloadInMB=0, BatchStrategy="SingleRecord"), {}).is_streamed
    whole = request(MaxPayloadInMB=0, BatchStrategy="SingleRecord", split_type="None")
    assert effective_settings(whole, {}).is_streamed
    assert str(effective_settings(request(MaxPayloadInMB=0), {})).startswith(
        "MaxConcurrentTransforms=1, MaxPayloadInMB=0,"
    )


@pytest.mark.parametrize(
    ("split_type", "content_type", "accept", "by_line"),
    [
        ("Line", "text/csv", None, True),
        ("Line", "image/png", "Text/Plain; charset=utf-8", True),
        ("Line", "image/png", "application/jsonlines", True),
        ("Line", "image/png", "application/x-csv", True),
        ("Line", "text/csv", "application/x-npy", False),
        ("Line", "application/x-npy;of=text/csv", None, False),
        ("Line", None, None, True),
        ("TFRecord", None, None, False),
        ("TFRecord", None, "application/json", True),
        ("None", "text/csv", "text/csv", False),
    ],
)
def test_text_answers_to_a_split_object_should_have_a_line_for_each_record(
    split_type: str, content_type: str | None, accept: str | None, by_line: bool
) -> None:
    asked = request(split_type=split_type, content_type=content_type, accept=accept)
    assert effective_settings(asked, {}).answers_by_line is by_line
