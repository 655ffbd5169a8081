from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from batch_transform.job.errors import Problem
from batch_transform.job.problems import problems
from batch_transform.job.rules import request_problems
from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    FrameworkImage,
    InputSpec,
    JobSpec,
    ModelSpec,
    NotifySpec,
    OutputSpec,
    ScheduleSpec,
    TransformSpec,
    TriggersSpec,
    UploadSpec,
)

REQUEST: dict[str, Any] = {
    "TransformJobName": "demo-1",
    "ModelName": "demo-model",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}},
        "ContentType": "text/csv",
        "SplitType": "Line",
    },
    "TransformOutput": {"S3OutputPath": "s3://bucket/out/", "Accept": "text/csv", "AssembleWith": "Line"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}

TOKEN = "${Token[TOKEN.123]}"
NUMBER_TOKEN = -1.8881545897087626e289


def request(*changes: tuple[str, object]) -> dict[str, Any]:
    """Return a valid request with members at dotted paths changed; None removes one."""
    changed = copy.deepcopy(REQUEST)
    for dotted, value in changes:
        *parents, last = dotted.split(".")
        node = changed
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = value
        if value is None:
            del node[last]
    return changed


def codes_of(found: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in found]


def job(**changes: Any) -> JobSpec:
    return dataclasses.replace(JobSpec(name="demo", model=ModelSpec(existing="demo-model")), **changes)


def test_a_valid_request_has_no_problems() -> None:
    assert request_problems(REQUEST) == []


def test_a_valid_job_has_no_problems() -> None:
    assert problems(job()) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ([("TransformJobName", "under_score" * 10)], [("transform-job-name-too-long", "TransformJobName")]),
        ([("MaxPayloadInMB", 200)], [("max-payload-too-large", "transform.max_payload")]),
        (
            [("MaxPayloadInMB", 50), ("MaxConcurrentTransforms", 50)],
            [("payload-in-flight-too-large", "transform.max_concurrent_transforms")],
        ),
        (
            [("BatchStrategy", "MultiRecord"), ("TransformInput.SplitType", None)],
            [("strategy-needs-split", "transform.strategy")],
        ),
        ([("Environment", {f"V{n}": "a" for n in range(17)})], [("env-too-many", "transform.env")]),
        (
            [("TransformInput.DataSource.S3DataSource.S3Uri", "not a uri")],
            [("data-malformed", "input.data")],
        ),
        (
            [("TransformOutput.S3OutputPath", "s3://bucket/in/results")],
            [("output-under-input", "output.path")],
        ),
        (
            [("TransformResources", {"InstanceType": "ml.quantum.large", "InstanceCount": 0})],
            [
                ("instance-type-unknown", "transform.instance_type"),
                ("instance-count-too-small", "transform.instance_count"),
            ],
        ),
        (
            [("TransformInput.DataSource.S3DataSource.S3DataType", "AugmentedManifestFile")],
            [("data-type-unfit", "input.data_type")],
        ),
    ],
    ids=[
        "a name of 110 characters with underscores",
        "a payload of 200 MB",
        "50 requests of 50 MB",
        "MultiRecord without a split",
        "17 environment variables",
        "an address that is none",
        "the output under the input prefix",
        "an unknown instance type, and none of it",
        "AugmentedManifestFile",
    ],
)
def test_fails_for_requests_that_the_cdks_own_task_lets_through(
    change: list[tuple[str, object]], expected: list[tuple[str, str]]
) -> None:
    assert codes_of(request_problems(request(*change))) == expected


