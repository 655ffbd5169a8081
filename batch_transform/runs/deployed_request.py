"""What a deployed job declares, read from its state machine: the same values that its preflight gets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batch_transform.job.errors import NotDeployedError
from batch_transform.job.request.overrides import Columns, RunRequest, apply_overrides
from batch_transform.job.request.request import Request
from batch_transform.job.rules.run_limits import RunLimits
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.runs.aws_calls import aws_calls

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient


@dataclass(frozen=True)
class DeployedRequest:
    """The declared request, the instance types in order, the column names and the limits of the job.

    `limits` is None for a job that an earlier release deployed.
    `time_limit` is the most seconds that an attempt may take, and `max_cost` is `workflow.max_cost`; None if there is
    none.
    """

    request: Request
    instance_types: tuple[str, ...]
    columns: Columns
    limits: RunLimits | None = None
    time_limit: int | None = None
    max_cost: float | None = None

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> DeployedRequest:
        """Read a state machine definition made by `batch_transform_cdk`. Raises NotDeployedError for any other."""
        try:
            states = definition["States"]
            checked = states["Preflight"]["Arguments"]["Payload"]
            columns = {name: tuple(names) for name, names in checked["columns"].items()}
            return cls(
                request=_declared_request(states),
                instance_types=tuple(checked["instance_types"]),
                columns=Columns(**columns),
                limits=RunLimits.read(checked.get("limits", {})),
                time_limit=_time_limit(states),
                max_cost=checked.get("cost", {}).get("max_cost"),
            )
        except (KeyError, TypeError) as error:
            raise NotDeployedError(
                f"the state machine is from another release of batch-transform (it lacks {error}): deploy it again"
            ) from error

    @property
    def input_place(self) -> S3Uri:
        """The S3 location of the job's input."""
        return S3Uri.parse(self.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])

    @property
    def buckets(self) -> tuple[str, ...]:
        """The buckets that a run reads from and writes to, without duplicates."""
        captured = self.request.get("DataCaptureConfig", {}).get("DestinationS3Uri")
        places = [self.request["TransformOutput"]["S3OutputPath"], *([captured] if captured else [])]
        return tuple(
            dict.fromkeys([self.input_place.bucket, *(S3Uri.parse(place).bucket for place in places)])
        )

    def checked(self, overrides: object) -> RunRequest:
        """Apply a run's overrides as the preflight does. Raises RunInputError with all problems.

        Only the run itself can check whether the data exist, and which model an endpoint serves.
        """
        output = self.request["TransformOutput"]
        place = f"{output['S3OutputPath'].rstrip('/')}/RUN"  # each run has its own folder
        request = {**self.request, "TransformOutput": {**output, "S3OutputPath": place}}
        return apply_overrides(
            request, overrides, self.columns, instance_types=self.instance_types, limits=self.limits
        )


def _time_limit(states: Mapping[str, Any]) -> int | None:
    """Return the timeout of the transform job's task; None if the run itself calculates it, from workflow.max_cost."""
    seconds = states["Transform"]["TimeoutSeconds"]
    return seconds if isinstance(seconds, int) else None


def _declared_request(states: Mapping[str, Any]) -> Request:
    """Return the declared request. Release 0.1 called the state `Request` and the variable `declared`."""
    if "Request" in states:
        return dict(states["Request"]["Assign"]["declared"])
    return dict(states["PrepareRun"]["Assign"]["declared_request"])


def deployed_request(state_machine_arn: str, stepfunctions: SFNClient) -> DeployedRequest:
    """Return what the deployed job declares. Raises AwsCallError and NotDeployedError."""
    with aws_calls():
        described = stepfunctions.describe_state_machine(stateMachineArn=state_machine_arn)
    return DeployedRequest.of(json.loads(described["definition"]))
