"""Triggers that an app adds to a job are the same as those in its job file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match, Template

from batch_transform.job.errors import ConstructError, JobSpecError
from batch_transform.job.files.job_file import load_job_file
from batch_transform.job.values.job_spec import (
    JobSpec,
    LimitsSpec,
    ModelSpec,
    ScheduleSpec,
    TriggersSpec,
    UploadSpec,
)
from batch_transform_cdk.batch_transform import BatchTransform
from batch_transform_cdk.dashboard import Dashboard
from batch_transform_cdk.data.data_buckets import DataBuckets

PROJECT = Path(__file__).resolve().parents[2]
JOB = JobSpec(name="churn", model=ModelSpec(existing="churn"), limits=LimitsSpec(instance_count=2))
WEEKLY = ScheduleSpec(cron="0 2 ? * SUN *", name="weekly")
HOURLY = ScheduleSpec(rate="1 hour", name="hourly", input={"transform": {"instance_count": 2}})
MONTHLY = ScheduleSpec(cron="0 2 1 * ? *")
UPLOAD = UploadSpec(suffix=".csv")


def a_job(triggers: TriggersSpec = TriggersSpec()) -> tuple[cdk.Stack, BatchTransform]:  # noqa: B008  # it is frozen
    stack = cdk.Stack(cdk.App(), "Stack")
    job = BatchTransform(
        stack, "Job", job=replace(JOB, triggers=triggers), buckets=DataBuckets(stack, "Data")
    )
    Dashboard(stack, "Dashboard", jobs=[job])
    return stack, job


def template(stack: cdk.Stack) -> dict[str, Any]:
    return dict(Template.from_stack(stack).to_json())


@pytest.mark.parametrize(
    ("declared", "added"),
    [
        ((), (WEEKLY,)),
        ((), (WEEKLY, HOURLY)),
        ((WEEKLY,), (HOURLY,)),
        ((HOURLY,), (WEEKLY,)),
        ((replace(MONTHLY, name="monthly"),), (WEEKLY,)),
    ],
)
def test_added_triggers_make_the_template_of_the_job_file(
    declared: tuple[ScheduleSpec, ...], added: tuple[ScheduleSpec, ...]
) -> None:
    in_file, _ = a_job(TriggersSpec(schedule=(*declared, *added), on_upload=UPLOAD))
    in_code, job = a_job(TriggersSpec(schedule=declared))
    for schedule in added:
        job.add_schedule(schedule)
    job.add_upload_trigger(UPLOAD)
    assert template(in_code) == template(in_file)


def test_an_alarm_that_exists_stays_the_same_resource() -> None:
    _, job = a_job(TriggersSpec(schedule=(WEEKLY,)))
    before = job.monitoring.alarms.not_started
    job.add_schedule(HOURLY)
    assert job.monitoring.alarms.not_started is before


def test_the_warning_goes_with_a_schedule_that_can_be_watched() -> None:
    stack, job = a_job(TriggersSpec(schedule=(MONTHLY,)))
    job.add_schedule(HOURLY)
    assert Annotations.from_stack(stack).find_warning("*", Match.string_like_regexp("no alarm fires")) == []


def test_fails_on_a_name_that_is_taken() -> None:
    _, job = a_job(TriggersSpec(schedule=(WEEKLY,)))
    with pytest.raises(ConstructError, match="already has a schedule with the name 'weekly'; give each"):
        job.add_schedule(replace(HOURLY, name="weekly"))
    job.add_schedule(MONTHLY)
    with pytest.raises(ConstructError, match="already has a schedule without a name"):
        job.add_schedule(MONTHLY)


def test_fails_on_a_second_upload_trigger() -> None:
    _, job = a_job(TriggersSpec(on_upload=UPLOAD))
    with pytest.raises(ConstructError, match="already has an upload trigger"):
        job.add_upload_trigger(UPLOAD)


def test_fails_on_triggers_that_no_job_file_could_have() -> None:
    _, job = a_job()
    with pytest.raises(JobSpecError, match=r"triggers\.schedule.*13 o"):
        job.add_schedule(ScheduleSpec(cron="0 2 13 o ? *"))
    with pytest.raises(JobSpecError, match=r"triggers\.on_upload\.quiet_period_in_seconds"):
        job.add_upload_trigger(UploadSpec(quiet_period_in_seconds=-1))
    assert job.undelivered_starts is None


def test_a_job_file_can_be_given_by_its_path() -> None:
    path = PROJECT / "tests/jobs/smallest.yaml"
    stack = cdk.Stack(cdk.App(), "Stack")
    data = DataBuckets(stack, "Data")
    BatchTransform.from_job_file(stack, "Job", path, buckets=data)
    other = cdk.Stack(cdk.App(), "Stack")
    BatchTransform(other, "Job", job=load_job_file(path), buckets=DataBuckets(other, "Data"))
    assert template(stack) == template(other)
