from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from batch_transform.job.rules import request_problems


def test_a_job_is_described_with_the_defaults_that_aws_fills_in(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"1,2\n"})
    request = lab.request(lab.model("echo"), bucket)
    del (
        request["DataProcessing"],
        request["TransformOutput"]["AssembleWith"],
        request["TransformInput"]["SplitType"],
    )
    described = lab.run(request)
    assert described["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    assert described["TransformInput"]["CompressionType"] == "None"
    assert described["TransformInput"]["SplitType"] == "None"
    assert described["TransformOutput"]["AssembleWith"] == "None"
    assert described["TransformOutput"]["KmsKeyId"] == ""
    absent = {"MaxPayloadInMB", "BatchStrategy", "MaxConcurrentTransforms", "FailureReason", "Environment"}
    assert absent.isdisjoint(described)
    assert described["TransformJobArn"].endswith(f":transform-job/{request['TransformJobName']}")
    times = [described[time] for time in ("CreationTime", "TransformStartTime", "TransformEndTime")]
    assert times == sorted(times)
    assert isinstance(times[0], datetime)


def test_fails_when_the_model_is_unknown(lab: Any) -> None:
    request = lab.request("no-such-model", lab.bucket(**{"a.csv": b"1,2\n"}))
    code, message = lab.refusal(lambda: lab.start(request))
    assert code == "ValidationException"
    assert message == 'Could not find model "no-such-model".'


def test_fails_when_there_is_no_input_object(lab: Any) -> None:
    bucket = lab.bucket()
    code, message = lab.refusal(lambda: lab.start(lab.request(lab.model(), bucket)))
    assert code == "ValidationException"
    assert message.startswith(
        f'No S3 objects found under S3 URL "s3://{bucket}/in/" given in input data source.'
    )
    assert 'has "s3:ListBucket" permissions on bucket' in message


def test_fails_when_the_input_bucket_does_not_exist(lab: Any) -> None:
    _, message = lab.refusal(lambda: lab.start(lab.request(lab.model(), "no-such-bucket-anywhere")))
    assert message.startswith('No S3 objects found under S3 URL "s3://no-such-bucket-anywhere/in/"')


def test_fails_when_a_filter_has_a_character_that_aws_refuses(lab: Any) -> None:
    request = lab.request(lab.model(), lab.bucket(**{"a.jsonl": b"{}\n"}))
    request["TransformInput"]["ContentType"] = request["TransformOutput"]["Accept"] = "application/jsonlines"
    request["DataProcessing"] = {"OutputFilter": "$['account_id','SageMakerOutput']"}
    code, message = lab.refusal(lambda: lab.start(request))
    assert code == "ValidationException"
    assert message == (
        "Invalid OutputFilter: \"$['account_id','SageMakerOutput']\". Unexpected \"_\" in JsonPath. Supported "
        "operators for \"application/jsonlines\" are ['$', '[', ']', '*', '.', ' ', ',', ':', '-', ''']"
    )


def test_fails_when_a_job_name_is_taken(lab: Any) -> None:
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": b"1,2\n"}))
    lab.run(request)
    code, message = lab.refusal(lambda: lab.start(request))
    assert code == "ResourceInUse"
    assert request["TransformJobName"] in message


def test_fails_when_the_request_breaks_the_limits_of_the_api(lab: Any) -> None:
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": b"1,2\n"}))
    request["TransformJobName"] = "under_scored"
    request["TransformResources"]["InstanceType"] = "ml.t2.medium"
    code, message = lab.refusal(lambda: lab.start(request))
    assert code == "ValidationException"
    assert message.startswith("2 validation errors detected: ")
    assert "Value 'under_scored' at 'transformJobName' failed to satisfy constraint" in message
    assert "Value 'ml.t2.medium' at 'transformResources.instanceType' failed to satisfy constraint" in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"MaxPayloadInMB": 101}, "MaxPayloadInMB: "),
        (
            {"MaxPayloadInMB": 30, "MaxConcurrentTransforms": 4},
            "MaxConcurrentTransforms: 4 requests of 30 MB",
        ),
        (
            {"TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 101}},
            "TransformResources.InstanceCount: ",
        ),
        (
            {"TransformOutput": {"S3OutputPath": "s3://b/out", "Accept": "text/csv"}},
            "TransformOutput.AssembleWith: is None",
        ),
        (
            {
                "TransformOutput": {"S3OutputPath": "s3://b/out", "AssembleWith": "Line"},
                "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input"},
            },
            "TransformOutput.Accept: is required",
        ),
    ],
)
def test_fails_when_members_contradict_each_other(lab: Any, change: dict[str, Any], message: str) -> None:
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": b"1,2\n"}), **change)
    code, text = lab.refusal(lambda: lab.start(request))
    assert code == "ValidationException"
    assert text.startswith(message)


