"""The role of the model's container: what a transform job may do."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from batch_transform.spec.job_spec import VpcConfig
from constructs_lib.acknowledgment import acknowledge_wildcards
from constructs_lib.container_image import ContainerImage, pull_statements
from constructs_lib.data_location import DataLocation
from constructs_lib.kms_key import KmsKey


class ExecutionRole(Construct):
    """Define the execution role: read the model and the job's input, write the job's output, log.

    The statements are written out (Developer Guide, SageMaker roles, CreateModel and
    CreateTransformJob); there is no managed policy, and no access to other jobs' data. `written_with`
    are the keys that encrypt what the job writes, `captured` is where its captured data go, and
    `in_vpc` lets the containers join that network.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        data: DataLocation,
        output: DataLocation,
        artifacts: Sequence[DataLocation],
        images: Sequence[ContainerImage],
        in_vpc: VpcConfig | None = None,
        written_with: Sequence[KmsKey] = (),
        captured: DataLocation | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        logs_arn = cdk.Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name="/aws/sagemaker/TransformJobs*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        written = [output, captured] if captured else [output]
        statements = [
            data.list_statement(),
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[
                    data.objects_arn,
                    *(artifact.bucket.arn_for_objects(artifact.prefix) for artifact in artifacts),
                ],
            ),
            iam.PolicyStatement(
                actions=["s3:PutObject", "s3:AbortMultipartUpload"],
                resources=[place.objects_arn for place in written],
            ),
            # S3 asks for a data key to encrypt an upload, and decrypts it to complete one in parts.
            *(
                key.statement("kms:GenerateDataKey", "kms:Encrypt", "kms:Decrypt", "kms:DescribeKey")
                for key in written_with
            ),
            *pull_statements(images),
            *(self._network_statements(in_vpc) if in_vpc else []),
            iam.PolicyStatement(
                actions=[
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                resources=[logs_arn],
            ),
            iam.PolicyStatement(
                # The action knows no resources; the condition is its only limit.
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
            ),
        ]
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            description="What the transform jobs of one batch transform job may do",
            inline_policies={"TransformJob": iam.PolicyDocument(statements=statements)},
        )
        acknowledge_wildcards(
            self.role,
            {
                data.objects_arn: "the job reads every object below its own prefix",
                **{
                    place.objects_arn: "the job writes objects below its own prefix, with names made from the input's"
                    for place in written
                },
                logs_arn: "the group and its streams: one stream for each instance, named by SageMaker",
                "*": "cloudwatch:PutMetricData, ecr:GetAuthorizationToken and EC2's Describe actions know no resources",
                **{resource: reason for key in written_with for resource, reason in key.wildcards().items()},
                **({self._ec2_arn("network-interface", "*"): _INTERFACES} if in_vpc else {}),
            },
        )

    def _network_statements(self, vpc: VpcConfig) -> list[iam.PolicyStatement]:
        """Allow SageMaker to attach the containers to the network (Developer Guide, SageMaker roles, CreateModel)."""
        interfaces = self._ec2_arn("network-interface", "*")
        return [
            iam.PolicyStatement(
                actions=["ec2:CreateNetworkInterface"],
                resources=[
                    interfaces,
                    *(self._ec2_arn("subnet", subnet) for subnet in vpc.subnets),
                    *(self._ec2_arn("security-group", group) for group in vpc.security_group_ids),
                ],
            ),
            iam.PolicyStatement(
                actions=[
                    "ec2:CreateNetworkInterfacePermission",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DeleteNetworkInterfacePermission",
                ],
                resources=[interfaces],
            ),
            iam.PolicyStatement(
                # None of these knows a resource.
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
        return cdk.Stack.of(self).format_arn(service="ec2", resource=resource, resource_name=name)


_INTERFACES = "SageMaker makes the network interfaces, and nobody knows their ids before"
