"""Which settings a job runs with."""

from __future__ import annotations

from typing import Any

import pytest

from batch_transform.engine.settings import MIB, effective_settings
from batch_transform.job.errors import TransformSettingsError
from engine.fake_world import request


def test_a_job_without_settings_logs_the_recorded_defaults() -> None:
    settings = effective_settings(request(), {})
    assert str(settings) == "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD"
    assert (settings.timeout, settings.max_retries, settings.max_payload) == (600, 3, 6 * MIB)


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