TYPES = [None, "text/csv", "Application/JSON", "text/csv; charset=utf-8", "text/plain", "image/png"]
FILTERABLE = {"text/csv", "Application/JSON", "text/csv; charset=utf-8"}
SUPPORTED = '["application/json", "application/jsonlines", "text/csv"]'


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("member", ["InputFilter", "OutputFilter"])
@pytest.mark.parametrize("processing", list(itertools.product(["$", "$[0,-1]"], ["None", "Input"])))
def test_fails_with_awss_text_for_a_filter_on_an_unsupported_type(
    lab: Any, processing: tuple[str, str], member: str, type_: str | None
) -> None:
    """AWS's text was recorded for a join with OutputFilter and without Accept; `check` reports the same."""
    filter_, join = processing
    place, type_member = {
        "InputFilter": ("TransformInput", "ContentType"),
        "OutputFilter": ("TransformOutput", "Accept"),
    }[member]
    request = lab.request(lab.model(), "no-such-bucket-anywhere")
    request["DataProcessing"] = {member: filter_, "JoinSource": join}
    request[place].pop(type_member)
    if type_ is not None:
        request[place][type_member] = type_
    text = (
        f'Invalid {type_member}: "{type_ or "null"}" when {member} is: "{filter_}". '
        f"Supported {type_member} values are {SUPPORTED}."
    )
    is_refused = filter_ != "$" and type_ not in FILTERABLE
    code, message = lab.refusal(lambda: lab.start(request))
    assert (code, message == text) == ("ValidationException", is_refused)
    messages = [
        problem.message for problem in request_problems(request) if problem.code == "filter-type-unfit"
    ]
    assert [message.startswith(text) for message in messages] == [True] * is_refused


def test_fails_when_the_account_has_no_quota_for_the_instance_type(lab: Any) -> None:
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": b"1,2\n"}))
    request["TransformResources"]["InstanceType"] = "ml.c5.2xlarge"
    code, message = lab.refusal(lambda: lab.start(request))
    assert code == "ResourceLimitExceeded"
    assert message.startswith(
        "The account-level service limit 'ml.c5.2xlarge for transform job usage' is 0 Instances, with current "
        "utilization of 0 Instances and a request delta of 1 Instances."
    )


def test_a_quota_counts_the_instances_of_running_jobs(lab: Any) -> None:
    bucket = lab.bucket(**{"a.csv": b"1,2\n"})
    resources = {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1}
    first = lab.start(lab.request(lab.model("hang"), bucket, TransformResources=resources))
    second = lab.request(lab.model(), bucket, TransformResources=resources)
    code, message = lab.refusal(lambda: lab.start(second))
    assert code == "ResourceLimitExceeded"
    assert "current utilization of 1 Instances" in message
    lab.sagemaker.stop_transform_job(TransformJobName=first)
    lab.wait(first)
    assert lab.run(second)["TransformJobStatus"] == "Completed"