@pytest.mark.parametrize(
    "changes",
    [
        [("TransformInput.SplitType", None)],
        [("TransformOutput.Accept", None), ("DataProcessing.InputFilter", "$[1:]")],
        [("TransformOutput.Accept", "application/json")],
        [("TransformInput.ContentType", None), ("TransformInput.SplitType", None)],
        [("TransformInput.CompressionType", "Gzip"), ("DataProcessing.InputFilter", "$[1:]")],
        [("TransformInput.SplitType", None), ("DataProcessing.InputFilter", "$")],
        [("TransformInput.ContentType", "text/csv; charset=utf-8"), ("DataProcessing.InputFilter", "$[0]")],
        [("TransformInput.ContentType", "image/png"), ("TransformInput.SplitType", None)],
        [("TransformOutput.Accept", "application/json"), ("DataProcessing.OutputFilter", "$['class']")],
        [("MaxPayloadInMB", 0), ("MaxConcurrentTransforms", 8)],
        [("MaxPayloadInMB", 100), ("MaxConcurrentTransforms", 1)],
        [("MaxConcurrentTransforms", 16)],
        [("MaxConcurrentTransforms", 0)],
        [("TransformInput.DataSource.S3DataSource.S3Uri", "s3://bucket/in/one file.csv")],
        [("TransformOutput.S3OutputPath", "s3://bucket")],
        [("TransformOutput.S3OutputPath", "s3://other/in/")],
        [("TransformOutput.S3OutputPath", "https://bucket.s3.amazonaws.com/out")],
        [("TransformResources.VolumeKmsKeyId", "alias/key")],
        [("Environment", {"_a": "", "B9": "any\ntext"})],
        [("Tags", [{"Key": "Straße 7", "Value": ""}])],
    ],
)
def test_requests_that_aws_accepts_are_not_refused(changes: list[tuple[str, object]]) -> None:
    assert request_problems(request(*changes)) == []


@pytest.mark.parametrize(
    ("content_type", "split", "assemble", "expected"),
    [
        ("text/csv", "Line", "Line", []),
        ("application/json", "Line", "Line", []),
        ("application/json", None, None, []),
        ("application/json", "None", None, []),
        ("application/jsonlines", "Line", "Line", []),
        ("application/jsonlines", None, None, ["join-json-lines-whole"]),
        ("application/jsonlines", "Line", None, ["join-split-differs"]),
        ("text/csv", None, None, ["join-csv-needs-line", "join-csv-needs-line"]),
        ("text/csv", "TFRecord", "Line", ["join-split-unfit"]),
        ("application/x-recordio-protobuf", "RecordIO", None, ["join-type-unfit"] * 2 + ["join-split-unfit"]),
        ("image/png", None, None, ["join-type-unfit"] * 2),
        (None, "Line", "Line", ["join-needs-content-type", "join-needs-accept"]),
    ],
)
def test_a_join_accepts_the_documented_combinations(
    content_type: str | None, split: str | None, assemble: str | None, expected: list[str]
) -> None:
    found = request_problems(
        request(
            ("DataProcessing.JoinSource", "Input"),
            ("TransformInput.ContentType", content_type),
            ("TransformOutput.Accept", content_type),
            ("TransformInput.SplitType", split),
            ("TransformOutput.AssembleWith", assemble),
        )
    )
    assert [problem.code for problem in found] == expected


def test_fails_with_awss_own_text_for_an_illegal_character_in_a_filter() -> None:
    found = request_problems(
        request(
            ("TransformOutput.Accept", "application/jsonlines"),
            ("DataProcessing.OutputFilter", "$['account_id','SageMakerOutput']"),
        )
    )
    assert found[0].message.startswith(
        "Invalid OutputFilter: \"$['account_id','SageMakerOutput']\". Unexpected \"_\" in JsonPath. "
        "Supported operators for \"application/jsonlines\" are ['$', '[', ']', '*', '.', ' ', ',', ':', '-', ''']"
    )


@pytest.mark.parametrize("instance_type", ["ml.g5.xlarge", "ml.g4dn.xlarge", "ml.trn1.2xlarge"])
def test_fails_for_a_volume_key_with_local_storage(instance_type: str) -> None:
    found = request_problems(
        request(
            ("TransformResources.InstanceType", instance_type),
            ("TransformResources.VolumeKmsKeyId", "alias/key"),
        )
    )
    assert codes_of(found) == [("volume-key-with-local-storage", "transform.volume_kms_key")]


