"""How an environment changes a job."""

from __future__ import annotations

import dataclasses

import pytest

from batch_transform.job.values.environment import EnvironmentSpec, in_environment
from batch_transform.job.values.job_spec import (
    JobSpec,
    LimitsSpec,
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


def limits_in(job: LimitsSpec, environment: LimitsSpec, instance_type: str | None = None) -> LimitsSpec:
    given = EnvironmentSpec("dev", limits=environment, instance_type=instance_type)
    return in_environment(dataclasses.replace(JOB, limits=job), given).limits


def test_an_environment_narrows_each_limit_of_a_job() -> None:
    own = LimitsSpec(("ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge"), 8, 7200)
    assert limits_in(own, LimitsSpec()) == own
    narrow = LimitsSpec(("ml.c5.xlarge", "ml.m5.large"), 4, 3600)
    assert limits_in(own, narrow) == LimitsSpec(("ml.m5.large", "ml.c5.xlarge"), 4, 3600)
    assert limits_in(LimitsSpec(("ml.m5.large",), 2, 600), narrow) == LimitsSpec(("ml.m5.large",), 2, 600)


def test_without_limits_of_its_own_a_job_is_limited_to_what_it_declares() -> None:
    wide = LimitsSpec(("ml.m5.2xlarge", "ml.c5.xlarge"), 10, 3600)
    assert limits_in(LimitsSpec(), wide) == LimitsSpec(("ml.m5.2xlarge",), 3, 3600)
    assert limits_in(LimitsSpec(), LimitsSpec(instance_count=1)).instance_count == 1


def test_limits_without_a_common_instance_type_are_those_of_the_environment() -> None:
    other = LimitsSpec(("ml.g5.xlarge",))
    assert limits_in(LimitsSpec(("ml.m5.large",)), other).instance_types == ("ml.g5.xlarge",)
    assert limits_in(LimitsSpec(), other).instance_types == ("ml.g5.xlarge",)


def test_the_instance_type_of_an_environment_is_within_the_limits_of_each_job() -> None:
    own = LimitsSpec(("ml.m5.4xlarge",))
    assert limits_in(own, LimitsSpec(), "ml.m5.large").instance_types == ("ml.m5.large", "ml.m5.4xlarge")
    assert limits_in(LimitsSpec(), LimitsSpec(), "ml.m5.large").instance_types is None


def test_the_notifications_of_an_environment_apply_to_its_stack_and_a_job_keeps_its_own() -> None:
    team = EnvironmentSpec(notify=NotifySpec(email=("team@example.com",)))
    assert in_environment(JOB, team).notify == JOB.notify
    own = dataclasses.replace(JOB, notify=NotifySpec(email=("me@example.com",)))
    assert in_environment(own, team).notify == own.notify


@pytest.mark.parametrize("of_job", [True, False])
@pytest.mark.parametrize("of_environment", [True, False])
def test_causes_quote_data_only_if_job_and_environment_let_them(of_job: bool, of_environment: bool) -> None:
    job = dataclasses.replace(JOB, notify=NotifySpec(details=of_job))
    deployed = in_environment(job, EnvironmentSpec(notify=NotifySpec(details=of_environment)))
    assert deployed.notify.details is (of_job and of_environment)