def test_fails_when_the_model_has_uncompressed_data(lab: Any) -> None:
    source = {"S3DataSource": {"S3Uri": "s3://b/m/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    model = lab.model(ModelDataSource=source)
    _, message = lab.refusal(lambda: lab.start(lab.request(model, lab.bucket(**{"a.csv": b"1\n"}))))
    assert message == (
        "SageMaker Batch currently doesn't support Model entity with container definitions which use "
        "ModelDataSource attribute"
    )


def test_stopping_a_job_that_has_ended_is_refused(lab: Any) -> None:
    name = lab.start(lab.request(lab.model(), lab.bucket(**{"a.csv": b"1,2\n"})))
    lab.wait(name)
    code, message = lab.refusal(lambda: lab.sagemaker.stop_transform_job(TransformJobName=name))
    assert code == "ValidationException"
    assert "in status Completed" in message


PREFIX = "arn:aws:sagemaker:us-east-1:000000000000"


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "describe_transform_job",
            {"TransformJobName": "none"},
            'Could not find requested job with name: "none"',
        ),
        (
            "stop_transform_job",
            {"TransformJobName": "none"},
            'Could not find job to update with name: "none"',
        ),
        ("describe_model", {"ModelName": "none"}, 'Could not find model "none".'),
        ("delete_model", {"ModelName": "none"}, 'Could not find model "none".'),
        (
            "describe_endpoint",
            {"EndpointName": "none"},
            f'Could not find endpoint "{PREFIX}:endpoint/none".',
        ),
        ("delete_endpoint", {"EndpointName": "none"}, f'Could not find endpoint "{PREFIX}:endpoint/none".'),
        (
            "describe_endpoint_config",
            {"EndpointConfigName": "none"},
            f'Could not find endpoint configuration "{PREFIX}:endpoint-config/none".',
        ),
        (
            "delete_endpoint_config",
            {"EndpointConfigName": "none"},
            f'Could not find endpoint configuration "{PREFIX}:endpoint-config/none".',
        ),
        (
            "describe_model_package",
            {"ModelPackageName": "none"},
            f"ModelPackage {PREFIX}:model-package/none does not exist.",
        ),
        (
            "list_model_packages",
            {"ModelPackageGroupName": "none"},
            f"ModelPackageGroup {PREFIX}:model-package-group/none does not exist.",
        ),
    ],
)
def test_fails_with_awss_code_and_text_for_a_missing_resource(
    lab: Any, operation: str, request_: dict[str, str], message: str
) -> None:
    call = getattr(lab.sagemaker, operation)
    assert lab.refusal(lambda: call(**request_)) == ("ValidationException", message)


def test_fails_for_the_tags_of_a_missing_resource(lab: Any) -> None:
    arn = f"{PREFIX}:model/none"
    tags = lab.sagemaker
    for call in (
        lambda: tags.list_tags(ResourceArn=arn),
        lambda: tags.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}]),
        lambda: tags.delete_tags(ResourceArn=arn, TagKeys=["a"]),
    ):
        assert lab.refusal(call) == ("ValidationException", f"Could not find resource {arn}")


def test_models_are_created_described_listed_and_deleted(lab: Any) -> None:
    name = lab.model()
    described = lab.sagemaker.describe_model(ModelName=name)
    assert described["PrimaryContainer"]["Environment"] == {"BEHAVIOUR": "count"}
    assert described["ModelArn"].endswith(f":model/{name}")
    listed = lab.sagemaker.list_models(NameContains=name)["Models"]
    assert [model["ModelName"] for model in listed] == [name]
    code, message = lab.refusal(
        lambda: lab.sagemaker.create_model(ModelName=name, PrimaryContainer=described["PrimaryContainer"])
    )
    assert (code, message) == (
        "ValidationException",
        f'Cannot create already existing model "{described["ModelArn"]}".',
    )
    lab.sagemaker.delete_model(ModelName=name)
    assert lab.refusal(lambda: lab.sagemaker.describe_model(ModelName=name))[0] == "ValidationException"