def test_a_machine_image_without_a_gpu_is_a_warning() -> None:
    ami = ("TransformResources.TransformAmiVersion", "al2-ami-sagemaker-batch-gpu-535")
    (problem,) = request_problems(request(ami))
    assert (problem.code, problem.severity) == ("ami-version-without-gpu", "warning")
    assert request_problems(request(ami, ("TransformResources.InstanceType", "ml.g5.xlarge"))) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("ModelName", None)], [("missing-field", "ModelName")]),
        ([("TransformOutput", {"AssembleWith": "Line"})], [("missing-field", "output.path")]),
        (
            [("DataCaptureConfig", {"GenerateInferenceId": True})],
            [("missing-field", "batch_data_capture_config.destination_s3_uri")],
        ),
        ([("TransformResources.InstanceCount", "1")], [("wrong-type", "transform.instance_count")]),
        ([("TransformResources.InstanceCount", True)], [("wrong-type", "transform.instance_count")]),
        ([("TransformResources.InstanceType", 5)], [("wrong-type", "transform.instance_type")]),
        ([("TransformInput.ContentType", 5)], [("wrong-type", "input.content_type")]),
        ([("Environment", ["A"])], [("wrong-type", "transform.env")]),
        ([("Environment", {"A": 1})], [("wrong-type", "transform.env.A")]),
        ([("Tags", {"a": "b"})], [("wrong-type", "tags")]),
        ([("TransformJobName", "")], [("transform-job-name-too-short", "TransformJobName")]),
        (
            [("DataCaptureConfig", {"DestinationS3Uri": "s3://bucket/c", "GenerateInferenceId": "yes"})],
            [("wrong-type", "batch_data_capture_config.generate_inference_id")],
        ),
    ],
)
def test_fails_for_members_that_are_missing_or_of_another_type(
    changes: list[tuple[str, object]], expected: list[tuple[str, str]]
) -> None:
    assert codes_of(request_problems(request(*changes))) == expected


def test_all_problems_are_reported_at_once() -> None:
    found = request_problems(
        request(("MaxPayloadInMB", 101), ("BatchStrategy", "All"), ("TransformInput.SplitType", "Row"))
    )
    assert len(found) == 3


def test_a_value_that_is_wrong_on_its_own_is_reported_once() -> None:
    found = request_problems(
        request(("DataProcessing.JoinSource", "Input"), ("TransformInput.SplitType", "line"))
    )
    assert codes_of(found) == [("split-type-unknown", "input.split_type")]


@pytest.mark.parametrize(("path", "is_told"), [("$[1:2]", True), ("$[1:4]", False), ("$[2]", False)])
def test_for_a_slice_that_ends_one_too_far_the_message_says_that_its_end_is_inclusive(
    path: str, is_told: bool
) -> None:
    (problem,) = problems(
        job(
            input=InputSpec(content_type="text/csv", split_type="Line", columns=("id", "age")),
            output=OutputSpec(assemble_with="Line"),
            data_processing=DataProcessingSpec(input_filter=path),
        )
    )
    assert problem.code == "filter-beyond-columns"
    assert ("the end of a slice is inclusive: the last column is 1" in problem.message) is is_told


def test_a_token_skips_every_rule() -> None:
    spec = job(
        name=TOKEN,
        model=ModelSpec(artifact=TOKEN, image=TOKEN, env={"A": TOKEN}),
        input=InputSpec(data=TOKEN, data_type=TOKEN, content_type=TOKEN, split_type=TOKEN, columns=("a",)),
        transform=TransformSpec(
            instance_type=(TOKEN,),
            instance_count=NUMBER_TOKEN,  # type: ignore[arg-type] # the CDK's number tokens are floats
            strategy=TOKEN,
            max_payload=NUMBER_TOKEN,  # type: ignore[arg-type] # see above
            max_concurrent_transforms=50,
            env={"A": TOKEN},
        ),
        data_processing=DataProcessingSpec(input_filter=TOKEN, join_source="Input", output_filter=TOKEN),
        output=OutputSpec(path=f"s3://{TOKEN}/in", accept="text/csv", assemble_with=TOKEN, columns=("b",)),
        triggers=TriggersSpec(schedule=(ScheduleSpec(rate=TOKEN, timezone=TOKEN),)),
        tags={"a": TOKEN},
    )
    assert problems(spec) == []


