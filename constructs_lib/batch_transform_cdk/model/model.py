"""The SageMaker model of a job."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct, IDependable

from batch_transform.job.errors import UnknownImageError
from batch_transform.job.model.framework_containers import code_in_s3, start_variables
from batch_transform.job.model.source_folder import has_default_script, pack_model
from batch_transform.job.values.job_spec import ContainerSpec, ModelSpec
from batch_transform.job.values.model_source import FOUND_BY_RUN, NAME_TO_BE_FOUND, containers
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.data.sections import Sections
from batch_transform_cdk.ground.acknowledgment import acknowledge
from batch_transform_cdk.ground.kms_key import KmsKey
from batch_transform_cdk.ground.stack_part import StackPart, once_per_stack
from batch_transform_cdk.model.container_image import ContainerImage, container_image
from batch_transform_cdk.model.execution_role import ExecutionRole


class Model(StackPart):
    """Define a job's model and its execution role, or refer to a model that exists in SageMaker.

    Usage::

        Model(
            self,
            "Model",
            job_name="churn",
            spec=job.model,
            instance_type="ml.m5.large",
            data=DataLocation(data.input, "churn/"),
            output=DataLocation(data.output, "churn/"),
        )

    - `name` is the model's name, for ModelName in a request. For an endpoint or a package group it is a placeholder for
      the model that each run finds.
    - `arn` is the model's ARN; None for a model that exists, and for one that each run finds.
    - `role` is None for a model that exists: its own role must be able to read the job's input and write its output.
    - `execution_role` replaces the role that would be defined, and gets the permissions that the job needs.
    - `spec.kms_key` decrypts an archive under a customer key. The owner of the key must allow that in its policy.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job_name: str,
        spec: ModelSpec,
        instance_type: str,
        data: DataLocation,
        output: DataLocation,
        captured: DataLocation | None = None,
        sections: Sections | None = None,
        execution_role: iam.IRole | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._job_name = job_name
        self.arn: str | None = None
        self._rights: ExecutionRole | None = None
        self._named = spec.role if execution_role is None else None
        if spec.existing is not None:
            self.name = spec.existing
            return
        if any(getattr(spec, source) is not None for source in FOUND_BY_RUN):
            self.name = NAME_TO_BE_FOUND
            if execution_role is not None:
                self._rights = self._role(
                    spec,
                    [],
                    data=data,
                    output=output,
                    captured=captured,
                    sections=sections,
                    given=execution_role,
                )
            return
        parts = [
            _Container(scope_of, container, instance_type)
            for scope_of, container in self._scopes(containers(spec), pipeline=bool(spec.containers))
        ]
        if not parts:
            raise UnknownImageError(
                "a model with source or artifact needs an image: a framework, or an image URI"
            )
        ready: list[IDependable] = []
        if self._named is None:
            self._rights = self._role(
                spec,
                parts,
                data=data,
                output=output,
                captured=captured,
                sections=sections,
                given=execution_role,
            )
            ready = self._rights.ready
        definitions = [part.definition for part in parts]
        resource = sagemaker.CfnModel(
            self,
            "Resource",
            execution_role_arn=self.role_arn,
            primary_container=None if spec.containers else definitions[0],
            containers=definitions if spec.containers else None,
            enable_network_isolation=spec.enable_network_isolation,
            vpc_config=sagemaker.CfnModel.VpcConfigProperty(
                subnets=list(spec.vpc_config.subnets),
                security_group_ids=list(spec.vpc_config.security_group_ids),
            )
            if spec.vpc_config
            else None,
        )
        # CreateModel reads the archive with the role, which must have all its statements by then.
        if ready:
            resource.node.add_dependency(*ready)
        self.name = resource.attr_model_name
        self.arn = resource.ref
        if not spec.enable_network_isolation:
            acknowledge(
                resource,
                ("BatchTransform::ModelNotIsolated", "CKV_AWS_370"),
                "the job leaves enable_network_isolation out, for models that download files at run time",
            )

    @property
    def role_arn(self) -> str | None:
        """The ARN of `role`."""
        return self._rights.arn if self._rights else self._named

    @cached_property
    def role(self) -> iam.IRole | None:
        """The execution role as an `iam.IRole`."""
        if self._rights is not None:
            return self._rights.role
        return iam.Role.from_role_arn(self, "GivenRole", self._named, mutable=False) if self._named else None

    def _role(
        self,
        spec: ModelSpec,
        parts: Sequence[_Container],
        *,
        data: DataLocation,
        output: DataLocation,
        captured: DataLocation | None,
        sections: Sections | None,
        given: iam.IRole | None,
    ) -> ExecutionRole:
        return ExecutionRole(
            self,
            "ExecutionRole",
            job_name=self._job_name,
            data=data,
            output=output,
            artifacts=[place for part in parts for place in (part.artifact, part.code) if place is not None],
            images=[part.image for part in parts],
            in_vpc=spec.vpc_config,
            captured=captured,
            sections=sections,
            role=given,
        )

    def _scopes(
        self, given: Sequence[ContainerSpec], *, pipeline: bool
    ) -> list[tuple[StackPart, ContainerSpec]]:
        """Give each container of a pipeline its own scope in the tree."""
        if not pipeline:
            return [(self, container) for container in given]
        namespace = StackPart(self, "Containers")
        return [(StackPart(namespace, str(at)), container) for at, container in enumerate(given)]


