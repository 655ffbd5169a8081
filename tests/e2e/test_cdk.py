"""The life cycle of jobs with the real `cdk` command against the local AWS."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from batch_transform.job.values.stack_outputs import INPUT_BUCKET, state_machine_output
from batch_transform.local.up import LocalAws
from batch_transform.runs.synth import synthesise
from e2e.project_copy import PROJECT, Project
from e2e.result_objects import result_objects
from patience import PATIENCE_SECONDS

TOOLS = Path(sys.executable).parent
CDK = PROJECT / "node_modules/.bin/cdk"
_AS_SYNTHESISED = ("--no-path-metadata", "--no-asset-metadata", "--no-version-reporting")
DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(enforce_iam=True) as started:
        yield started


class Toolkit:
    """`cdk` in a project, on a local AWS."""

    def __init__(self, project: Project, aws: LocalAws) -> None:
        self.project = project
        self.aws = aws

    def cdk(self, *arguments: str, fails: bool = False) -> str:
        """Run `cdk` in the project and return all that it printed."""
        environment = {
            **os.environ,
            **self.aws.environment(),
            "PATH": f"{TOOLS}:{os.environ['PATH']}",  # `python3 app.py`, and Node for the CDK's kernel
            "CI": "true",
        }
        done = subprocess.run(
            [str(TOOLS / "node"), str(CDK), "--no-notices", *arguments],
            cwd=self.project.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def synthesised(self, name: str, environment: str = "prod") -> str:
        """Return a cloud assembly for `--app`: `cdk` then needs no synthesis of its own, which takes seconds."""
        synthesise(
            self.project.folder,
            jobs=Path("jobs"),
            assembly=self.project.folder / name,
            environment=environment,
            security_checks=False,
        )
        return name

    def deploy(self, app: str, *, fails: bool = False) -> str:
        return self.cdk("deploy", "--app", app, "--require-approval", "never", fails=fails)

    def unprotect(self, stack: str) -> None:
        """Turn off the stack's termination protection, as a person does before a deletion."""
        self.aws.client("cloudformation").update_termination_protection(
            StackName=stack, EnableTerminationProtection=False
        )

    def outputs(self, stack: str = "BatchTransform") -> dict[str, str]:
        [described] = self.aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

    def stacks(self) -> dict[str, str]:
        listed = self.aws.client("cloudformation").list_stacks(StackStatusFilter=[*DONE, "DELETE_FAILED"])
        return {stack["StackName"]: stack["StackStatus"] for stack in listed["StackSummaries"]}

    def buckets(self) -> set[str]:
        return {bucket["Name"] for bucket in self.aws.client("s3").list_buckets()["Buckets"]}

    def upload(self, bucket: str, key: str) -> None:
        data = self.project.folder / "build/data/tumours.csv"
        self.aws.client("s3").upload_file(str(data), bucket, key)

    def widths_of_a_run(self) -> set[int]:
        """Start the deployed machine, wait for it, and return how many columns its results have."""
        stepfunctions, s3 = self.aws.client("stepfunctions"), self.aws.client("s3")
        machine = self.outputs()[state_machine_output("tumours")]
        started = stepfunctions.start_execution(stateMachineArn=machine, input="{}")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            described = stepfunctions.describe_execution(executionArn=started["executionArn"])
            if described["status"] != "RUNNING" or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        assert described["status"] == "SUCCEEDED", described
        output = json.loads(described["output"])
        place = output.get("output") or output["S3OutputPath"]
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        [result] = result_objects(s3, bucket, prefix)
        lines = s3.get_object(Bucket=bucket, Key=result["Key"])["Body"].read().decode().splitlines()
        return {len(line.split(",")) for line in lines}


@pytest.fixture
def toolkit(project: Project, aws: LocalAws) -> Toolkit:
    found = Toolkit(project, aws)
    if "CDKToolkit" not in found.stacks():
        found.cdk("bootstrap", "aws://000000000000/us-east-1")
    return found


CHANGED: dict[str, dict[str, Any]] = {
    "transform": {"instance_type": ["ml.m5.xlarge", "ml.m5.2xlarge"], "env": {"LEVEL": "debug"}},
    "data_processing": {"output_filter": "$[0,-2,-1]"},
    "triggers": {"schedule": {"cron": "0 4 * * ? *", "timezone": "Europe/Vienna", "enabled": False}},
}
ADDED = {
    "notify": {"email": ["ops@example.com"]},
    "workflow": {"log_retention_in_days": 365},
}


