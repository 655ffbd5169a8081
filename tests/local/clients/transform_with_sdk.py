"""Runs in the SageMaker SDK's environment, as a notebook would. Arguments: bucket, image, role, model name."""

import sys

from sagemaker import Session  # type: ignore[import-not-found]  # it is in an environment of its own
from sagemaker.model import Model  # type: ignore[import-not-found]  # it is in an environment of its own

bucket, image, role, name = sys.argv[1:]
model = Model(
    image_uri=image,
    role=role,
    name=name,
    env={"BEHAVIOUR": "count"},
    sagemaker_session=Session(default_bucket=bucket),
)
transformer = model.transformer(
    instance_count=1,
    instance_type="ml.m5.large",
    strategy="MultiRecord",
    assemble_with="Line",
    accept="text/csv",
    max_payload=6,
    output_path=f"s3://{bucket}/out",
    tags=[{"Key": "team", "Value": "churn"}],
)
transformer.transform(
    data=f"s3://{bucket}/in/",
    content_type="text/csv",
    split_type="Line",
    input_filter="$[1:]",
    join_source="Input",
    output_filter="$[0,-1]",
    wait=True,
    logs=True,
)
sys.stdout.write(f"job {transformer.latest_transform_job.name}\n")
