"""The enums for closed sets of values, and the API's strings for the same values."""

from __future__ import annotations

import json

import pytest

from batch_transform.job.aws.enums import (
    Architecture,
    AssembleWith,
    BatchStrategy,
    CompressionType,
    JoinSource,
    OverlappingRuns,
    S3DataType,
    SplitType,
)
from batch_transform.job.problems import problems
from batch_transform.job.request.request import transform_job_request
from batch_transform.job.values.job_spec import (
    DataProcessingSpec,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
    WorkflowSpec,
)

ENUMS = JobSpec(
    name="churn",
    model=ModelSpec(existing="churn"),
    input=InputSpec(
        content_type="text/csv",
        data_type=S3DataType.S3_PREFIX,
        compression_type=CompressionType.GZIP,
        split_type=SplitType.LINE,
    ),
    transform=TransformSpec(strategy=BatchStrategy.MULTI_RECORD),
    data_processing=DataProcessingSpec(join_source=JoinSource.INPUT),
    output=OutputSpec(accept="text/csv", assemble_with=AssembleWith.LINE),
    workflow=WorkflowSpec(overlapping_runs=OverlappingRuns.SKIP, architecture=Architecture.X86_64),
)
STRINGS = JobSpec(
    name="churn",
    model=ModelSpec(existing="churn"),
    input=InputSpec(
        content_type="text/csv", data_type="S3Prefix", compression_type="Gzip", split_type="Line"
    ),
    transform=TransformSpec(strategy="MultiRecord"),
    data_processing=DataProcessingSpec(join_source="Input"),
    output=OutputSpec(accept="text/csv", assemble_with="Line"),
    workflow=WorkflowSpec(overlapping_runs="skip", architecture="x86_64"),
)


def test_enums_and_the_strings_of_the_api_make_the_same_job() -> None:
    assert ENUMS == STRINGS
    assert problems(ENUMS) == []
    made = [
        json.dumps(transform_job_request(job, model_name="m", data="s3://a/b/", output_path="s3://c/d/"))
        for job in (ENUMS, STRINGS)
    ]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "value",
    [
        ENUMS.input.data_type,
        ENUMS.input.compression_type,
        ENUMS.input.split_type,
        ENUMS.transform.strategy,
        ENUMS.data_processing.join_source,
        ENUMS.output.assemble_with,
        ENUMS.workflow.overlapping_runs,
    ],
)
def test_a_job_holds_plain_strings_that_the_cdk_does_not_mistake_for_its_own_enums(value: object) -> None:
    assert type(value) is str
