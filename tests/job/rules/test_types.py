from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.problems import problems
from batch_transform.job.values.bad_records_spec import BadRecordsSpec
from batch_transform.job.values.fields import FIELDS
from batch_transform.job.values.job_spec import (
    ContainerSpec,
    InputSpec,
    JobSpec,
    ModelSpec,
    ScheduleSpec,
    UploadSpec,
    VpcConfig,
)

JOB = JobSpec("demo", ModelSpec(existing="demo-model"))
STRUCTURES: dict[str, Any] = {
    "vpc_config": VpcConfig(("subnet-1",), ("sg-1",)),
    "containers": (ContainerSpec("repo/image:1"),),
    "schedule": (ScheduleSpec(rate="1 hour"),),
    "on_upload": UploadSpec(),
    "bad_records": BadRecordsSpec(max_count=1),
}
"""What a job leaves out by default, with fields of its own."""


class Nothing:
    """A value that no field can have."""


def changed(value: Any, path: str, to: object) -> Any:
    """Return a structure with the field at `path` changed."""
    first, _, rest = path.replace("[]", "").partition(".")
    if not rest:
        return dataclasses.replace(value, **{first: to})
    inner = getattr(value, first) or STRUCTURES[first]
    new = (changed(inner[0], rest, to),) if isinstance(inner, tuple) else changed(inner, rest, to)
    return dataclasses.replace(value, **{first: new})


def of_types(path: str, value: object) -> list[tuple[str, str]]:
    return [
        (one.field, one.message) for one in problems(changed(JOB, path, value)) if one.code == "wrong-type"
    ]


@pytest.mark.parametrize("path", FIELDS)
def test_fails_once_for_a_value_of_another_type(path: str) -> None:
    ((field, message),) = of_types(path, Nothing())
    assert field == path.replace("[]", "[0]")
    assert message.startswith("must be ")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("name", 5, "must be text; got 5"),
        ("input.columns", "id", "must be a tuple; write ('id',)"),
        ("input.columns", ["id", "age"], "must be a tuple; write ('id', 'age',)"),
        ("input.columns", [], "must be a tuple; write ()"),
        ("triggers.schedule", ScheduleSpec(rate="1 hour"), "must be a tuple; write (ScheduleSpec(…),)"),
        ("limits.instance_types", "ml.m5.large", "must be a tuple; write ('ml.m5.large',)"),
        ("transform.instance_count", "2", "must be a whole number; got '2'"),
        ("transform.instance_count", True, "must be a whole number; got true"),
        ("transform.instance_count", 1.5, "must be a whole number; got 1.5"),
        ("workflow.max_cost", "2.5", "must be a number; got '2.5'"),
        ("workflow.max_cost", True, "must be a number; got true"),
        ("workflow.tracing", 1, "must be true or false; got 1"),
        ("tags", "team", "must be a mapping; got 'team'"),
        ("model", "churn", "must be ModelSpec; got 'churn'"),
        ("input", ModelSpec(), "must be InputSpec; got ModelSpec"),
        ("model.image", 5, "must be FrameworkImage or text; got 5"),
        ("model.source", 5, "must be a path; got 5"),
        ("model.source", True, "must be a path; got true"),
    ],
)
def test_fails_for_a_value_of_another_type_and_says_what_to_write(
    path: str, value: object, message: str
) -> None:
    assert of_types(path, value) == [(path, message)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("workflow.max_cost", 2),
        ("workflow.max_cost", 2.5),
        ("model.source", "models/churn"),
        ("model.source", Path("models/churn")),
        ("model.image", "repo/image:1"),
        ("input.columns", ["#{Token[TOKEN.1]}"]),
        ("transform.instance_count", -1.8881545897087626e289),
        ("transform.instance_type", ("ml.m5.large", "${Token[TOKEN.1]}")),
        ("transform.max_payload", None),
    ],
)
def test_a_value_that_a_type_checker_or_the_cdk_accepts_is_accepted(path: str, value: object) -> None:
    assert of_types(path, value) == []


def test_each_item_of_a_tuple_is_checked_and_named() -> None:
    assert of_types("input.columns", ("id", 2, 3)) == [
        ("input.columns[1]", "must be text; got 2"),
        ("input.columns[2]", "must be text; got 3"),
    ]
    assert of_types("triggers.schedule", (ScheduleSpec(rate="1 hour"), "daily")) == [
        ("triggers.schedule[1]", "must be ScheduleSpec; got 'daily'")
    ]


def test_wrong_types_of_several_fields_are_reported_at_once_and_alone() -> None:
    wrong: dict[str, Any] = {"name": 5, "input": changed(InputSpec(data="nowhere"), "columns", "id")}
    spec = dataclasses.replace(JOB, **wrong)
    assert [(one.code, one.field) for one in problems(spec)] == [
        ("wrong-type", "name"),
        ("wrong-type", "input.columns"),
    ]
