"""Rules for the model: its source, images, archives, role and network."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence

from batch_transform.job.aws.instance_types import INSTANCE_TYPES
from batch_transform.job.aws.limits import (
    IMAGE_URI,
    MOST_CONTAINERS,
    MOST_SECURITY_GROUPS,
    MOST_SUBNETS,
    S3_URI,
)
from batch_transform.job.errors import InvalidS3UriError, Problem, UnknownImageError
from batch_transform.job.model.framework_images import frameworks, tag, versions
from batch_transform.job.rules.limits import slug, value_problems
from batch_transform.job.rules.locations import bucket_name_problems
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import ContainerSpec, FrameworkImage, JobSpec, ModelSpec, VpcConfig
from batch_transform.job.values.model_source import NAME_TO_WRITE, given_sources
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import shown

# ACCOUNT.dkr.ecr.REGION.DOMAIN/; FIPS and dual-stack endpoints differ in the middle part.
_ECR = re.compile(r"\d{12}\.dkr[.-]ecr[.-][a-z0-9.-]+/.+")
# What the local AWS serves in addition to images that are mapped to commands.
_LOCAL = re.compile(r"file://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]")


def image_problems(
    field: str, image: FrameworkImage | str | None, instance_types: Sequence[str]
) -> Iterator[Problem]:
    """Check one container's image; a framework image also against the instance types."""
    if isinstance(image, str):
        found = list(value_problems(field, image, IMAGE_URI))
        yield from found
        if not found and not is_token(image):
            yield from _uri(field, image)
    elif isinstance(image, FrameworkImage) and not (is_token(image.framework) or is_token(image.version)):
        try:
            tag(image.framework, image.version)
            for instance_type in instance_types:
                if instance_type in INSTANCE_TYPES:
                    tag(image.framework, image.version, instance_type)
        except UnknownImageError as error:
            yield Problem("image-unknown", field, str(error))


def _uri(field: str, image: str) -> Iterator[Problem]:
    """SageMaker pulls from Amazon ECR (Developer Guide, "Use Your Own Inference Code with Batch Transform")."""
    framework, _, version = image.partition(":")
    if framework in frameworks():
        known = version if version in versions(framework) else versions(framework)[-1]
        yield Problem(
            "image-without-registry",
            field,
            f"{shown(image)} is not an image URI; write {{framework: {framework}, version: {known}}}",
        )
    elif image.startswith("https://"):
        bare = image.removeprefix("https://")
        yield Problem("image-with-scheme", field, f"{shown(image)}: leave out https://; write {shown(bare)}")
    elif not _ECR.fullmatch(image) and not _LOCAL.match(image):
        yield Problem(
            "image-outside-ecr",
            field,
            f"{shown(image)} is not in a private Amazon ECR repository, where SageMaker pulls images from; write "
            "ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG",
            severity="warning",
        )


# Repositories of SageMaker's built-in algorithms (Developer Guide, "Docker registry paths").
_BUILT_IN = frozenset(
    {
        "blazingtext",
        "factorization-machines",
        "forecasting-deepar",
        "image-classification",
        "ipinsights",
        "kmeans",
        "knn",
        "lda",
        "linear-learner",
        "ntm",
        "object-detection",
        "object2vec",
        "pca",
        "randomcutforest",
        "semantic-segmentation",
        "seq2seq",
        "xgboost",
    }
)


# The other fields that a model may have, by its source.
_TAKES = {
    "source": {"kms_key", "image", "env", "role", "vpc_config", "enable_network_isolation"},
    "artifact": {"kms_key", "image", "env", "role", "vpc_config", "enable_network_isolation"},
    "containers": {"role", "vpc_config", "enable_network_isolation"},
    "existing": set[str](),
    "endpoint": set[str](),
    "package_group": {"env", "role", "vpc_config", "enable_network_isolation"},
}
_MODEL_IS_THERE = "since that model has its own; leave it out"
_WHY_NOT = {
    "containers": "since each container has its own; write it there",
    "existing": _MODEL_IS_THERE,
    "endpoint": _MODEL_IS_THERE,
    "package_group": "since the package has its own; leave it out",
}


def model_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check where the model comes from, its containers, its role and its network."""
    model = spec.model
    given = given_sources(model)
    yield from _one_source(given)
    if len(given) == 1:
        yield from _fits_source(model, given[0])
    if model.existing == NAME_TO_WRITE:
        yield Problem(
            "model-placeholder",
            "model.existing",
            f"{shown(model.existing)} is a placeholder; write the name of an existing SageMaker model",
            severity="warning",
        )
    if model.containers:
        yield from _pipeline(model.containers)
    for path, container in _containers(model):
        yield from _artifact(f"{path}.artifact", container.artifact)
        yield from _key(path, container, model.role)
        yield from image_problems(f"{path}.image", container.image, spec.transform.instance_type)
    if model.vpc_config is not None:
        yield from _network(model.vpc_config)
    yield from _streaming(spec)


def _containers(model: ModelSpec) -> Iterator[tuple[str, ModelSpec | ContainerSpec]]:
    """Yield each container with its field; a model that isn't a pipeline counts as its own container."""
    yield "model", model
    yield from ((f"model.containers[{at}]", container) for at, container in enumerate(model.containers))


