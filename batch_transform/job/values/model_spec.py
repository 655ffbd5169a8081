"""The model that scores: where it comes from, its containers and its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from batch_transform.job.aws.limits import (
    ENDPOINT_NAME,
    KMS_KEY,
    MODEL_ENVIRONMENT,
    MODEL_NAME,
    MOST_CONTAINERS,
    MOST_SECURITY_GROUPS,
    MOST_SUBNETS,
    NETWORK_ID,
    PACKAGE_GROUP,
    ROLE_ARN,
    S3_URI,
)
from batch_transform.job.values.setting import Setting


@dataclass(frozen=True)
class FrameworkImage:
    """An AWS framework container, such as scikit-learn 1.2-1; its address is looked up for each region.

    Usage
    -----
        FrameworkImage("sklearn", "1.2-1")
        FrameworkImage("pytorch", "2.6")      # the newest patch release of 2.6 that AWS has
    """

    framework: str
    version: str


@dataclass(frozen=True)
class ContainerSpec:
    """One container of an inference pipeline.

    It has `source` or `artifact`, or neither where its image needs no model data.

    Usage
    -----
        ContainerSpec(FrameworkImage("sklearn", "1.2-1"), source=Path("models/prepare"))
        ContainerSpec("123456789012.dkr.ecr.eu-west-1.amazonaws.com/rules:7")      # no model data
    """

    image: Annotated[FrameworkImage | str, Setting("as `model.image`")]
    source: Annotated[
        Path | None, Setting("as `model.source`; a container may have neither this nor `artifact`")
    ] = None
    artifact: Annotated[str | None, Setting("as `model.artifact`", S3_URI)] = None
    kms_key: Annotated[str | None, Setting("as `model.kms_key`", KMS_KEY)] = None
    env: Annotated[Mapping[str, str], Setting("as `model.env`", MODEL_ENVIRONMENT)] = field(
        default_factory=dict
    )


@dataclass(frozen=True)
class VpcConfig:
    """The network that the model's containers join.

    Usage
    -----
        VpcConfig(subnets=("subnet-0a1b2c3d",), security_group_ids=("sg-0a1b2c3d",))
    """

    subnets: Annotated[
        tuple[str, ...], Setting("ids of subnets, 1 to 16", NETWORK_ID, items=(1, MOST_SUBNETS))
    ]
    security_group_ids: Annotated[
        tuple[str, ...],
        Setting("ids of security groups, 1 to 5", NETWORK_ID, items=(1, MOST_SECURITY_GROUPS)),
    ]


@dataclass(frozen=True)
class ModelSpec:
    """Where the model comes from.

    Give exactly one of `source`, `artifact`, `containers`, `existing`, `endpoint` and `package_group`. For the first
    three the stack defines a model and its execution role. `endpoint` and `package_group` are resolved when a run
    starts.

    Usage
    -----
        ModelSpec(source=Path("models/churn"), image=FrameworkImage("sklearn", "1.2-1"))
        ModelSpec(artifact="s3://models/churn/model.tar.gz", image=FrameworkImage("xgboost", "1.7-1"))
        ModelSpec(existing="churn-v7")
        ModelSpec(package_group="churn", role="arn:aws:iam::123456789012:role/churn-models")
    """

    source: Annotated[
        Path | None,
        Setting(
            "a folder with `code/inference.py`, or with `xgboost-model` alone for XGBoost, relative to the job file; "
            "packed into `model.tar.gz` and shipped with the stack"
        ),
    ] = None
    artifact: Annotated[str | None, Setting("the S3 URI of a `model.tar.gz`", S3_URI)] = None
    containers: Annotated[
        tuple[ContainerSpec, ...],
        Setting(
            "an inference pipeline of at most 15 containers: the first gets the records, the last answers",
            items=(1, MOST_CONTAINERS),
        ),
    ] = ()
    existing: Annotated[
        str | None,
        Setting("the name of an existing SageMaker model; its own role needs access to the data", MODEL_NAME),
    ] = None
    endpoint: Annotated[
        str | None,
        Setting(
            "the name of an endpoint: each run uses the model that it serves when the run starts, with that model's "
            "own role",
            ENDPOINT_NAME,
        ),
    ] = None
    package_group: Annotated[
        str | None,
        Setting(
            "a model package group: each run uses its newest approved package, in a model with `model.role`",
            PACKAGE_GROUP,
        ),
    ] = None
    kms_key: Annotated[
        str | None,
        Setting(
            "with source or artifact: id, ARN or alias of the customer key that encrypts the archive and any "
            "code in S3 that `model.env` names; the job gets permission to decrypt both",
            KMS_KEY,
        ),
    ] = None
    image: Annotated[
        FrameworkImage | str | None,
        Setting(
            "with source or artifact: `{framework: sklearn, version: 1.2-1}` (also `xgboost`, `pytorch`), or an image "
            "URI"
        ),
    ] = None
    env: Annotated[
        Mapping[str, str],
        Setting(
            "environment of the model's container, such as `SAGEMAKER_PROGRAM`, the script to load; numbers are passed "
            "as written",
            MODEL_ENVIRONMENT,
        ),
    ] = field(default_factory=dict)
    role: Annotated[
        str | None,
        Setting(
            "the ARN of an execution role to use instead of the one that the stack defines; "
            "required with package_group, since only you know what its packages read",
            ROLE_ARN,
        ),
    ] = None
    vpc_config: Annotated[
        VpcConfig | None, Setting("VpcConfig of the model: the network that its containers join")
    ] = None
    enable_network_isolation: Annotated[
        bool | None,
        Setting("EnableNetworkIsolation of the model: its containers have no network access"),
    ] = None
