"""A job's stack that is deployed again with each change of its file, its model or its environment."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from batch_transform.job.values.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET, state_machine_output
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from e2e.result_objects import result_objects
from patience import PATIENCE_SECONDS

JOB: dict[str, Any] = {
    "name": "churn",
    "model": {"source": "../model", "image": {"framework": "sklearn", "version": "1.2-1"}},
    "input": {"content_type": "text/csv", "split_type": "Line", "columns": ["id", "age", "plan"]},
    "data_processing": {"send_except": ["id"], "join_source": "Input", "keep": ["id", "score"]},
    "output": {"accept": "text/csv", "assemble_with": "Line", "columns": ["score"]},
}
_CODE = """
def model_fn(model_dir):
    return None

def input_fn(data, content_type):
    return data if isinstance(data, str) else data.decode()

def predict_fn(data, model):
    return [ANSWER for line in data.splitlines()]

def output_fn(prediction, accept):
    return "\\n".join(prediction) + "\\n", accept
"""


class Redeployed:
    """A project with one job, and the local AWS that it is deployed to."""

    def __init__(self, folder: Path, aws: LocalAws) -> None:
        self.aws = aws
        self.outputs: dict[str, str] = {}
        self._folder = folder
        (folder / "model/code").mkdir(parents=True)
        for name in ("jobs", "app"):
            (folder / name).mkdir()
        for name in ("app.py", "cdk.json", "lambda", "constructs_lib", "stacks", "batch_transform"):
            (folder / "app" / name).symlink_to(PROJECT / name)

    def synthesise(
        self,
        assembly: str,
        *,
        job: Mapping[str, Any] | None = None,
        environment: Mapping[str, Any] | None = None,
        answer: str = "1",
    ) -> str:
        """Write the template of JOB with these fields, by section, in this environment; the model gives `answer`."""
        changed = {
            section: {**JOB.get(section, {}), **fields} if isinstance(fields, Mapping) else fields
            for section, fields in (job or {}).items()
        }
        (self._folder / "jobs/churn.yaml").write_text(yaml.safe_dump({**JOB, **changed}))
        (self._folder / "model/code/inference.py").write_text(_CODE.replace("ANSWER", repr(answer)))
        environments = {"environments": {"prod": dict(environment or {})}}
        (self._folder / "app/environments.yaml").write_text(yaml.safe_dump(environments))
        synthesise_here(self._folder / "app", jobs=self._folder / "jobs", assembly=self._folder / assembly)
        return assembly

    def deploy(self, assembly: str) -> None:
        """Create the stack, or update it to this template."""
        self.outputs = deploy(self._folder / assembly, "BatchTransform", self.aws.client, lambda _event: None)

    @property
    def machine(self) -> str:
        return self.outputs[state_machine_output("churn")]

    @property
    def input_bucket(self) -> str:
        return self.outputs[INPUT_BUCKET]

    @property
    def output_bucket(self) -> str:
        return self.outputs[OUTPUT_BUCKET]

    def upload(self, name: str, text: str) -> None:
        self.aws.client("s3").put_object(Bucket=self.input_bucket, Key=f"churn/{name}", Body=text.encode())

    def run(self) -> dict[str, Any]:
        """Start the machine with what is deployed; return the output of the run, which must succeed."""
        described = self.execution()
        assert described["status"] == "SUCCEEDED", described.get("cause")
        output: dict[str, Any] = json.loads(described["output"])
        return output

    def execution(self) -> dict[str, Any]:
        """Start the machine with what is deployed, and return the execution at its end."""
        states = self.aws.client("stepfunctions")
        arn = states.start_execution(stateMachineArn=self.machine, input="{}")["executionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            described: dict[str, Any] = states.describe_execution(executionArn=arn)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.2)
        raise AssertionError(f"{arn} did not end")

    def results(self, run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return a run's results: key -> the response of GetObject, with its text as `Text`."""
        s3 = self.aws.client("s3")
        bucket, _, prefix = str(run["S3OutputPath"]).removeprefix("s3://").partition("/")
        found = {}
        for each in result_objects(s3, bucket, prefix):
            got = s3.get_object(Bucket=bucket, Key=each["Key"])
            with got["Body"] as body:
                found[each["Key"]] = {**got, "Text": body.read().decode()}
        return found
