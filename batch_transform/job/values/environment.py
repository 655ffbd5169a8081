"""An environment: a place that all jobs are deployed to, and its settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from batch_transform.job.values.job_spec import JobSpec, LimitsSpec, NotifySpec, TransformSpec

DEFAULT_ENVIRONMENT = "prod"
DEFAULT_PROJECT = "batch-transform"


@dataclass(frozen=True)
class EnvironmentSpec:
    """The settings of one environment. The defaults are fit for production.

    `account` and `region` bind it to one place; without them it is deployed to the credentials' account and region.
    The names of stacks and jobs start with `prefix`, so several environments fit into one account.
    `schedules` is `as_declared` or `paused`: paused schedules and uploads start nothing. `instance_type` replaces every
    job's own, and `limits` narrows every job's limits. `removal_policy` is `retain` or `destroy`: what happens to
    buckets and key when the stack is deleted. A bucket with data in it cannot be deleted; `auto_delete_objects` empties
    it first. `termination_protection` lets CloudFormation refuse to delete the stacks; None means yes, except with
    `removal_policy: destroy`, which is for stacks that come and go.
    `keep_outputs_for_in_days` deletes results that are older; without it they are kept. `access_logs_bucket` is the
    name of a bucket that gets S3's server access logs of the data buckets.
    `customer_key` encrypts what the stack holds with a KMS key of its own. `notify` gets the notifications of jobs
    that have no `notify` of their own. `environment` and `project` become tags, beside `tags`.
    """

    environment: str = DEFAULT_ENVIRONMENT
    project: str = DEFAULT_PROJECT
    account: str | None = None
    region: str | None = None
    prefix: str = ""
    schedules: str = "as_declared"
    instance_type: str | None = None
    limits: LimitsSpec = field(default_factory=LimitsSpec)
    removal_policy: str = "retain"
    termination_protection: bool | None = None
    auto_delete_objects: bool = False
    keep_outputs_for_in_days: int | None = None
    access_logs_bucket: str | None = None
    customer_key: bool = False
    notify: NotifySpec = field(default_factory=NotifySpec)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_protected(self) -> bool:
        """Whether CloudFormation refuses to delete the stacks."""
        if self.termination_protection is None:
            return self.removal_policy != "destroy"
        return self.termination_protection

    def all_tags(self) -> dict[str, str]:
        """Return the tags of everything that is deployed there.

        A tag in the file replaces one of these even if their case differs, such as `Environment`: a role can't have two
        tags in IAM whose names differ only in case (IAM User Guide, "Rules for tagging").
        """
        ours = {"environment": self.environment, "project": self.project}
        given = {name.lower() for name in self.tags}
        return {**{name: value for name, value in ours.items() if name not in given}, **self.tags}


def in_environment(job: JobSpec, environment: EnvironmentSpec) -> JobSpec:
    """Return the job as it is deployed there. The job file's own tags win over the environment's."""
    transform, triggers = job.transform, job.triggers
    limits = job.limits
    if environment.instance_type is not None:
        transform = dataclasses.replace(transform, instance_type=(environment.instance_type,))
        if limits.instance_types:
            types = dict.fromkeys((environment.instance_type, *limits.instance_types))
            limits = dataclasses.replace(limits, instance_types=tuple(types))
    if environment.schedules == "paused":
        on_upload = triggers.on_upload
        triggers = dataclasses.replace(
            triggers,
            schedule=tuple(dataclasses.replace(schedule, enabled=False) for schedule in triggers.schedule),
            on_upload=dataclasses.replace(on_upload, enabled=False) if on_upload is not None else None,
        )
    return dataclasses.replace(
        job,
        name=f"{environment.prefix}{job.name}",
        transform=transform,
        limits=_narrowed(limits, environment.limits, transform),
        triggers=triggers,
        notify=dataclasses.replace(job.notify, details=job.notify.details and environment.notify.details),
        tags={**environment.all_tags(), "job": job.name, **job.tags},
    )


def _narrowed(limits: LimitsSpec, of_environment: LimitsSpec, transform: TransformSpec) -> LimitsSpec:
    """Return the limits of a job in an environment: of each, the narrower one. What the job declares is a limit, too.

    If they have no instance type in common, the environment's remain, so that the job's own are beyond its limits.
    """
    allowed, count = of_environment.instance_types, of_environment.instance_count
    if allowed:
        own = limits.instance_types or transform.instance_type
        limits = dataclasses.replace(
            limits, instance_types=tuple(one for one in own if one in allowed) or allowed
        )
    if count is not None:
        own_count = transform.instance_count if limits.instance_count is None else limits.instance_count
        limits = dataclasses.replace(limits, instance_count=min(own_count, count))
    runtimes = [
        one.max_runtime_in_seconds
        for one in (limits, of_environment)
        if one.max_runtime_in_seconds is not None
    ]
    return dataclasses.replace(limits, max_runtime_in_seconds=min(runtimes, default=None))