def test_the_framework_of_an_image_may_be_a_token() -> None:
    assert (
        problems(job(model=ModelSpec(artifact="s3://bucket/m.tar.gz", image=FrameworkImage(TOKEN, "1"))))
        == []
    )


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (ScheduleSpec(cron=cron), "triggers.schedule.cron")
        for cron in (
            "0 2 * * ? *",
            "0/15 8-17 ? * MON-FRI *",
            "15,45 0 L * ? 2026-2030",
            "0 10 15W * ? *",
            "0 10 ? JAN,jul 6#3 *",
            "*/5 * 1-7 * ? *",
            "0 0 1 1/3 ? *",
        )
    ]
    + [
        (ScheduleSpec(rate=rate), "triggers.schedule.rate")
        for rate in ("1 hour", "1 hours", "5 minutes", "30 days", "1 minute")
    ],
)
def test_schedules_in_documented_forms_are_not_refused(schedule: ScheduleSpec, field: str) -> None:
    assert [
        problem
        for problem in problems(job(triggers=TriggersSpec(schedule=(schedule,))))
        if problem.field == field
    ] == []


@pytest.mark.parametrize(
    ("unix", "six_fields"),
    [
        ("0 2 * * *", "0 2 * * ? *"),
        ("30 6 * * 1-5", "30 6 ? * 2-6 *"),
        ("0 0 1 * *", "0 0 1 * ? *"),
        ("0 0 * * 0", "0 0 ? * 1 *"),
    ],
)
def test_fails_for_a_crontab_line_and_gives_the_six_fields(unix: str, six_fields: str) -> None:
    (problem,) = problems(job(triggers=TriggersSpec(schedule=(ScheduleSpec(cron=unix),))))
    assert problem.message.endswith(f'write "{six_fields}"')
    assert problems(job(triggers=TriggersSpec(schedule=(ScheduleSpec(cron=six_fields),)))) == []


@pytest.mark.parametrize("cron", ["0 2 * * * *", "0 2 1 * 1 *", "0 2 ? * ? *", "0 2 * * 1 *", "0 2 1 * * *"])
def test_fails_for_two_kinds_of_day_and_suggests_a_valid_expression(cron: str) -> None:
    (problem,) = problems(job(triggers=TriggersSpec(schedule=(ScheduleSpec(cron=cron),))))
    sound = problem.message.rpartition("such as ")[2].strip('"')
    assert problems(job(triggers=TriggersSpec(schedule=(ScheduleSpec(cron=sound),)))) == []


def test_results_next_to_the_data_are_fine() -> None:
    found = problems(
        job(input=InputSpec(data="s3://bucket/in/"), output=OutputSpec(path="s3://bucket/in-results/"))
    )
    assert found == []


def test_columns_are_counted_over_record_and_answer() -> None:
    spec = job(
        input=InputSpec(content_type="text/csv", split_type="Line", columns=("id", "age")),
        output=OutputSpec(accept="text/csv", assemble_with="Line", columns=("prediction",)),
        data_processing=DataProcessingSpec(input_filter="$[1:]", join_source="Input", output_filter="$[0,2]"),
    )
    assert problems(spec) == []
    beyond = dataclasses.replace(spec.data_processing, output_filter="$[0,3]")
    (problem,) = problems(dataclasses.replace(spec, data_processing=beyond))
    assert "a row has 3 columns (2 in input.columns and 1 in output.columns)" in problem.message


def test_columns_are_not_counted_unless_those_of_the_answer_are_named() -> None:
    spec = job(
        input=InputSpec(content_type="text/csv", split_type="Line", columns=("id", "age")),
        output=OutputSpec(accept="text/csv", assemble_with="Line"),
        data_processing=DataProcessingSpec(join_source="Input", output_filter="$[0,9]"),
    )
    assert problems(spec) == []


def of_image(image: str) -> list[Problem]:
    model = ModelSpec(artifact="s3://bucket/m.tar.gz", image=image)
    return problems(job(model=model))


@pytest.mark.parametrize(
    "image",
    [
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:7",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/churn@sha256:0a",
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/churn",
        "file:///images/churn",
        "http://127.0.0.1:8080",
        TOKEN,
    ],
)
def test_an_image_in_ecr_or_on_this_machine_has_no_problem(image: str) -> None:
    assert of_image(image) == []


