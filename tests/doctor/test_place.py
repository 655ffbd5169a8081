"""What the doctor assumes about templates matches what the CDK writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from constructs import Construct

from batch_transform.doctor.place import (
    BOOTSTRAP_VERSION,
    DEFAULT_QUALIFIER,
    WORKFLOW_LOGS,
    workflow_log_group,
)


@pytest.mark.parametrize(
    "job", ["churn", "churn-nightly", "x-Workflow", "a-job-with-a-name-of-exactly-forty-characters"]
)
def test_a_log_group_has_the_name_that_the_cdk_gives_it(job: str) -> None:
    stack = cdk.Stack(cdk.App(), "BatchTransform-2", stack_name="dev-BatchTransform-2")
    workflow = Construct(Construct(Construct(stack, "Jobs"), job), "Workflow")
    name = cdk.Names.unique_resource_name(workflow, max_length=60)
    assert workflow_log_group("dev-BatchTransform-2", job) == f"{WORKFLOW_LOGS}{name}"


def test_the_bootstrap_version_and_parameter_match_a_template() -> None:
    stack = cdk.Stack(cdk.App(), "Any")
    cdk.CfnResource(stack, "Topic", type="AWS::SNS::Topic")
    template = assertions.Template.from_stack(stack).to_json()
    rule = json.dumps(template["Rules"]["CheckBootstrapVersion"])
    assert f"CDK bootstrap stack version {BOOTSTRAP_VERSION} required" in rule
    parameter = template["Parameters"]["BootstrapVersion"]
    assert parameter["Default"] == f"/cdk-bootstrap/{DEFAULT_QUALIFIER}/version"


def test_the_documented_policy_allows_exactly_what_the_doctor_calls() -> None:
    """Each call in the source names its action. `runs` needs the states: action too."""
    project = Path(__file__).parents[2]
    page = (project / "docs/how-to/permissions-for-people.md").read_text(encoding="utf-8")
    section = page.partition("## Check an account")[2]
    policy = json.loads(re.findall(r"^```json\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)[0])
    source = (project / "batch_transform/doctor/account.py").read_text(encoding="utf-8")
    assert policy["Statement"][0]["Action"] == sorted(set(re.findall(r'"([a-z0-9]+:[A-Z]\w+)"', source)))
