"""What AWS accepts as a value: kinds of limits, and the limits that several fields share.

Request limits are facts of the service model in botocore 1.43.106; a test compares them member by member. Limits that
only the API reference's text gives are marked as documented. A limit of a single field is written at the field's
declaration, in `batch_transform.job.values`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Text:
    """A string: its length in characters, and the pattern that all of it must match, also in words."""

    shortest: int = 0
    longest: int | None = None
    pattern: str | None = None
    in_words: str = ""


@dataclass(frozen=True)
class Choice:
    """One of a closed set of strings. `unfit` are values of AWS's enum that batch transform refuses."""

    values: tuple[str, ...]
    unfit: tuple[str, ...] = ()

    @classmethod
    def of(cls, members: type[StrEnum], *, unfit: tuple[str, ...] = ()) -> Choice:
        """Return the choice of an enum's values."""
        return cls(tuple(member.value for member in members), unfit)


@dataclass(frozen=True)
class Whole:
    """A whole number. `documented_most` is a limit from the API reference's text, which the model lacks."""

    least: int = 0
    most: int | None = None
    documented_most: int | None = None


@dataclass(frozen=True)
class Amount:
    """A number above 0, with or without decimals."""

    most: float | None = None


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


Limits = Text | Choice | Whole | Amount | Flag | TextMap | TagList

S3_URI = Text(longest=1024, pattern=r"(https|s3)://([^/]+)/?(.*)", in_words="s3://BUCKET/KEY")
KMS_KEY = Text(
    longest=2048,
    pattern=r"[a-zA-Z0-9:/_-]*",
    in_words="a key's id, ARN or alias: letters, digits and : / _ -",
)
MEDIA_TYPE = Text(longest=256, pattern=r".*", in_words="one line, such as text/csv")
FILTER = Text(longest=63)
NAME_WORDS = "letters, digits and hyphens, with a letter or digit at both ends"
ENTITY_NAME = Text(1, 120, r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}", NAME_WORDS)
TRANSFORM_JOB_NAME = Text(1, 63, r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", NAME_WORDS)
MODEL_NAME = Text(0, 63, r"[a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?", NAME_WORDS)
ENDPOINT_NAME = Text(0, 63, r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", NAME_WORDS)
PACKAGE_GROUP = Text(
    1,
    170,
    r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)",
    f"a model package group's name, {NAME_WORDS}, or its ARN",
)
ROLE_ARN = Text(
    20,
    2048,
    r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    "the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME",
)
IMAGE_URI = Text(longest=255, pattern=r"[\S]+", in_words="an image URI without spaces")
NETWORK_ID = Text(longest=32, pattern=r"[-0-9a-zA-Z]+", in_words="an id, such as subnet-0a1b2c3d")
MOST_CONTAINERS = 15
MOST_SUBNETS = 16
MOST_SECURITY_GROUPS = 5

_VARIABLE_WORDS = "letters, digits and _, and no digit at the start"
JOB_ENVIRONMENT = TextMap(
    16,
    key=Text(longest=1024, pattern=r"[a-zA-Z_][a-zA-Z0-9_]{0,1023}", in_words=_VARIABLE_WORDS),
    value=Text(longest=10240),
)
# The environment of the model's container: CreateModel, ContainerDefinition.
MODEL_ENVIRONMENT = TextMap(
    100,
    key=Text(longest=1024, pattern=r"[a-zA-Z_][a-zA-Z0-9_]*", in_words=_VARIABLE_WORDS),
    value=Text(longest=1024),
)
# Tags may hold any letter, digit or space of Unicode, which `re` has no class for: see `rules.limits`.
TAGS = TagList(50, Text(1, 128), Text(0, 256))
