"""What the commands and `cdk diff` read about a job in a template: an output and metadata of its state machine."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from batch_transform.job.values.derived import with_derived
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.stack_outputs import state_machine_description, state_machine_output
from batch_transform_cdk.ground.stack_part import StackPart, once_per_stack
from batch_transform_cdk.machine.workflow import Workflow


def list_job(scope: StackPart, workflow: Workflow, name: str) -> None:
    """Define the output by which the commands find the job in any stack: the ARN of its state machine."""
    output = cdk.CfnOutput(
        scope,
        "StateMachineArn",
        value=workflow.state_machine_arn,
        description=state_machine_description(name),
    )
    key = state_machine_output(name)
    # A second job of that name, over buckets of its own, keeps the output key that the CDK generates.
    if once_per_stack(scope.stack, (__name__, key), lambda _: output) is output:
        output.override_logical_id(key)


def describe_job(workflow: Workflow, job: JobSpec) -> None:
    """Add the job's fields to the state machine as metadata: `cdk diff` then shows a change in the job file's words."""
    workflow.resource.add_metadata("Job", job_metadata(job))


def job_metadata(job: JobSpec) -> dict[str, Any]:
    """Return the job's fields, including defaults, as JSON. Folders are left out: they differ between machines."""
    fields = _given_fields(with_derived(job))
    fields.pop("job_file", None)
    return fields


def _given_fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the job's values
    fields = {field.name: _as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return {name: given for name, given in fields.items() if given not in (None, "", [], {})}


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any of the job's values
    if isinstance(value, Path):
        return None
    if dataclasses.is_dataclass(value):
        return _given_fields(value)
    if isinstance(value, tuple | list):
        return [_as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _as_json(item) for key, item in value.items()}
    return value
