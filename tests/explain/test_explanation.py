from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from batch_transform.engine.settings import MIB, effective_settings
from batch_transform.explain.cost import Cost
from batch_transform.explain.explanation import explain
from batch_transform.explain.limits import ORIGINS, limits
from batch_transform.explain.places import places
from batch_transform.job.price.price import Price
from batch_transform.job.values.bad_records_spec import BadRecordsSpec
from batch_transform.job.values.job_spec import (
    BatchDataCaptureConfig,
    DataProcessingSpec,
    ExperimentConfig,
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
    WorkflowSpec,
)

SMALL = JobSpec("small", ModelSpec(existing="small-model"))
CSV = JobSpec(
    "churn",
    ModelSpec(source=Path("/models/churn"), image="image"),
    input=InputSpec(content_type="text/csv", split_type="Line", columns=("id", "age", "plan")),
    transform=TransformSpec(
        strategy="SingleRecord", max_payload=2, instance_count=3, max_runtime_in_seconds=3600
    ),
    data_processing=DataProcessingSpec(input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]"),
    output=OutputSpec(accept="text/csv", assemble_with="Line", columns=("score", "label")),
)


def words_of(spec: JobSpec) -> dict[str, str]:
    return {step.name: step.words for step in explain(spec).record}


def test_a_csv_record_is_explained_with_column_names() -> None:
    assert words_of(CSV) == {
        "record": "A record is one line of an object, of type text/csv, with 3 columns: id, age and plan. "
        "A header line would be a record too.",
        "model gets": "The model gets all columns except id: 2 columns, age and plan.",
        "request": "Each record is sent in its own request, and must fit into 2 MB.",
        "model answers": "The model is asked for text/csv: one line for each record with 2 columns: score and label.",
        "joined": "The answer's columns follow all columns of the record, including those that the model did not get: "
        "5 columns.",
        "kept": "The result keeps id and label.",
        "written": "Results are in the order of the records, each on its own line: "
        "line 7 of the result belongs to line 7 of the object.",
    }


def test_column_names_give_the_same_words_as_the_equivalent_filters() -> None:
    processing = DataProcessingSpec(send_except=("id",), join_source="Input", keep=("id", "label"))
    by_name = explain(dataclasses.replace(CSV, data_processing=processing))
    assert by_name.record == explain(CSV).record
    assert [step.filter for step in by_name.record if step.filter] == ["$[1:]", "$[0,-1]"]


def test_a_job_without_settings_sends_whole_objects() -> None:
    words = words_of(SMALL)
    assert words["record"] == "A record is one whole object."
    assert words["model gets"] == "The model gets the record unchanged, byte for byte."
    assert words["request"] == "Each object is sent in its own request, and must fit into 6 MB."
    assert words["kept"] == "The result is the model's answer, byte for byte."
    assert "joined" not in words


