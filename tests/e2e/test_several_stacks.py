"""More jobs than one stack holds: each of the stacks is deployed, and a job in any of them runs."""

from __future__ import annotations

import time
from pathlib import Path

import yaml

from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from batch_transform.runs.deployment import deployed_jobs
from batch_transform.runs.synth import synthesise
from batch_transform.spec.environment import EnvironmentSpec
from batch_transform.spec.stack_outputs import FIRST_STACK, INPUT_BUCKET, state_machine_output
from e2e.project_copy import PROJECT

JOBS = [f"tumours-{number:02}" for number in range(20)]


def test_jobs_of_each_stack_run_with_what_the_first_one_shares(tmp_path: Path, example_model: Path) -> None:
    (tmp_path / "jobs").mkdir()
    job = yaml.safe_load((PROJECT / "jobs/tumours.yaml").read_text())
    job["model"]["source"] = str(example_model / "tumours")
    for name in JOBS:
        (tmp_path / f"jobs/{name}.yaml").write_text(yaml.safe_dump({**job, "name": name}, sort_keys=False))
    assembly = tmp_path / "cdk.out"
    synthesise(PROJECT, jobs=tmp_path / "jobs", assembly=assembly, security_checks=False)
    with LocalAws(enforce_iam=True, wait_scale=0.002) as aws:
        stacks = sorted(
            path.name.partition(".")[0] for path in assembly.glob("*.template.json")
        )  # the first one first
        outputs = {stack: deploy(assembly, stack, aws.client, lambda _event: None) for stack in stacks}
        assert len(outputs) > 1
        found = deployed_jobs(EnvironmentSpec(), aws.client("cloudformation"))
        assert {job.name: job.state_machine_arn for job in found} == {
            name: of_stack[state_machine_output(name)]
            for of_stack in outputs.values()
            for name in JOBS
            if state_machine_output(name) in of_stack
        }
        assert [job.name for job in found] == JOBS
        bucket = outputs[FIRST_STACK][INPUT_BUCKET]
        data = (example_model / "data/tumours.csv").read_bytes()
        for of_stack in outputs.values():
            name = next(name for name in JOBS if state_machine_output(name) in of_stack)
            aws.client("s3").put_object(Bucket=bucket, Key=f"{name}/tumours.csv", Body=data)
            assert _run(aws, of_stack[state_machine_output(name)]) == ("SUCCEEDED", "")


def _run(aws: LocalAws, machine: str) -> tuple[str, str]:
    """Return status and cause of a run at its end."""
    states = aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    deadline = time.monotonic() + 60
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline, "the run did not end"
        time.sleep(0.05)
    return described["status"], described.get("cause", "")
