"""CloudFormation with some stacks, as far as DescribeStacks returns them."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.values.stack_outputs import state_machine_description, state_machine_output

_PAGE = 2


def stack(name: str, *jobs: str, splits: tuple[str, ...] = ()) -> dict[str, Any]:
    """A stack with these jobs, and an output that is of no job."""
    arn = f"arn:aws:states:eu-west-1:123456789012:stateMachine:{name}"
    outputs = [
        {
            "OutputKey": state_machine_output(job),
            "OutputValue": f"{arn}-{job}",
            "Description": state_machine_description(job),
        }
        for job in jobs
    ]
    return {
        "StackName": name,
        "StackId": f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{name}/1",
        "Outputs": [
            {"OutputKey": "InputBucketName", "OutputValue": "a-bucket"},
            *outputs,
            *({"OutputKey": f"SplitInto{child}", "OutputValue": child} for child in splits),
        ],
    }


class FakeCloudFormation:
    """Answers in pages of two stacks. `may_list` says whether IAM allows to name no stack."""

    def __init__(self, *stacks: dict[str, Any], may_list: bool = True) -> None:
        self.meta = SimpleNamespace(region_name="eu-west-1")
        self._stacks, self._may_list = stacks, may_list

    def get_paginator(self, operation: str) -> FakeCloudFormation:
        assert operation == "describe_stacks"
        return self

    def paginate(self) -> Iterator[dict[str, Any]]:
        if not self._may_list:
            raise _error("AccessDenied", "User is not authorized to perform: cloudformation:ListStacks")
        for start in range(0, len(self._stacks), _PAGE):
            yield {"Stacks": list(self._stacks[start : start + _PAGE])}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name for it
        found = [one for one in self._stacks if one["StackName"] == StackName]
        if not found:
            raise _error("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": found}


def _error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")