def test_limits_that_are_not_set_are_those_of_the_engine() -> None:
    settings = effective_settings(explain(SMALL).shown.request, {})
    values = {limit.name: (limit.value, limit.origin) for limit in limits(SMALL)}
    assert values["MaxPayloadInMB"] == (settings.max_payload // MIB, "container")
    assert values["MaxConcurrentTransforms"] == (settings.max_concurrent_transforms, "container")
    assert values["InvocationsTimeoutInSeconds"] == (int(settings.timeout), "aws_default")
    assert values["InvocationsMaxRetries"] == (settings.max_retries, "aws_default")
    assert values["BatchStrategy"] == (
        "SingleRecord" if settings.single_record else "MultiRecord",
        "container",
    )
    assert {origin for _, origin in values.values()} <= ORIGINS.keys()


def test_limits_in_the_job_file_take_precedence() -> None:
    transform = dataclasses.replace(CSV.transform, max_concurrent_transforms=0, invocations_max_retries=0)
    values = {
        limit.name: (limit.value, limit.origin)
        for limit in limits(dataclasses.replace(CSV, transform=transform))
    }
    assert values["MaxPayloadInMB"] == (2, "job_file")
    assert values["InvocationsMaxRetries"] == (0, "job_file")
    assert values["InvocationsTimeoutInSeconds"] == (600, "aws_default")
    assert values["MaxConcurrentTransforms"] == (1, "container")  # on AWS, 0 means not set
    assert values["max_runtime_in_seconds"] == (3600, "job_file")


@pytest.mark.parametrize(
    ("framework", "version", "env", "expected"),
    [
        ("sklearn", "1.2-1", {}, {"SAGEMAKER_MODEL_SERVER_TIMEOUT": (60, "container_default")}),
        (
            "sklearn",
            "1.2-1",
            {"SAGEMAKER_MODEL_SERVER_TIMEOUT": "900"},
            {"SAGEMAKER_MODEL_SERVER_TIMEOUT": (900, "job_file")},
        ),
        (
            "xgboost",
            "1.7-1",
            {"MAX_CONTENT_LENGTH": "1000"},
            {
                "SAGEMAKER_MODEL_SERVER_TIMEOUT": (60, "container_default"),
                "MAX_CONTENT_LENGTH": (1000, "job_file"),
            },
        ),
        (
            "pytorch",
            "2.6",
            {"SAGEMAKER_MODEL_SERVER_TIMEOUT": "300"},  # the image's toolkit ignores it
            {
                "TS_DEFAULT_RESPONSE_TIMEOUT": (120, "container_default"),
                "TS_MAX_REQUEST_SIZE": (6_553_500, "container_default"),
            },
        ),
        (
            "pytorch",
            "2.6",
            {"SAGEMAKER_TS_RESPONSE_TIMEOUT": "300"},
            {
                "SAGEMAKER_TS_RESPONSE_TIMEOUT": (300, "job_file"),
                "TS_MAX_REQUEST_SIZE": (6_553_500, "container_default"),
            },
        ),
    ],
)
def test_the_limits_of_a_containers_own_server_are_told(
    framework: str, version: str, env: dict[str, str], expected: dict[str, tuple[int, str]]
) -> None:
    model = ModelSpec(artifact="s3://models/m.tar.gz", image=FrameworkImage(framework, version), env=env)
    found = {limit.name: (limit.value, limit.origin) for limit in limits(JobSpec("demo", model))}
    assert {name: value for name, value in found.items() if name.isupper()} == expected


def test_the_cost_follows_from_records_rate_and_price() -> None:
    price = Price(0.5, "CNY", "ml.m5.large", "cn-north-1", "2026-11-30", "AWS Price List")
    cost = explain(CSV, records=7_200_000, rate=1000, price=price).cost
    assert cost.instance_hours == 2
    assert cost.seconds == 2400  # on three instances
    assert cost.usd == 1
    assert (cost.most_instance_hours, cost.most_usd) == (3, 1.5)
    words = " ".join(cost.words())
    assert (
        "7,200,000 records at 1,000 per second take 40 minutes, shared evenly by 3 instances: 2 instance hours"
        in words
    )
    assert "cannot be estimated" in words
    assert "3 instance hours, which costs CNY 1.50; then the workflow stops it." in words
    assert words.endswith(
        "The price is CNY 0.5 per hour for ml.m5.large in cn-north-1 (AWS Price List, 2026-11-30)."
    )


def test_missing_values_for_the_cost_are_asked_for() -> None:
    cost = explain(CSV, records=5).cost
    assert (cost.instance_hours, cost.seconds, cost.usd, cost.most_usd) == (None, None, None, None)
    assert "pass --deployed" in cost.words()[0]
    assert "pass --records" in cost.words()[0]


@pytest.mark.parametrize(
    ("data", "data_type", "examples"),
    [
        (
            "s3://in-bucket/day/",
            "S3Prefix",
            [
                ("s3://in-bucket/day/monday", "s3://out-bucket/x/monday.out"),
                ("s3://in-bucket/day/2026/tuesday", "s3://out-bucket/x/2026/tuesday.out"),
            ],
        ),
        (
            "s3://in-bucket/day/a.csv",
            "S3Prefix",
            [
                ("s3://in-bucket/day/a.csv", "s3://out-bucket/x/a.csv.out"),
                ("s3://in-bucket/day/a.csv/monday", "s3://out-bucket/x/monday.out"),
            ],
        ),
        (
            "s3://in-bucket/list.manifest",
            "ManifestFile",
            [
                ("s3://in-bucket/prefix/monday", "s3://out-bucket/x/monday.out"),
                ("s3://in-bucket/prefix/2026/tuesday", "s3://out-bucket/x/2026/tuesday.out"),
            ],
        ),
    ],
)
def test_results_are_where_the_engine_writes_them(
    data: str, data_type: str, examples: list[tuple[str, str]]
) -> None:
    request = {
        "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": data, "S3DataType": data_type}}},
        "TransformOutput": {"S3OutputPath": "s3://out-bucket/x/"},
    }
    explained = places(request)
    assert list(explained.examples) == examples
    assert explained.pattern is not None
    assert explained.pattern[1] == "s3://out-bucket/x/<name>.out"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            BadRecordsSpec(max_count=5),
            "the run leaves it out, lists it in _bad_records.jsonl and completes; more than 5 of",
        ),
        (
            BadRecordsSpec(max_count=5000, max_percent=0.5, result="ERROR"),
            "the run writes ERROR in the place of the answer, lists it in _bad_records.jsonl and completes; more than "
            "5,000 of them or more than 0.5% of all records fail the run (bad_records).",
        ),
    ],
)
def test_a_job_that_leaves_bad_records_out_is_not_said_to_fail_with_the_first(
    spec: BadRecordsSpec, words: str
) -> None:
    explained = " ".join(explain(dataclasses.replace(CSV, bad_records=spec)).places.words)
    assert words in explained
    assert "the other objects are still scored" not in explained