@pytest.mark.timeout(900)
def test_a_job_is_deployed_changed_rolled_back_and_destroyed(toolkit: Toolkit) -> None:
    project = toolkit.project
    # With all checks, as a person ships it; without what only the console shows, as `synthesised` makes it.
    toolkit.cdk("deploy", "--require-approval", "never", *_AS_SYNTHESISED)
    before = toolkit.outputs()
    toolkit.upload(before[INPUT_BUCKET], "tumours/tumours.csv")
    assert toolkit.widths_of_a_run() == {2}

    # Each kind of setting, with the names of the job file.
    for section, fields in CHANGED.items():
        project.edit_job(section, **fields)
    job = yaml.safe_load(project.job_file.read_text())
    project.job_file.write_text(yaml.safe_dump({**job, **ADDED}, sort_keys=False))
    app = toolkit.synthesised("changed")
    difference = toolkit.cdk("diff", "--app", app, "--method", "template")
    for text in (
        "[-] $[0,-1]",
        "[+] $[0,-2,-1]",
        '[-]   "ml.m5.large"',
        '[+]   "ml.m5.xlarge"',
        "[+] Added: .env",
        "[-] cron(0 2 * * ? *)",
        "[+] cron(0 4 * * ? *)",
        "ops@example.com",
        "[+] 365",
    ):
        assert text in difference, f"{text}\n{difference}"
    assert "requires replacement" not in difference  # a change keeps the machine, its history and its ARN
    # By a change set, as `cdk diff` does it by itself, the same but for the job file's words.
    plain = toolkit.cdk("diff", "--app", app)
    values = re.findall(r"\[[-+]\] .*", plain)
    [went] = [line for line in values if line.startswith("[-]") and "OutputFilter" in line]
    [came] = [line for line in values if line.startswith("[+]") and "OutputFilter" in line]
    assert "$[0,-1]" in went
    assert "$[0,-2,-1]" in came
    assert {"[-] cron(0 2 * * ? *)", "[+] cron(0 4 * * ? *)"} <= set(values)
    assert "requires replacement" not in plain
    toolkit.deploy(app)
    assert toolkit.outputs()[state_machine_output("tumours")] == before[state_machine_output("tumours")]
    assert toolkit.widths_of_a_run() == {3}
    assert "no differences" in toolkit.cdk("diff", "--app", app)

    # A manual change is detected.
    assert "No drift detected" in toolkit.cdk("drift", "--app", app)
    functions = toolkit.aws.client("lambda")
    [preflight] = [
        function["FunctionName"]
        for function in functions.list_functions()["Functions"]
        if "Preflight" in function["FunctionName"]
    ]
    functions.update_function_configuration(FunctionName=preflight, MemorySize=512)
    assert "/MemorySize" in toolkit.cdk("drift", "--app", app)

    # An update that fails halfway leaves the stack as it was.
    project.edit_job("data_processing", output_filter="$[-1]")
    broken = toolkit.synthesised("broken")
    break_schedule(project.folder / broken)
    output = toolkit.deploy(broken, fails=True)
    assert "Invalid Schedule Expression" in output
    assert toolkit.stacks()["BatchTransform"] == "UPDATE_ROLLBACK_COMPLETE"
    assert toolkit.widths_of_a_run() == {3}

    # Buckets with data stay when the stack is deleted, and don't prevent a new deployment.
    assert "TerminationProtection is enabled" in toolkit.cdk("destroy", "--app", app, "--force", fails=True)
    toolkit.unprotect("BatchTransform")
    toolkit.cdk("destroy", "--app", app, "--force")
    assert "BatchTransform" not in toolkit.stacks()
    assert not toolkit.aws.client("sagemaker").list_models()["Models"]
    assert before[INPUT_BUCKET] in toolkit.buckets()
    toolkit.deploy(app)
    assert toolkit.outputs()[INPUT_BUCKET] != before[INPUT_BUCKET]
    toolkit.aws.client("s3").head_object(Bucket=before[INPUT_BUCKET], Key="tumours/tumours.csv")
    toolkit.unprotect("BatchTransform")
    toolkit.cdk("destroy", "--app", app, "--force")


def break_schedule(assembly: Path) -> None:
    """Put a value into the template that only AWS recognises as wrong."""
    template = assembly / "BatchTransform.template.json"
    resources: dict[str, Any] = json.loads(template.read_text())
    for resource in resources["Resources"].values():
        if resource["Type"] == "AWS::Scheduler::Schedule":
            resource["Properties"]["ScheduleExpression"] = "cron(never)"
    template.write_text(json.dumps(resources))


@pytest.mark.timeout(900)
def test_dev_is_deployed_beside_prod_and_deleted_when_it_is_empty(toolkit: Toolkit) -> None:
    prod = toolkit.synthesised("prod")
    toolkit.deploy(prod)
    dev = toolkit.synthesised("dev", "dev")
    difference = toolkit.cdk("diff", "--app", dev, "--template", "prod/BatchTransform.template.json")
    assert "[+] dev-tumours" in difference
    assert "[-] RetainExceptOnCreate" in difference
    assert "[+] AWS::" not in difference
    assert "[-] AWS::" not in difference

    toolkit.deploy(dev)
    assert {"BatchTransform", "dev-BatchTransform"} <= set(toolkit.stacks())
    scheduler = toolkit.aws.client("scheduler")
    states = {schedule["Name"]: schedule["State"] for schedule in scheduler.list_schedules()["Schedules"]}
    assert {state for name, state in states.items() if name.startswith("dev-")} == {"DISABLED"}
    bucket = toolkit.outputs("dev-BatchTransform")[INPUT_BUCKET]
    assert bucket != toolkit.outputs()[INPUT_BUCKET]

    toolkit.upload(bucket, "dev-tumours/tumours.csv")
    toolkit.cdk("destroy", "--app", dev, "--force", fails=True)
    assert toolkit.stacks()["dev-BatchTransform"] == "DELETE_FAILED"
    s3 = toolkit.aws.client("s3")
    for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    toolkit.cdk("destroy", "--app", dev, "--force")
    assert not {name for name in toolkit.buckets() if name.startswith("dev-")}
    assert "BatchTransform" in toolkit.stacks()
    toolkit.unprotect("BatchTransform")
    toolkit.cdk("destroy", "--app", prod, "--force")


def test_cdk_synth_prints_the_template_and_is_reproducible(toolkit: Toolkit) -> None:
    printed = toolkit.cdk("synth", "-c", "environment=dev", *_AS_SYNTHESISED)
    assert "AWS::SageMaker::Model" in printed
    template = toolkit.project.folder / "cdk.out/BatchTransform.template.json"
    again = toolkit.project.folder / toolkit.synthesised("again", "dev") / template.name
    assert json.loads(template.read_text())["Resources"] == json.loads(again.read_text())["Resources"]
