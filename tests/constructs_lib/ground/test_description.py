"""Descriptions, for constructs with any name and any place in an app."""

from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from batch_transform.job.values.job_spec import JobSpec, ModelSpec, ScheduleSpec, TriggersSpec, UploadSpec
from batch_transform_cdk import BatchTransform
from batch_transform_cdk.ground.stack_part import StackPart

LIMITS = {
    "AWS::IAM::Role": 1000,
    "AWS::Lambda::Function": 256,
    "AWS::Scheduler::Schedule": 512,
    "AWS::Events::Rule": 512,
}


def described(path: list[str]) -> dict[str, list[str]]:
    """The descriptions in a stack with a job at this path, by type of resource."""
    stack = cdk.Stack(cdk.App(), "Stack")
    scope: Any = stack
    for construct_id in path:
        scope = StackPart(scope, construct_id)
    triggers = TriggersSpec(schedule=(ScheduleSpec(rate="1 hour"),), on_upload=UploadSpec())
    job = JobSpec("churn", ModelSpec(existing="churn"), triggers=triggers)
    BatchTransform(scope, "Job", job=job).on_failed("TellOwner")
    template = Template.from_stack(stack)
    return {
        kind: [one["Properties"]["Description"] for one in template.find_resources(kind).values()]
        for kind in LIMITS
    }


def test_no_description_is_longer_than_its_service_allows() -> None:
    found = described(["a" * 240, "b" * 240, "c" * 240, "d" * 240])
    for kind, texts in found.items():
        assert max(map(len, texts)) == LIMITS[kind], kind


def test_a_roles_description_has_characters_that_iam_accepts() -> None:
    [latin, other] = (described([name])["AWS::IAM::Role"] for name in ("Größe", "模型—1"))
    assert any("Stack/Größe/Job" in text for text in latin)
    assert any("Stack/???1/Job" in text for text in other)
    for text in (*latin, *other):
        assert re.fullmatch(r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*", text)


def test_a_short_description_is_unchanged() -> None:
    assert "Uploads that start Stack/Team/Job" in described(["Team"])["AWS::Events::Rule"]
