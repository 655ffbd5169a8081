"""The VPC that a model's containers are attached to."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from batch_transform.job.values.job_spec import VpcConfig


class JobNetwork(Construct):
    """Choose subnets and security groups of a VPC for a model.

    The default is the VPC's private subnets, as everywhere in the CDK, and a new security group that allows HTTPS out
    and nothing in: the containers fetch the model and the data from S3, and nothing connects to them (Developer Guide,
    "Give Batch Transform Jobs Access to Resources in Your Amazon VPC"). The VPC needs a route to S3: a gateway
    endpoint, or NAT.

    Usage::

        network = JobNetwork(self, "Network", vpc=vpc)
        network.connections.allow_to_any_ipv4(ec2.Port.tcp(5432))
        VpcConfig(network.vpc_config.subnets, network.vpc_config.security_group_ids)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        chosen = vpc_subnets or ec2.SubnetSelection()
        subnets = vpc.select_subnets(
            availability_zones=chosen.availability_zones,
            one_per_az=chosen.one_per_az,
            subnet_filters=chosen.subnet_filters,
            subnet_group_name=chosen.subnet_group_name,
            subnet_type=chosen.subnet_type,
            subnets=chosen.subnets,
        )
        groups = list(security_groups or [self._security_group(vpc)])
        self.connections = ec2.Connections(security_groups=groups)
        self.vpc_config = VpcConfig(
            subnets=tuple(subnets.subnet_ids),
            security_group_ids=tuple(group.security_group_id for group in groups),
        )

    def _security_group(self, vpc: ec2.IVpc) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            allow_all_outbound=False,
            description="Containers of a batch transform job",
            vpc=vpc,
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "S3 and AWS APIs")
        return group