def test_the_same_name_is_free_in_another_region(lab: Any) -> None:
    name = lab.model()
    elsewhere = lab.aws.session().client(
        "sagemaker", endpoint_url=lab.aws.endpoint_url, region_name="eu-central-1"
    )
    arn = elsewhere.create_model(
        ModelName=name, PrimaryContainer={"Image": "x"}, ExecutionRoleArn="arn:aws:iam::000000000000:role/x"
    )["ModelArn"]
    assert arn == f"arn:aws:sagemaker:eu-central-1:000000000000:model/{name}"


def test_jobs_are_listed_newest_first_in_pages(lab: Any) -> None:
    model, bucket, mark = lab.model(), lab.bucket(**{"a.csv": b"1,2\n"}), lab.name()
    names = [f"{mark}-{number}" for number in range(3)]
    for name in names:
        lab.run(lab.request(model, bucket, TransformJobName=name))
    pages = lab.sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains=mark, StatusEquals="Completed", PaginationConfig={"PageSize": 2}
    )
    listed = [[job["TransformJobName"] for job in page["TransformJobSummaries"]] for page in pages]
    assert listed == [[names[2], names[1]], [names[0]]]


def test_tags_are_added_listed_and_deleted(lab: Any) -> None:
    arn = lab.sagemaker.describe_model(ModelName=lab.model())["ModelArn"]
    lab.sagemaker.add_tags(
        ResourceArn=arn, Tags=[{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "b"}]
    )
    lab.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["cost"])
    assert lab.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]


def test_a_job_has_the_tags_it_was_created_with_and_those_added_later(lab: Any) -> None:
    tags = [{"Key": "team", "Value": "a"}]
    request = lab.request(lab.model(), lab.bucket(**{"a.csv": b"1,2\n"}), Tags=tags)
    arn = lab.run(request)["TransformJobArn"]
    lab.sagemaker.add_tags(
        ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": "c"}]
    )
    listed = lab.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert listed == [{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": "c"}]
    assert "Tags" not in lab.describe(request["TransformJobName"])


def test_jobs_are_listed_by_status_and_time(lab: Any) -> None:
    bucket, mark = lab.bucket(**{"a.csv": b"1,2\n"}), lab.name()
    config = {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 10}
    for name, behaviour in (("a", "fail"), ("b", "count"), ("c", "fail")):
        model = lab.model(behaviour)
        lab.run(lab.request(model, bucket, TransformJobName=f"{mark}-{name}", ModelClientConfig=config))

    def listed(**options: Any) -> list[str]:
        jobs = lab.sagemaker.list_transform_jobs(NameContains=mark, **options)["TransformJobSummaries"]
        return [job["TransformJobName"].removeprefix(f"{mark}-") for job in jobs]

    assert listed(SortBy="Status", SortOrder="Ascending") == ["b", "a", "c"]
    assert listed(SortBy="Name", SortOrder="Ascending", MaxResults=2) == ["a", "b"]
    assert listed(StatusEquals="Failed") == ["c", "a"]
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert listed(CreationTimeAfter=hour_ago, LastModifiedTimeAfter=hour_ago) == ["c", "b", "a"]
    assert listed(CreationTimeBefore=hour_ago) == []


def test_a_model_has_at_most_fifteen_containers(lab: Any) -> None:
    containers = [{"Image": "http://127.0.0.1:1"}] * 16
    call = lab.sagemaker.create_model
    code, message = lab.refusal(
        lambda: call(ModelName=lab.name(), Containers=containers, ExecutionRoleArn="arn:aws:iam::0:role/x")
    )
    assert code == "ValidationException"
    assert "at 'containers' failed to satisfy constraint" in message
    call(
        ModelName=lab.name(),
        Containers=containers[:15],
        InferenceExecutionConfig={"Mode": "Serial"},
        ExecutionRoleArn="arn:aws:iam::000000000000:role/x",
    )


def test_fails_when_an_operation_is_not_supported(lab: Any) -> None:
    code, message = lab.refusal(lab.sagemaker.list_training_jobs)
    assert code == "UnknownOperationException"
    assert "CreateTransformJob" in message
