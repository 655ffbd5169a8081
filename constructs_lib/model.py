"""The SageMaker model of a job."""

from __future__ import annotations

import tempfile
from pathlib import Path

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from batch_transform.spec.errors import UnknownImageError
from batch_transform.spec.job_spec import ModelSpec
from batch_transform.spec.s3_uri import S3Uri
from constructs_lib.container_image import container_image
from constructs_lib.data_location import DataLocation
from constructs_lib.execution_role import ExecutionRole
from constructs_lib.model_archive import pack_model

# What tells a framework container where its user's code lies: the archive is unpacked to
# /opt/ml/model, and `code/inference.py` in it is the program (SageMaker Python SDK, Model).
_PROGRAM = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}


class Model(Construct):
    """Define a job's model and its execution role, or refer to a model that SageMaker already has.

    `name` is the model's name, to be sent as ModelName. `role` is None for an existing model, whose
    role is not ours: it must be able to read the job's input and write its output.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: ModelSpec,
        instance_type: str,
        data: DataLocation,
        output: DataLocation,
    ) -> None:
        super().__init__(scope, construct_id)
        self.role: iam.Role | None = None
        if spec.existing is not None:
            self.name = spec.existing
            return
        if spec.image is None:
            raise UnknownImageError(
                "a model with source or artifact needs an image: a framework, or an image URI"
            )
        image = container_image(self, spec.image, instance_type=instance_type)
        artifact = self._artifact(spec)
        self.role = ExecutionRole(
            self, "ExecutionRole", data=data, output=output, artifact=artifact, image=image
        ).role
        resource = sagemaker.CfnModel(
            self,
            "Resource",
            execution_role_arn=self.role.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image.uri,
                model_data_url=artifact.uri,
                environment={**(_PROGRAM if spec.source else {}), **spec.env},
            ),
        )
        self.name = resource.attr_model_name

    def _artifact(self, spec: ModelSpec) -> DataLocation:
        """The place of the model archive: an asset of the stack, or the object that the job names."""
        if spec.source is None:
            uri = S3Uri.parse(spec.artifact or "")
            return DataLocation(s3.Bucket.from_bucket_name(self, "ArtifactBucket", uri.bucket), uri.key)
        # The asset is copied into the cloud assembly at once, so the packed file can go right after.
        with tempfile.TemporaryDirectory() as folder:
            archive = pack_model(spec.source, Path(folder) / "model.tar.gz")
            asset = assets.Asset(self, "Artifact", path=str(archive))
        return DataLocation(asset.bucket, asset.s3_object_key)
