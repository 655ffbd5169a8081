"""The role of the model's container: what a transform job may do."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from constructs_lib.acknowledgment import acknowledge_wildcards
from constructs_lib.container_image import ContainerImage
from constructs_lib.data_location import DataLocation


class ExecutionRole(Construct):
    """Define the execution role: read the model and the job's input, write the job's output, log.

    The statements are written out (Developer Guide, SageMaker roles, CreateModel and
    CreateTransformJob); there is no managed policy, and no access to other jobs' data.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        data: DataLocation,
        output: DataLocation,
        artifact: DataLocation,
        image: ContainerImage,
    ) -> None:
        super().__init__(scope, construct_id)
        logs_arn = cdk.Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name="/aws/sagemaker/TransformJobs*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        statements = [
            data.list_statement(),
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[data.objects_arn, artifact.bucket.arn_for_objects(artifact.prefix)],
            ),
            iam.PolicyStatement(
                actions=["s3:PutObject", "s3:AbortMultipartUpload"], resources=[output.objects_arn]
            ),
            *image.pull_statements(),
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
                output.objects_arn: "the job writes objects below its own prefix, with names made from the input's",
                logs_arn: "the group and its streams: one stream for each instance, named by SageMaker",
                "*": "cloudwatch:PutMetricData and ecr:GetAuthorizationToken know no resources",
            },
        )
