from __future__ import annotations

from typing import Any

import pytest

from batch_transform.spec.errors import DataNotFoundError, RunInputError
from fakes.s3 import FakeS3
from preflight import Run
from preflight import checked_request as checked

def checked_request(run: Run, s3: FakeS3, sagemaker: FakeSageMaker | None = None) -> Request:
    return checked(run, s3, lambda: sagemaker or pytest.fail("this run has its model"))


RUN_ID = "20261122T020001-1a2b3c4d"


def a_run(overrides: dict[str, Any] | None = None, *, output: str = "s3://out/churn/") -> Run:
    request = {
        "ModelName": "churn",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in/churn/"}},
            "ContentType": "text/csv",
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": output, "Accept": "text/csv", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    }
    return Run(
        job="churn", job_file="jobs/churn.yaml", run=RUN_ID, request=request, overrides=overrides or {}
    )


def data(*keys: str, size: int = 10) -> FakeS3:
    return FakeS3({("in", key): size for key in keys})


def test_a_run_without_overrides_sends_the_declared_request_with_its_own_output_prefix() -> None:
    run = a_run()
    request = checked_request(run, data("churn/a.csv"))
    assert request["TransformOutput"]["S3OutputPath"] == f"s3://out/churn/{RUN_ID}"
    request["TransformOutput"]["S3OutputPath"] = "s3://out/churn/"
    assert request == run.request


def test_overrides_change_what_is_sent() -> None:
    overrides = {"data_processing": {"output_filter": "$[-1]"}, "transform.instance_type": "ml.m5.xlarge"}
    request = checked_request(a_run(overrides), data("churn/a.csv"))
    assert request["DataProcessing"]["OutputFilter"] == "$[-1]"
    assert request["TransformResources"]["InstanceType"] == "ml.m5.xlarge"


def test_fails_on_an_unknown_override() -> None:
    with pytest.raises(RunInputError, match="data_procesing"):
        checked_request(a_run({"data_procesing": {"output_filter": "$[-1]"}}), data("churn/a.csv"))


def test_fails_on_an_illegal_override_before_s3_is_asked() -> None:
    s3 = data("churn/a.csv")
    with pytest.raises(RunInputError, match="max_payload"):
        checked_request(a_run({"transform.max_payload": 200}), s3)
    assert s3.listings == 0


def test_fails_when_a_run_sets_what_the_job_file_does_not() -> None:
    with pytest.raises(RunInputError, match=r"transform.max_payload: is not set in jobs/churn.yaml"):
        checked_request(a_run({"transform.max_payload": 5}), data("churn/a.csv"))


def test_fails_when_a_run_removes_what_the_job_file_sets() -> None:
    with pytest.raises(RunInputError, match=r"output.accept: is set in jobs/churn.yaml"):
        checked_request(
            a_run({"output.accept": None, "data_processing.join_source": "None"}), data("churn/a.csv")
        )


def test_fails_when_no_object_starts_with_the_prefix() -> None:
    with pytest.raises(DataNotFoundError, match="s3://in/churn/"):
        checked_request(a_run(), data("other/a.csv"))


def test_fails_when_all_objects_are_empty() -> None:
    with pytest.raises(DataNotFoundError, match="3 objects and all of them are empty"):
        checked_request(a_run(), data("churn/a", "churn/b", "churn/c", size=0))


def test_a_late_object_with_data_is_found_on_a_later_page() -> None:
    objects = {("in", f"churn/{number}"): 0 for number in range(7)} | {("in", "churn/z"): 1}
    assert checked_request(a_run(), FakeS3(objects))["ModelName"] == "churn"


def test_fails_when_the_output_lies_below_the_input_prefix() -> None:
    with pytest.raises(RunInputError, match="s3://in/churn/out"):
        checked_request(a_run(output="s3://in/churn/out"), data("churn/a.csv"))