@pytest.mark.parametrize(
    ("image", "fix"),
    [
        ("sklearn:1.2-1", "write {framework: sklearn, version: 1.2-1}"),
        ("sklearn", "write {framework: sklearn, version: 1.2-1}"),
        ("xgboost:9", "write {framework: xgboost, version: 3.0-5}"),
        ("https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1", "leave out https://"),
    ],
)
def test_fails_on_an_image_that_is_not_a_uri_and_says_what_to_write(image: str, fix: str) -> None:
    (problem,) = of_image(image)
    assert problem.is_error
    assert fix in problem.message


def test_for_a_backward_slice_the_forward_one_is_suggested() -> None:
    (problem,) = request_problems(request(("DataProcessing", {"InputFilter": "$[3:1]"})))
    assert problem.message == "'$[3:1]' starts at 3 and ends at 1, so it selects nothing; write $[1:3]"
    assert not problem.is_error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$[0,\u00a01]", "Unexpected U+00A0 (no-break space) in JsonPath"),
        ("$[0,\u00a01]", "; use a plain space, or none"),
        ("$[0\t]", "U+0009 (a control character)"),
        ("$[\u2018a\u2019]", 'Unexpected "\u2018", U+2018 (left single quotation mark)'),
        ("$[\u2018a\u2019]", "; write straight quotes '"),
    ],
)
def test_fails_on_a_character_that_looks_like_another_with_its_name(text: str, expected: str) -> None:
    changed = request(
        ("DataProcessing", {"InputFilter": text}), ("TransformInput.ContentType", "application/jsonlines")
    )
    (problem,) = request_problems(changed)
    assert problem.is_error
    assert expected in problem.message


def test_for_a_column_of_an_unnamed_answer_the_message_says_where_to_name_columns() -> None:
    spec = job(
        input=InputSpec(content_type="text/csv", split_type="Line", columns=("id", "age")),
        data_processing=DataProcessingSpec(join_source="Input", keep=("id", "prediction")),
        output=OutputSpec(accept="text/csv", assemble_with="Line"),
    )
    (problem,) = problems(spec)
    assert "name the columns of the model's answer, in order: output.columns: [prediction]" in problem.message


@pytest.mark.parametrize(
    "cron", ["0 2 29 2 ? *", "0 2 30,31 2,3 ? *", "0 2 L 2 ? *", "0 2 31 * ? *", "0 2 1/31 2 ? *"]
)
def test_a_day_that_exists_is_fine(cron: str) -> None:
    assert problems(job(triggers=TriggersSpec(schedule=(ScheduleSpec(cron=cron),)))) == []


def test_tokens_in_triggers_and_notifications_are_left_to_the_deployment() -> None:
    spec = job(
        input=InputSpec(data=TOKEN, kms_key=TOKEN),
        triggers=TriggersSpec(
            schedule=(ScheduleSpec(rate="1 hour", start_date=TOKEN, end_date=TOKEN),),
            on_upload=UploadSpec(prefix=TOKEN, suffix=TOKEN, input={"input": {"data": "s3://bucket/in/"}}),
        ),
        notify=NotifySpec(email=(TOKEN, TOKEN), topic=TOKEN),
    )
    assert problems(spec) == []


def tags(count: int, key: int = 3, value: int = 1) -> list[dict[str, str]]:
    return [{"Key": f"{at:0{key}}", "Value": "v" * value} for at in range(count)]


