"""Runs in the SageMaker SDK's environment: deploys a model whose code the SDK packs.

Arguments: bucket, role, code folder.
"""

import sys

from sagemaker import Session  # type: ignore[import-not-found]  # it is in an environment of its own
from sagemaker.pipeline import PipelineModel  # type: ignore[import-not-found]  # it is in an environment of its own
from sagemaker.sklearn import SKLearnModel  # type: ignore[import-not-found]  # it is in an environment of its own

bucket, role, folder = sys.argv[1:]
session = Session(default_bucket=bucket)


def model(program: str) -> SKLearnModel:
    return SKLearnModel(
        model_data=f"s3://{bucket}/model.tar.gz",
        role=role,
        entry_point=program,
        source_dir=folder,
        framework_version="1.2-1",
        sagemaker_session=session,
    )


both = PipelineModel([model("first.py"), model("second.py")], role, sagemaker_session=session)
for place, scored in (("one", model("first.py")), ("two", both)):
    transformer = scored.transformer(
        instance_count=1,
        instance_type="ml.m5.large",
        assemble_with="Line",
        output_path=f"s3://{bucket}/{place}",
    )
    transformer.transform(
        data=f"s3://{bucket}/in/", content_type="text/csv", split_type="Line", wait=True, logs=False
    )