@pytest.mark.parametrize(
    ("reconcile", "words"),
    [
        ("objects", "if an object has no result or was replaced during the run (reconcile: objects)"),
        ("records", "or has a result with more or fewer lines (reconcile: records)"),
        ("off", 'The results are not compared with the input (reconcile: "off").'),
    ],
)
def test_how_results_are_compared_with_the_input_is_explained(reconcile: str, words: str) -> None:
    assert words in " ".join(explain(dataclasses.replace(CSV, reconcile=reconcile)).places.words)


def test_an_address_that_only_aws_can_interpret_is_left_to_aws() -> None:
    explained = explain(dataclasses.replace(SMALL, input=InputSpec("https://example.com/x"))).places
    assert (explained.pattern, explained.examples) == (None, ())
    assert explained.words[0].startswith("Where it reads and writes is up to AWS: 'https://example.com/x'")


def test_values_that_only_a_deployment_knows_have_explained_placeholders() -> None:
    shown = explain(CSV).shown
    assert shown.request["ModelName"] == "MODEL_NAME"
    assert set(shown.placeholders) == {"RUN", "MODEL_NAME", "INPUT_BUCKET", "OUTPUT_BUCKET"}
    assert all(word in json.dumps(shown.request) for word in shown.placeholders)


def test_json_has_values_in_addition_to_words() -> None:
    report = json.loads(json.dumps(explain(CSV, records=3600, rate=1).as_json()))
    assert report["cost"]["instance_hours"] == 1
    assert report["request"]["DataProcessing"]["InputFilter"] == "$[1:]"
    assert report["limits"][0] == {
        "name": "MaxPayloadInMB",
        "value": 2,
        "words": "A request body has at most 2 MB",
        "origin": "job_file",
    }


def test_data_capture_is_explained() -> None:
    capture = BatchDataCaptureConfig("s3://out-bucket/capture/", generate_inference_id=True)
    explained = explain(dataclasses.replace(CSV, batch_data_capture_config=capture))
    assert "Lists of the objects read and written go to s3://out-bucket/capture/." in explained.places.words
    assert [step.words for step in explained.record if step.name == "identified"] == [
        "Each result gets two more columns at the end: its own id, and the start time of the transform job."
    ]
    json_spec = dataclasses.replace(SMALL, batch_data_capture_config=capture)
    assert "SageMakerInferenceId" in words_of(json_spec)["identified"]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (None, "It runs whenever you start it; it has no schedule and no upload trigger."),
        (
            ScheduleSpec(cron="0 2 * * ? *", timezone="Europe/Vienna"),
            "It runs by its schedule cron(0 2 * * ? *) in Europe/Vienna, and whenever you start it.",
        ),
        (
            ScheduleSpec(rate="1 hour", enabled=False),
            "It runs whenever you start it; its schedule rate(1 hour) is paused.",
        ),
        (
            ScheduleSpec(
                rate="1 day",
                maximum_window_in_minutes=30,
                start_date="2030-01-01T00:00:00Z",
                input={"transform": {"env": {"A": "b"}}},
            ),
            "It runs by its schedule rate(1 day) within 30 minutes from 2030-01-01T00:00:00Z with transform.env.A "
            "changed, and whenever you start it.",
        ),
    ],
)
def test_the_start_of_the_job_is_explained(schedule: ScheduleSpec | None, words: str) -> None:
    triggers = TriggersSpec(() if schedule is None else (schedule,))
    assert explain(dataclasses.replace(SMALL, triggers=triggers)).start == (words,)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (ModelSpec(endpoint="live"), "the model that the endpoint live serves when the run starts"),
        (
            ModelSpec(package_group="churn"),
            "a model created from the latest approved package in the group churn",
        ),
        (
            ModelSpec(artifact="s3://m/m.tar.gz"),
            "the model that the stack creates; CloudFormation names it",
        ),
    ],
)
def test_a_model_without_a_name_is_described(model: ModelSpec, words: str) -> None:
    assert explain(JobSpec("small", model)).shown.placeholders["MODEL_NAME"] == words