def _one_source(given: list[str]) -> Iterator[Problem]:
    if not given:
        yield Problem(
            "model-missing",
            "model",
            "is empty; write one of source (a folder), artifact (a model.tar.gz in S3), "
            "containers (a pipeline), existing (an existing SageMaker model), "
            "endpoint (the model that it serves when a run starts) and "
            "package_group (its newest approved package)",
        )
    elif len(given) > 1:
        yield Problem("model-ambiguous", "model", f"has {' and '.join(given)}; keep one of them")


def _fits_source(model: ModelSpec, source: str) -> Iterator[Problem]:
    for name in ("kms_key", "image", "env", "role", "vpc_config", "enable_network_isolation"):
        value = getattr(model, name)
        if value in (None, {}) or name in _TAKES[source]:
            continue
        elsewhere = (
            "; put variables for this job in transform.env"
            if name == "env" and source != "containers"
            else ""
        )
        yield Problem(
            f"{slug(name)}-with-{slug(source)}",
            f"model.{name}",
            f"can't be combined with model.{source}, {_WHY_NOT[source]}{elsewhere}",
        )
    if source in {"source", "artifact"} and model.image is None:
        yield Problem(
            "image-missing",
            "model.image",
            f"is required with model.{source}; write a framework, such as "
            "{framework: sklearn, version: 1.2-1}, or an image URI",
        )
    if source == "package_group" and model.role is None:
        yield Problem(
            "role-missing",
            "model.role",
            "is required with model.package_group, since only you know which images and archives its packages "
            "use; write the ARN of a role that SageMaker may assume and that may read those and the input, and "
            "write the output",
        )


def _pipeline(containers: Sequence[ContainerSpec]) -> Iterator[Problem]:
    if len(containers) > MOST_CONTAINERS:
        yield Problem(
            "containers-too-many",
            "model.containers",
            f"{len(containers)} containers are given; a pipeline can have at most {MOST_CONTAINERS}",
        )
    for at, container in enumerate(containers):
        if container.source is not None and container.artifact is not None:
            yield Problem(
                "container-ambiguous",
                f"model.containers[{at}]",
                "has source and artifact; keep one of them",
            )


def _network(vpc: VpcConfig) -> Iterator[Problem]:
    for name, ids, most in (
        ("subnets", vpc.subnets, MOST_SUBNETS),
        ("security_group_ids", vpc.security_group_ids, MOST_SECURITY_GROUPS),
    ):
        field = f"model.vpc_config.{name}"
        if not 1 <= len(ids) <= most:
            yield Problem(f"{slug(name)}-count", field, f"{len(ids)} are given; AWS accepts 1 to {most}")


def _artifact(field: str, artifact: str | None) -> Iterator[Problem]:
    if artifact is None or is_token(artifact) or any(value_problems(field, artifact, S3_URI)):
        return
    with contextlib.suppress(InvalidS3UriError):  # only AWS can judge an https address that isn't S3's
        yield from bucket_name_problems(field, S3Uri.parse(artifact))
    if artifact.endswith("/"):
        # Recorded in github.com/aws/sagemaker-python-sdk issue 4777.
        yield Problem(
            "artifact-uncompressed",
            field,
            f"'{artifact}' is a folder, but batch transform doesn't support uncompressed models; write the address "
            "of a model.tar.gz (AWS: SageMaker Batch currently doesn't support Model entity with container "
            "definitions which use ModelDataSource attribute)",
        )
    elif not artifact.endswith(".tar.gz"):
        yield Problem(
            "artifact-not-tar-gz",
            field,
            f"'{artifact}' does not end in .tar.gz; SageMaker needs a gzip-compressed tar archive",
            severity="warning",
        )


def _key(path: str, container: ModelSpec | ContainerSpec, role: str | None) -> Iterator[Problem]:
    if container.kms_key is None:
        return
    field = f"{path}.kms_key"
    if container.source is None and container.artifact is None:
        if isinstance(container, ContainerSpec):  # for a model without an archive, _fits_source reports it
            yield Problem(
                "kms-key-without-archive",
                field,
                "is the key of a model archive, but this container has none; write artifact or source, or "
                "leave the key out",
            )
    elif role is not None:
        yield Problem(
            "kms-key-with-role",
            field,
            "has no effect with model.role, whose policies the stack doesn't manage; "
            "allow that role to decrypt with the key, and leave this out",
            severity="warning",
        )


def _streaming(spec: JobSpec) -> Iterator[Problem]:
    """Built-in algorithms do not support HTTP chunked encoding (API reference, MaxPayloadInMB)."""
    if spec.transform.max_payload != 0:
        return
    for _, container in _containers(spec.model):
        image = container.image
        repository = image.partition("/")[2].partition(":")[0] if isinstance(image, str) else ""
        if repository in _BUILT_IN:
            yield Problem(
                "streaming-with-built-in",
                "transform.max_payload",
                f"0 streams whole objects to the model, but SageMaker's built-in {repository} doesn't support "
                "streaming; write 1 or more",
                severity="warning",
            )
            return
