"""The execution role of a model: what its transform jobs may do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from batch_transform.job.record.names import RETRY_PREFIX
from batch_transform.job.values.job_spec import VpcConfig
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.data.sections import Sections
from batch_transform_cdk.ground.acknowledgment import INLINE_POLICY, acknowledge_each, acknowledge_wildcards
from batch_transform_cdk.ground.kms_key import KmsKey
from batch_transform_cdk.ground.service_role import ServiceRole
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import arn
from batch_transform_cdk.model.container_image import ContainerImage, pull_statements


class ExecutionRole(Construct):
    """Define the execution role: it may read the model and the job's input, write the job's output, and log.

    All statements are written out (Developer Guide, SageMaker roles, CreateModel and CreateTransformJob): there is no
    managed policy, and no access to other jobs' data.

    Usage::

        ExecutionRole(
            self,
            "Role",
            job_name="churn",
            data=DataLocation(data.input, "churn/"),
            output=DataLocation(data.output, "churn/"),
            artifacts=[],
            images=[],
        )

    - `captured` is the location of the job's captured data.
    - `sections` is where a run keeps the sections of objects with bad records.
    - `in_vpc` is the network that the containers are attached to.
    - `role` gets the statements instead of a new role, as in the CDK's own constructs. It must trust
      sagemaker.amazonaws.com. `role.without_policy_updates()` leaves its policies alone.
    - `ready` lists what a resource that needs the statements must depend on.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job_name: str,
        data: DataLocation,
        output: DataLocation,
        artifacts: Sequence[DataLocation],
        images: Sequence[ContainerImage],
        in_vpc: VpcConfig | None = None,
        captured: DataLocation | None = None,
        sections: Sections | None = None,
        role: iam.IRole | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        logs_arn = arn("logs", "log-group:/aws/sagemaker/TransformJobs:*")
        # What a retry scores is listed in the folder of the run that it completes (`lambda/record/retry_plan.py`).
        names = f"{output.prefix}*/{RETRY_PREFIX}*.manifest"
        manifests = f"{output.bucket_arn}/{names}"
        written = [output, captured] if captured else [output]
        keys = dict.fromkeys(key for place in [data, *artifacts, *written] for key in place.keys)
        statements = [
            data.list_statement(),
            *data.read_statements(),
            Statement(["s3:ListBucket"], [output.bucket_arn], {"StringLike": {"s3:prefix": names}}),
            Statement(["s3:GetObject"], [manifests]),
            *self._artifact_statements(artifacts),
            # Together, since sections have the key of the results.
            *(sections.role_statements() if sections else output.write_statements()),
            *(captured.write_statements() if captured else []),
            # The role must be able to encrypt with the key for the output (API reference, OutputDataConfig).
            *(key.statement("kms:Encrypt") for key in dict.fromkeys(place.key for place in written) if key),
            *pull_statements(images),
            *(self._network_statements(in_vpc) if in_vpc else []),
            Statement(
                actions=[
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                resources=[logs_arn],
            ),
            Statement(
                # The action doesn't support resource-level permissions; the condition limits it.
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TransformJobs"}},
            ),
        ]
        self.ready: list[IDependable] = []
        self._role = self._define(job_name, statements) if role is None else self._extend(role, statements)
        acknowledge_wildcards(
            self._role.resource if isinstance(self._role, ServiceRole) else self._role,
            {
                **(sections.wildcards() if sections else {}),
                data.objects_arn: "the job reads every object below its own prefix",
                manifests: "the manifests of retries are in the folders of runs, whose names have times",
                **{
                    place.objects_arn: "the job writes objects below its own prefix, with names made from the input's"
                    for place in written
                },
                logs_arn: "the group and its streams: SageMaker names one stream for each instance",
                "*": "PutMetricData, ecr:GetAuthorizationToken and ec2:Describe* have no resource-level permissions",
                **{resource: reason for key in keys for resource, reason in key.wildcards().items()},
                **({self._ec2_arn("network-interface", "*"): _INTERFACES} if in_vpc else {}),
            },
        )

    @cached_property
    def arn(self) -> str:
        """The role's ARN."""
        return self._role.arn if isinstance(self._role, ServiceRole) else self._role.role_arn

    @cached_property
    def role(self) -> iam.IRole:
        """The role as an `iam.IRole`: the given one, or the one that is defined here."""
        if not isinstance(self._role, ServiceRole):
            return self._role
        return iam.Role.from_role_name(self, "Given", self._role.name)

    def _define(self, job_name: str, statements: Sequence[Statement]) -> ServiceRole:
        return ServiceRole(
            self,
            "Role",
            service="sagemaker.amazonaws.com",
            description=f"Execution role of the transform jobs of {job_name}",
            policy_name="TransformJob",
            statements=statements,
        )

    def _extend(self, role: iam.IRole, statements: Sequence[Statement]) -> iam.IRole:
        for statement in statements:
            added = role.add_to_principal_policy(statement.as_construct())
            if added.policy_dependable is not None:
                self.ready.append(added.policy_dependable)
        acknowledge_each(role, INLINE_POLICY)
        return role

    @staticmethod
    def _artifact_statements(artifacts: Sequence[DataLocation]) -> list[Statement]:
        if not artifacts:
            return []
        read = Statement(actions=["s3:GetObject"], resources=[artifact.object_arn for artifact in artifacts])
        under_key: dict[KmsKey, list[str]] = {}
        for artifact in artifacts:
            if artifact.key:
                under_key.setdefault(artifact.key, []).extend([artifact.bucket_arn, artifact.object_arn])
        return [
            read,
            *(
                key.statement("kms:Decrypt", conditions=key.s3_conditions(list(dict.fromkeys(arns))))
                for key, arns in under_key.items()
            ),
        ]

    def _network_statements(self, vpc: VpcConfig) -> list[Statement]:
        """Let SageMaker attach the containers to the network (Developer Guide, SageMaker roles, CreateModel)."""
        interfaces = self._ec2_arn("network-interface", "*")
        return [
            Statement(
                actions=["ec2:CreateNetworkInterface"],
                resources=[
                    interfaces,
                    *(self._ec2_arn("subnet", subnet) for subnet in vpc.subnets),
                    *(self._ec2_arn("security-group", group) for group in vpc.security_group_ids),
                ],
            ),
            Statement(
                actions=[
                    "ec2:CreateNetworkInterfacePermission",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DeleteNetworkInterfacePermission",
                ],
                resources=[interfaces],
            ),
            Statement(
                # These actions don't support resource-level permissions.
                actions=[
                    "ec2:DescribeDhcpOptions",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                ],
                resources=["*"],
            ),
        ]

    def _ec2_arn(self, resource: str, name: str) -> str:
        return arn("ec2", f"{resource}/{name}")


_INTERFACES = "SageMaker creates the network interfaces: their ids aren't known in advance"
