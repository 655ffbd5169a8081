"""Which model scores, and in which container."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.spec.errors import UnknownImageError
from batch_transform.spec.framework_images import tag
from batch_transform.spec.instance_types import INSTANCE_TYPES
from batch_transform.spec.job_spec import FrameworkImage, JobSpec
from batch_transform.spec.problem import Problem
from batch_transform.spec.request_shape import IMAGE_URI, MODEL_ENVIRONMENT, MODEL_NAME, SHAPES
from batch_transform.spec.rules.shape import value_problems
from batch_transform.spec.rules.values import is_token

_SOURCES = ("source", "artifact", "existing")
_S3_URI = SHAPES[("TransformInput", "DataSource", "S3DataSource", "S3Uri")]

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


def model_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check where the model comes from, its image and its environment."""
    yield from _one_source(spec)
    yield from _artifact(spec)
    yield from _image(spec)
    yield from value_problems("model.env", spec.model.env, MODEL_ENVIRONMENT)
    yield from _streaming(spec)


def _one_source(spec: JobSpec) -> Iterator[Problem]:
    model = spec.model
    given = [name for name in _SOURCES if getattr(model, name) is not None]
    if not given:
        yield Problem(
            "model-missing",
            "model",
            "says no model; write one of source (a folder), artifact (a model.tar.gz in S3) and existing "
            "(a model that SageMaker has)",
        )
    elif len(given) > 1:
        yield Problem("model-ambiguous", "model", f"says {' and '.join(given)}; keep one of them")
    if model.existing is not None:
        yield from value_problems("model.existing", model.existing, MODEL_NAME)
        if given == ["existing"]:
            elsewhere = "; put variables for this job in transform.env"
            for name, value, mend in (("image", model.image, ""), ("env", model.env, elsewhere)):
                if value:
                    yield Problem(
                        f"{name}-with-existing",
                        f"model.{name}",
                        f"cannot be given with model.existing, since that model has its own; leave it out{mend}",
                    )
    elif given and model.image is None:
        yield Problem(
            "image-missing",
            "model.image",
            f"is required with model.{given[0]}; write a framework, such as "
            "{framework: sklearn, version: 1.2-1}, or an image URI",
        )


def _artifact(spec: JobSpec) -> Iterator[Problem]:
    artifact = spec.model.artifact
    if artifact is None:
        return
    found = list(value_problems("model.artifact", artifact, _S3_URI))
    yield from found
    if found or is_token(artifact):
        return
    if artifact.endswith("/"):
        # Recorded in github.com/aws/sagemaker-python-sdk issue 4777.
        yield Problem(
            "artifact-uncompressed",
            "model.artifact",
            f"'{artifact}' is a folder, and batch transform takes no uncompressed model; write the address "
            "of a model.tar.gz (AWS: SageMaker Batch currently doesn't support Model entity with container "
            "definitions which use ModelDataSource attribute)",
        )
    elif not artifact.endswith(".tar.gz"):
        yield Problem(
            "artifact-not-tar-gz",
            "model.artifact",
            f"'{artifact}' does not end in .tar.gz; SageMaker wants one gzip compressed tar archive",
            severity="warning",
        )


def _image(spec: JobSpec) -> Iterator[Problem]:
    image = spec.model.image
    if isinstance(image, str):
        yield from value_problems("model.image", image, IMAGE_URI)
    elif isinstance(image, FrameworkImage) and not (is_token(image.framework) or is_token(image.version)):
        instance_type = spec.transform.instance_type
        try:
            tag(image.framework, image.version)
            if instance_type in INSTANCE_TYPES:
                tag(image.framework, image.version, instance_type)
        except UnknownImageError as error:
            yield Problem("image-unknown", "model.image", str(error))


def _streaming(spec: JobSpec) -> Iterator[Problem]:
    """Built-in algorithms do not support HTTP chunked encoding (API reference, MaxPayloadInMB)."""
    image = spec.model.image
    if spec.transform.max_payload == 0 and isinstance(image, str):
        repository = image.partition("/")[2].partition(":")[0]
        if repository in _BUILT_IN:
            yield Problem(
                "streaming-with-built-in",
                "transform.max_payload",
                f"0 streams whole objects to the model, and SageMaker's built-in {repository} takes no "
                "streams; write 1 or more",
                severity="warning",
            )
