"""The permissions to use the sections: on the key as well."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from batch_transform_cdk import DataLocation, KmsKey
from batch_transform_cdk.data.sections import Sections
from batch_transform_cdk.ground.statement import Statement

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = KEY.replace("1234abcd", "4321abcd")


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack")


def sections(stack: cdk.Stack, *, output: str, key: KmsKey | None) -> Sections:
    """The sections in the bucket `results`, of a job whose results go to the bucket `output`."""
    lake, results = (s3.Bucket.from_bucket_name(stack, name, name) for name in ("lake", "results"))
    place = results if output == "results" else s3.Bucket.from_bucket_name(stack, output, output)
    data = DataLocation(lake, "churn/", KmsKey(KEY), KmsKey(OTHER_KEY))
    return Sections.of("churn", bucket=results, data=data, output=DataLocation(place, "churn/", key))


def on_keys(found: list[Statement]) -> list[tuple[set[str], str, list[str]]]:
    """The actions of the statements on keys, the key, and the ends of the ARNs that they are for."""
    return [
        (
            set(each.actions),
            each.resources[0],
            [arn.rpartition(":::")[2] for arn in (each.conditions or {})["StringLike"][_CONTEXT]],
        )
        for each in found
        if each.actions[0].startswith("kms:")
    ]


_CONTEXT = "kms:EncryptionContext:aws:s3:arn"
BOTH = {"kms:Decrypt", "kms:GenerateDataKey"}


def test_one_statement_allows_the_use_of_a_key_in_a_bucket(stack: cdk.Stack) -> None:
    used = sections(stack, output="results", key=KmsKey(KEY))
    assert on_keys(used.function_statements()) == [
        ({"kms:Decrypt"}, KEY, ["lake", "lake/churn/*"]),
        ({"kms:Decrypt"}, OTHER_KEY, ["lake", "lake/churn/*"]),
        (BOTH, KEY, ["results", "results/churn/*", "results/_sections/churn/*"]),
    ]
    assert on_keys(used.role_statements()) == [
        (
            BOTH,
            KEY,
            ["results", "results/churn/*", "results/_sections/churn/in/*", "results/_sections/churn/out/*"],
        )
    ]


def test_buckets_have_statements_of_their_own(stack: cdk.Stack) -> None:
    used = sections(stack, output="elsewhere", key=KmsKey(KEY))
    assert on_keys(used.role_statements()) == [
        (BOTH, KEY, ["elsewhere", "elsewhere/churn/*"]),
        (BOTH, KEY, ["results", "results/_sections/churn/in/*", "results/_sections/churn/out/*"]),
    ]


def test_without_a_key_there_is_no_statement_on_one(stack: cdk.Stack) -> None:
    assert on_keys(sections(stack, output="results", key=None).role_statements()) == []