LIMITS: list[tuple[str, Callable[[int], object], int, str]] = [
    ("TransformJobName", lambda size: "a" * size, 63, "transform-job-name-too-long"),
    ("ModelName", lambda size: "a" * size, 63, "model-name-too-long"),
    ("MaxPayloadInMB", int, 100, "max-payload-too-large"),
    ("MaxConcurrentTransforms", int, 16, "payload-in-flight-too-large"),  # of 6 MB each, AWS's default
    (
        "ModelClientConfig.InvocationsTimeoutInSeconds",
        int,
        3600,
        "invocations-timeout-in-seconds-too-large",
    ),
    ("ModelClientConfig.InvocationsMaxRetries", int, 3, "invocations-max-retries-too-large"),
    ("TransformResources.InstanceCount", int, 100, "instance-count-too-large"),
    ("Environment", lambda size: {f"A{at}": "1" for at in range(size)}, 16, "env-too-many"),
    ("Environment", lambda size: {"A": "1" * size}, 10_240, "env-value-too-long"),
    ("Environment", lambda size: {"A" * size: "1"}, 1024, "env-name-too-long"),
    (
        "TransformInput.DataSource.S3DataSource.S3Uri",
        lambda size: "s3://bucket/".ljust(size, "k"),
        1024,
        "data-too-long",
    ),
    (
        "TransformInput.ContentType",
        lambda size: "text/csv;".ljust(size, "x"),
        256,
        "content-type-too-long",
    ),
    ("TransformOutput.KmsKeyId", lambda size: "k" * size, 2048, "kms-key-too-long"),
    (
        "DataProcessing.InputFilter",
        lambda size: "$[1".ljust(size - 1, "0") + "]",
        63,
        "input-filter-too-long",
    ),
    ("Tags", tags, 50, "tags-too-many"),
    ("Tags", lambda size: tags(1, key=size), 128, "tag-name-too-long"),
    ("Tags", lambda size: tags(1, value=size), 256, "tag-value-too-long"),
]


@pytest.mark.parametrize(
    ("member", "value", "limit", "code"), LIMITS, ids=[f"{code} {limit}" for _, _, limit, code in LIMITS]
)
def test_a_value_at_its_limit_is_accepted_and_one_above_is_refused(
    member: str, value: Callable[[int], object], limit: int, code: str
) -> None:
    def wrong(size: int) -> list[str]:
        return [
            problem.code for problem in request_problems(request((member, value(size)))) if problem.is_error
        ]

    assert wrong(limit) == []
    assert wrong(limit + 1) == [code]


@pytest.mark.parametrize(
    ("member", "least", "code"),
    [
        ("ModelClientConfig.InvocationsTimeoutInSeconds", 1, "invocations-timeout-in-seconds-too-small"),
        ("ModelClientConfig.InvocationsMaxRetries", 0, "invocations-max-retries-too-small"),
        ("TransformResources.InstanceCount", 1, "instance-count-too-small"),
        ("MaxPayloadInMB", 0, "max-payload-too-small"),
        ("MaxConcurrentTransforms", 0, "max-concurrent-transforms-too-small"),
    ],
)
def test_a_number_at_its_minimum_is_accepted_and_one_below_is_refused(
    member: str, least: int, code: str
) -> None:
    def wrong(number: int) -> list[str]:
        return [problem.code for problem in request_problems(request((member, number))) if problem.is_error]

    assert wrong(least) == []
    assert wrong(least - 1) == [code]


@pytest.mark.parametrize(
    ("content_type", "text", "hint"),
    [
        ("text/csv", "$.id", "; columns of a CSV are selected by index, such as $[1:] or $[0,-1]"),
        ("text/csv", "$.a_b", "; columns of a CSV are selected by index, such as $[1:] or $[0,-1]"),
        (
            "application/json",
            "$.a_b",
            "; a filter can't contain a name with _: rename the field in the data, or select around it",
        ),
        ("application/json", '$["id"]', "; write names in single quotes"),
        ("application/json", "$[\u2018id\u2019]", "; write straight quotes '"),
        ("application/json", "$['a\tb']", "; use a plain space, or none"),
    ],
)
def test_a_refused_filter_is_reported_with_a_fix(content_type: str, text: str, hint: str) -> None:
    filters = DataProcessingSpec(input_filter=text)
    found = problems(
        job(input=InputSpec(content_type=content_type, split_type="Line"), data_processing=filters)
    )
    (message,) = [problem.message for problem in found if problem.code == "filter-refused"]
    assert message.endswith(hint)


def test_a_filter_on_csv_without_lines_is_a_warning() -> None:
    filters = DataProcessingSpec(input_filter="$[1:]")
    (problem,) = problems(job(input=InputSpec(content_type="text/csv"), data_processing=filters))
    assert (problem.code, problem.severity) == ("filter-csv-needs-line", "warning")
    assert "input.split_type is None" in problem.message
    token = InputSpec(content_type="text/csv", split_type="${Token[A.1]}")
    assert problems(job(input=token, data_processing=filters)) == []
