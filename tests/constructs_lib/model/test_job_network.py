"""The network of a model's containers."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Template

from batch_transform_cdk import JobNetwork


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack")


@pytest.fixture
def vpc(stack: cdk.Stack) -> ec2.Vpc:
    return ec2.Vpc(stack, "Vpc", nat_gateways=1, max_azs=2)


def test_containers_are_in_the_private_subnets(stack: cdk.Stack, vpc: ec2.Vpc) -> None:
    network = JobNetwork(stack, "Network", vpc=vpc)
    assert network.vpc_config.subnets == tuple(subnet.subnet_id for subnet in vpc.private_subnets)


def test_subnets_can_be_chosen(stack: cdk.Stack, vpc: ec2.Vpc) -> None:
    public = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC, one_per_az=True)
    network = JobNetwork(stack, "Network", vpc=vpc, vpc_subnets=public)
    assert network.vpc_config.subnets == tuple(subnet.subnet_id for subnet in vpc.public_subnets)


def test_the_own_security_group_lets_https_out_and_nothing_in(stack: cdk.Stack, vpc: ec2.Vpc) -> None:
    JobNetwork(stack, "Network", vpc=vpc)
    [group] = [
        one["Properties"]
        for one in Template.from_stack(stack).find_resources("AWS::EC2::SecurityGroup").values()
    ]
    [out] = group["SecurityGroupEgress"]
    assert (out["IpProtocol"], out["FromPort"], out["ToPort"]) == ("tcp", 443, 443)
    assert "SecurityGroupIngress" not in group


def test_a_given_security_group_is_the_only_one(stack: cdk.Stack, vpc: ec2.Vpc) -> None:
    given = ec2.SecurityGroup.from_security_group_id(stack, "Given", "sg-0a1b2c3d")
    network = JobNetwork(stack, "Network", vpc=vpc, security_groups=[given])
    assert network.vpc_config.security_group_ids == ("sg-0a1b2c3d",)
    Template.from_stack(stack).resource_count_is("AWS::EC2::SecurityGroup", 0)
