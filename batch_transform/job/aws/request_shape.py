"""What CreateTransformJob takes: every member of the request, with its type and limits.

The facts of the service model in botocore 1.43.106; a test compares them member by member. Limits
that only the API reference's text gives are marked as documented.
"""

from __future__ import annotations

from dataclasses import dataclass

from batch_transform.job.aws.instance_types import INSTANCE_TYPES

Path = tuple[str, ...]


@dataclass(frozen=True)
class Text:
    """A string: its length in characters, and the pattern that all of it must match, also in words."""

    shortest: int = 0
    longest: int | None = None
    pattern: str | None = None
    in_words: str = ""


@dataclass(frozen=True)
class Choice:
    """One of a closed set of strings. `unfit` are values of the enum that batch transform refuses."""

    values: tuple[str, ...]
    unfit: tuple[str, ...] = ()


@dataclass(frozen=True)
class Whole:
    """A whole number. `documented_most` is a limit from the API reference's text, which the model lacks."""

    least: int = 0
    most: int | None = None
    documented_most: int | None = None


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class TextMap:
    """Names and texts, at most `most` of them."""

    most: int
    key: Text
    value: Text


@dataclass(frozen=True)
class TagList:
    """Key and Value pairs, at most `most` of them."""

    most: int
    key: Text
    value: Text


Shape = Text | Choice | Whole | Flag | TextMap | TagList

_S3_URI = Text(longest=1024, pattern=r"(https|s3)://([^/]+)/?(.*)", in_words="s3://BUCKET/KEY")
KMS_KEY = Text(
    longest=2048,
    pattern=r"[a-zA-Z0-9:/_-]*",
    in_words="a key's id, ARN or alias: letters, digits and : / _ -",
)
_MEDIA_TYPE = Text(longest=256, pattern=r".*", in_words="one line, such as text/csv")
_FILTER = Text(longest=63)
_NAME_WORDS = "letters, digits and hyphens, with a letter or digit at both ends"
_ENTITY_NAME = Text(1, 120, r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}", _NAME_WORDS)
MODEL_NAME = Text(0, 63, r"[a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?", _NAME_WORDS)
_VARIABLE_WORDS = "letters, digits and _, and no digit first"
# Tags may hold any letter, digit or space of Unicode, which `re` has no class for: see `rules.limits`.
_TAG_KEY = Text(1, 128)
_TAG_VALUE = Text(0, 256)

SHAPES: dict[Path, Shape] = {
    ("TransformJobName",): Text(1, 63, r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", _NAME_WORDS),
    ("ModelName",): MODEL_NAME,
    ("MaxConcurrentTransforms",): Whole(),
    ("ModelClientConfig", "InvocationsTimeoutInSeconds"): Whole(1, 3600),
    ("ModelClientConfig", "InvocationsMaxRetries"): Whole(0, 3),
    ("MaxPayloadInMB",): Whole(documented_most=100),
    ("BatchStrategy",): Choice(("MultiRecord", "SingleRecord")),
    ("Environment",): TextMap(
        16,
        key=Text(longest=1024, pattern=r"[a-zA-Z_][a-zA-Z0-9_]{0,1023}", in_words=_VARIABLE_WORDS),
        value=Text(longest=10240),
    ),
    # AugmentedManifestFile "is not compatible" (API reference, TransformS3DataSource); Converse is a
    # value of the shared enum that no page on batch transform knows.
    ("TransformInput", "DataSource", "S3DataSource", "S3DataType"): Choice(
        ("S3Prefix", "ManifestFile"), unfit=("AugmentedManifestFile", "Converse")
    ),
    ("TransformInput", "DataSource", "S3DataSource", "S3Uri"): _S3_URI,
    ("TransformInput", "ContentType"): _MEDIA_TYPE,
    ("TransformInput", "CompressionType"): Choice(("None", "Gzip")),
    ("TransformInput", "SplitType"): Choice(("None", "Line", "RecordIO", "TFRecord")),
    ("TransformOutput", "S3OutputPath"): _S3_URI,
    ("TransformOutput", "Accept"): _MEDIA_TYPE,
    ("TransformOutput", "AssembleWith"): Choice(("None", "Line")),
    ("TransformOutput", "KmsKeyId"): KMS_KEY,
    ("DataCaptureConfig", "DestinationS3Uri"): _S3_URI,
    ("DataCaptureConfig", "KmsKeyId"): KMS_KEY,
    ("DataCaptureConfig", "GenerateInferenceId"): Flag(),
    ("TransformResources", "InstanceType"): Choice(INSTANCE_TYPES),
    ("TransformResources", "InstanceCount"): Whole(1, documented_most=100),
    ("TransformResources", "VolumeKmsKeyId"): KMS_KEY,
    ("TransformResources", "TransformAmiVersion"): Text(1, 63, r"[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*", _NAME_WORDS),
    ("DataProcessing", "InputFilter"): _FILTER,
    ("DataProcessing", "OutputFilter"): _FILTER,
    ("DataProcessing", "JoinSource"): Choice(("Input", "None")),
    ("Tags",): TagList(50, _TAG_KEY, _TAG_VALUE),
    ("ExperimentConfig", "ExperimentName"): _ENTITY_NAME,
    ("ExperimentConfig", "TrialName"): _ENTITY_NAME,
    ("ExperimentConfig", "TrialComponentDisplayName"): _ENTITY_NAME,
    ("ExperimentConfig", "RunName"): _ENTITY_NAME,
}

# The environment of the model's container: CreateModel, ContainerDefinition.
MODEL_ENVIRONMENT = TextMap(
    100,
    key=Text(longest=1024, pattern=r"[a-zA-Z_][a-zA-Z0-9_]*", in_words=_VARIABLE_WORDS),
    value=Text(longest=1024),
)
ROLE_ARN = Text(
    20,
    2048,
    r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    "the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME",
)
ENDPOINT_NAME = Text(0, 63, r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", _NAME_WORDS)
PACKAGE_GROUP = Text(
    1,
    170,
    r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)",
    f"a model package group's name, {_NAME_WORDS}, or its ARN",
)
NETWORK_ID = Text(longest=32, pattern=r"[-0-9a-zA-Z]+", in_words="an id, such as subnet-0a1b2c3d")
MOST_CONTAINERS = 15
MOST_SUBNETS = 16
MOST_SECURITY_GROUPS = 5
IMAGE_URI = Text(longest=255, pattern=r"[\S]+", in_words="an image URI without spaces")

# A request is built without its name, which each attempt adds; all else that the API requires.
REQUIRED: tuple[Path, ...] = (
    ("ModelName",),
    ("TransformInput", "DataSource", "S3DataSource", "S3DataType"),
    ("TransformInput", "DataSource", "S3DataSource", "S3Uri"),
    ("TransformOutput", "S3OutputPath"),
    ("TransformResources", "InstanceType"),
    ("TransformResources", "InstanceCount"),
)
REQUIRED_TOGETHER: tuple[Path, ...] = (("DataCaptureConfig", "DestinationS3Uri"),)
"""Required as soon as the structure that they are in is given."""