def test_records_that_are_not_lines_are_explained() -> None:
    data = InputSpec(
        content_type="application/x-recordio-protobuf", split_type="RecordIO", compression_type="Gzip"
    )
    words = words_of(
        JobSpec("small", ModelSpec(existing="m"), input=data, transform=TransformSpec(max_payload=0))
    )
    assert words["record"] == (
        "A record is one RecordIO record of an object, after decompression with gzip, of type "
        "application/x-recordio-protobuf."
    )
    assert words["request"] == "Each object is streamed to the model in one request."


def test_filters_on_other_types_are_pointed_out() -> None:
    processing = DataProcessingSpec(input_filter="$.a")
    words = words_of(JobSpec("small", ModelSpec(existing="m"), data_processing=processing))
    assert words["model gets"] == (
        "The model gets what $.a selects; filters work only on CSV and JSON, and the type is not set."
    )


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (0.1, "which cost USD 0.000028."),
        (0.0, "which cost USD 0.00."),
        (3600.0, "which cost USD 1.00."),
    ],
)
def test_a_cost_above_zero_is_never_shown_as_zero(price: float, words: str) -> None:
    cost = Cost(1, 1.0, price, 1, most_instance_hours=24)
    assert words in cost.words()[0]


def test_uploads_and_several_schedules_are_listed_including_paused_ones() -> None:
    triggers = TriggersSpec(
        schedule=(ScheduleSpec(rate="1 hour", name="a"), ScheduleSpec(rate="1 day", name="b", enabled=False)),
        on_upload=UploadSpec(prefix="incoming/", suffix=".csv"),
    )
    assert explain(dataclasses.replace(SMALL, triggers=triggers)).start == (
        "It runs whenever you start it, and automatically:",
        "- by its schedule a: rate(1 hour)",
        "- by its schedule b: rate(1 day) (paused)",
        f"- 60 seconds after the last new object below s3://INPUT_BUCKET/{SMALL.name}/incoming/ that ends in .csv",
    )


def test_an_existing_input_bucket_must_send_its_events_to_eventbridge() -> None:
    upload = TriggersSpec(on_upload=UploadSpec(enabled=False))
    explained = explain(dataclasses.replace(SMALL, triggers=upload, input=InputSpec(data="s3://mine/in/")))
    assert explained.start == (
        "It runs whenever you start it; its start 60 seconds after the last new object below "
        "s3://mine/in/ is paused.",
    )
    assert explained.runs[-1] == "The bucket of s3://mine/in/ must send its events to EventBridge."


def test_overlapping_runs_and_notifications_are_listed_with_the_start() -> None:
    loud = dataclasses.replace(
        SMALL,
        notify=NotifySpec(email=("a@example.com", "b@example.com")),
        workflow=WorkflowSpec(overlapping_runs="skip"),
    )
    assert explain(loud).runs == (
        "If an earlier run of the job is in progress, a new run is skipped: it succeeds at once, without scoring.",
        "When a run fails, takes too long or does not start, a notification goes to a@example.com, b@example.com.",
    )
    assert explain(SMALL).runs[1].startswith("Nobody is notified when a run fails")


def test_fallback_instance_types_are_listed_in_order() -> None:
    ladder = TransformSpec(instance_type=("ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge"))
    [limit] = [
        limit
        for limit in explain(dataclasses.replace(SMALL, transform=ladder)).limits
        if limit.name == "InstanceCount"
    ]
    assert limit.words == (
        "1 instance of type ml.m5.large; without capacity or quota for it, ml.m5.xlarge, then ml.c5.xlarge"
    )


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"experiment_config": ExperimentConfig("churn", "weekly", "scoring")}, ""),
        ({"experiment_config": ExperimentConfig("churn", run_name="first")}, "ExperimentConfig.RunName"),
        ({"batch_data_capture_config": BatchDataCaptureConfig("s3://captured/x/")}, "DataCaptureConfig"),
        (
            {"transform": TransformSpec(("ml.g5.xlarge",), transform_ami_version="al2-ami-1")},
            "TransformResources.TransformAmiVersion",
        ),
    ],
)
def test_the_call_that_creates_the_transform_job_is_explained_with_its_reason(
    members: dict[str, Any], named: str
) -> None:
    call = explain(JobSpec("small", ModelSpec(existing="m"), **members)).call
    if named:
        assert "with aws-sdk:sagemaker:createTransformJob, and the state machine checks its status" in call
        assert f"nobody is known to send {named} with sagemaker:createTransformJob.sync" in call
    else:
        assert call.endswith("with sagemaker:createTransformJob.sync, and waits for its end.")
