"""The examples on the page about the constructs, and those in docstrings, run and define what they say."""

from __future__ import annotations

import contextlib
import inspect
import re
import shutil
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template

import batch_transform_cdk
from batch_transform_cdk import BatchTransform, DataBuckets, JobSpec, ModelSpec

PROJECT = Path(__file__).resolve().parents[2]
PAGES = ("how-to/your-own-cdk-app", "reference/constructs")
PAGE = "\n".join((PROJECT / f"docs/{page}.md").read_text(encoding="utf-8") for page in PAGES)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The names of the page's examples, run one after the other in a folder with a job file."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "jobs").mkdir()
    shutil.copy(PROJECT / "tests/jobs/smallest.yaml", folder / "jobs/smallest.yaml")
    found: dict[str, Any] = {}
    with contextlib.chdir(folder):
        for number, code in enumerate(re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)):
            exec(compile(code, f"docs/how-to/your-own-cdk-app.md, example {number + 1}", "exec"), found)  # noqa: S102 - our own page
            found.setdefault("first_app", found["app"])
    return found


@pytest.fixture(scope="module")
def templates(names: dict[str, Any]) -> dict[str, Template]:
    """Every stack of the page, synthesised."""
    app: cdk.App = names["app"]
    return {
        stack.node.id: Template.from_stack(stack)
        for stack in app.node.children
        if isinstance(stack, cdk.Stack)
    }


def test_the_page_defines_what_it_says(templates: dict[str, Template]) -> None:
    assert set(templates) == {"Scoring", "Shared", "Own", "Parts"}
    templates["Scoring"].resource_count_is("AWS::S3::Bucket", 2)
    templates["Scoring"].resource_properties_count_is(
        "AWS::Events::Rule", {"EventPattern": {"detail": {"status": ["SUCCEEDED"]}}}, 1
    )
    templates["Shared"].resource_count_is("AWS::S3::Bucket", 2)
    templates["Shared"].resource_count_is("AWS::StepFunctions::StateMachine", 4)
    templates["Shared"].resource_count_is("AWS::KMS::Key", 1)  # topics and logs are under it too
    templates["Own"].resource_count_is("AWS::S3::Bucket", 1)


def test_the_whole_app_of_the_page_deploys_the_job_files(names: dict[str, Any]) -> None:
    stack = names["first_app"].node.find_child("BatchTransform")
    assert "StateMachineSmallest" in Template.from_stack(stack).find_outputs("*")


def test_a_given_role_gets_the_permissions_and_no_other_role_is_defined(
    templates: dict[str, Template],
) -> None:
    roles = templates["Own"].find_resources(
        "AWS::IAM::Role",
        {
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Statement": [Match.object_like({"Principal": {"Service": "sagemaker.amazonaws.com"}})]
                }
            }
        },
    )
    assert len(roles) == 1
    templates["Own"].has_resource_properties("AWS::IAM::Policy", {"Roles": [{"Ref": name} for name in roles]})


def test_the_containers_are_in_the_vpc(templates: dict[str, Template]) -> None:
    templates["Own"].has_resource_properties(
        "AWS::SageMaker::Model",
        {"VpcConfig": {"SecurityGroupIds": [Match.any_value()], "Subnets": Match.any_value()}},
    )


def usage_of(name: str) -> str:
    """The block below `Usage` in the docstring of a public name."""
    documented = inspect.getdoc(getattr(batch_transform_cdk, name)) or ""
    return "".join(re.findall(r"^Usage[^\n]*::\n\n((?:    [^\n]*\n|\n)+)", f"{documented}\n", re.MULTILINE))


CLASSES = [
    name
    for name in batch_transform_cdk.__all__
    if inspect.isclass(member := getattr(batch_transform_cdk, name))
    and member.__module__.startswith("batch_transform_cdk.")
]


@pytest.mark.parametrize("name", CLASSES)
def test_the_usage_in_the_docstring_of_a_class_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs").mkdir()
    shutil.copy(PROJECT / "tests/jobs/smallest.yaml", tmp_path / "jobs/smallest.yaml")
    monkeypatch.chdir(tmp_path)
    app = cdk.App()
    given, stack = cdk.Stack(app, "Given"), cdk.Stack(app, "Usage")
    key = kms.Key(given, "Key")
    data = DataBuckets(given, "Data")
    job = JobSpec(name="churn", model=ModelSpec(existing="churn"))
    others = [
        BatchTransform(given, one, job=replace(job, name=one), buckets=data) for one in ("churn", "fraud")
    ]
    names = {
        **{one: getattr(batch_transform_cdk, one) for one in batch_transform_cdk.__all__},
        "buckets": data,
        "cdk": cdk,
        "churn": others[0],
        "data": DataBuckets(stack, "OfJob") if name == "BatchTransform" else data,
        "ec2": ec2,
        "fraud": others[1],
        "job": job,
        "key": key,
        "machine": others[0].state_machine,
        "role": iam.Role(given, "Role", assumed_by=iam.AccountRootPrincipal()),
        "self": stack,
        "topic": sns.Topic(given, "Topic"),
        "vpc": ec2.Vpc(given, "Vpc"),
        "workflow": others[0].workflow,
    }
    usage = textwrap.dedent(usage_of(name))
    assert name in usage
    exec(compile(usage, f"usage of {name}", "exec"), names)  # noqa: S102 - our own docstring


def test_the_page_names_every_construct() -> None:
    for name in batch_transform_cdk.__all__:
        assert f"`{name}" in PAGE, name