class _Container:
    """One container: its image, its archive, its code in S3, and its definition for CreateModel."""

    def __init__(self, scope: StackPart, spec: ContainerSpec, instance_type: str) -> None:
        self.image: ContainerImage = container_image(scope.stack, spec.image, instance_type=instance_type)
        self.artifact = _artifact(scope, spec)
        self.code = _code(scope, spec)
        self.definition = sagemaker.CfnModel.ContainerDefinitionProperty(
            image=self.image.uri,
            model_data_url=self.artifact.uri if self.artifact else None,
            environment={**_start_variables(spec), **spec.env},
        )


def _start_variables(spec: ContainerSpec) -> dict[str, str]:
    """Return the variables that tell the container where its code is."""
    return start_variables(
        spec.image,
        spec.env,
        from_source=spec.source is not None,
        has_script=has_default_script(spec.source),
    )


def _code(scope: StackPart, spec: ContainerSpec) -> DataLocation | None:
    """Find the archive in S3 from which the container downloads its code; None if the code is elsewhere."""
    uri = code_in_s3(spec.image, spec.env)
    if uri is None:
        return None
    key = KmsKey(spec.kms_key) if spec.kms_key is not None else None
    place = S3Uri.parse(uri)
    return DataLocation(s3.Bucket.from_bucket_name(scope, "CodeBucket", place.bucket), place.key, key)


def _artifact(scope: StackPart, spec: ContainerSpec) -> DataLocation | None:
    """Find the model archive: an asset of the stack, the object that the job names, or none."""
    key = KmsKey(spec.kms_key) if spec.kms_key is not None else None
    if spec.artifact is not None:
        uri = S3Uri.parse(spec.artifact)
        return DataLocation(s3.Bucket.from_bucket_name(scope, "ArtifactBucket", uri.bucket), uri.key, key)
    if spec.source is None:
        return None
    source = spec.source

    def archived(_: cdk.Stack) -> DataLocation:
        # The asset is copied into the cloud assembly at once, so that the packed file can be deleted.
        with tempfile.TemporaryDirectory() as folder:
            asset = assets.Asset(
                scope, "Artifact", path=str(pack_model(source, Path(folder) / "model.tar.gz"))
            )
        return DataLocation(asset.bucket, asset.s3_object_key)

    return replace(once_per_stack(scope.stack, (__name__, source), archived), key=key)
