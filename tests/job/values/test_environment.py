"""How an environment changes a job."""

from __future__ import annotations

import dataclasses

from batch_transform.job.values.environment import EnvironmentSpec, in_environment
from batch_transform.job.values.job_spec import (
    JobSpec,
    ModelSpec,
    NotifySpec,
    ScheduleSpec,
    TransformSpec,
    TriggersSpec,
    UploadSpec,
)

JOB = JobSpec(
    "churn",
    ModelSpec(existing="churn-7"),
    transform=TransformSpec(instance_type=("ml.m5.4xlarge", "ml.m5.2xlarge"), instance_count=3),
    triggers=TriggersSpec(
        schedule=(ScheduleSpec(cron="0 2 * * ? *", name="a"), ScheduleSpec(rate="1 hour", name="b")),
        on_upload=UploadSpec(suffix=".csv"),
    ),
    tags={"team": "churn", "project": "own"},
)


def test_production_changes_nothing_but_the_tags() -> None:
    there = in_environment(JOB, EnvironmentSpec())
    assert dataclasses.replace(there, tags=JOB.tags) == JOB
    assert there.tags == {"environment": "prod", "project": "own", "job": "churn", "team": "churn"}


def test_an_environments_tag_replaces_ours_even_in_a_different_case() -> None:
    given = EnvironmentSpec("dev", tags={"Environment": "development", "team": "churn"})
    assert given.all_tags() == {"project": "batch-transform", "Environment": "development", "team": "churn"}
    there = in_environment(dataclasses.replace(JOB, tags={}), given)
    assert there.tags == {**given.all_tags(), "job": "churn"}


def test_a_paused_environment_starts_nothing() -> None:
    triggers = in_environment(JOB, EnvironmentSpec("dev", schedules="paused")).triggers
    assert [schedule.enabled for schedule in triggers.schedule] == [False, False]
    assert [schedule.expression for schedule in triggers.schedule] == ["cron(0 2 * * ? *)", "rate(1 hour)"]
    assert triggers.on_upload == UploadSpec(suffix=".csv", enabled=False)


def test_an_instance_type_replaces_the_jobs_list_and_the_name_gets_the_prefix() -> None:
    there = in_environment(JOB, EnvironmentSpec("dev", prefix="dev-", instance_type="ml.m5.large"))
    assert there.transform == TransformSpec(instance_type=("ml.m5.large",), instance_count=3)
    assert there.name == "dev-churn"
    assert there.tags["job"] == "churn"


def test_the_notifications_of_an_environment_apply_to_its_stack_and_a_job_keeps_its_own() -> None:
    team = EnvironmentSpec(notify=NotifySpec(email=("team@example.com",)))
    assert in_environment(JOB, team).notify == JOB.notify
    own = dataclasses.replace(JOB, notify=NotifySpec(email=("me@example.com",)))
    assert in_environment(own, team).notify == own.notify
