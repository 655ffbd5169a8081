"""Rules for fields that aren't members of the request: name, notifications, logs, reconciliation."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.aws.enums import Reconcile
from batch_transform.job.errors import Problem
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.fields import item_field
from batch_transform.job.values.job_name import MAX_LENGTH, is_job_name, near_job_name
from batch_transform.job.values.job_spec import LOG_RETENTION_IN_DAYS, JobSpec
from batch_transform.job.values.wording import shown


def name_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check the name: TransformJobName, S3 prefixes and resource names begin with it."""
    if is_token(spec.name) or is_job_name(spec.name):
        return
    near = near_job_name(spec.name)
    hint = f"; write {near}" if near else ""
    if len(spec.name) > MAX_LENGTH:
        yield Problem(
            "name-too-long",
            "name",
            f"{shown(spec.name)} has {len(spec.name)} characters; at most {MAX_LENGTH} are allowed, so that with the "
            f"run's id and attempt it fits into the 63 of a TransformJobName{hint}",
        )
        return
    yield Problem(
        "name-malformed",
        "name",
        f"{shown(spec.name)} is not allowed; a name has letters, digits and inner hyphens, "
        f"as AWS requires for a TransformJobName{hint}",
    )


def reconcile_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check that the records of the job can be counted: as lines, of the input and of the results."""
    if spec.reconcile != Reconcile.RECORDS:
        return
    needed = {
        "input.data_type": (spec.input.data_type, "S3Prefix"),
        "input.split_type": (spec.input.split_type or "None", "Line"),
        "output.assemble_with": (spec.output.assemble_with or "None", "Line"),
    }
    unfit = {field: both for field, both in needed.items() if both[0] != both[1] and not is_token(both[0])}
    if unfit:
        found = ", ".join(f"{field}: {value}" for field, (value, _) in unfit.items())
        fix = ", ".join(f"{field}: {countable}" for field, (_, countable) in unfit.items())
        message = f"records can't be counted with {found}; write {fix}, or reconcile: objects"
        yield Problem("reconcile-uncountable", "reconcile", message)


_EMAIL = "notify.email"
_TOPIC = "notify.topic"


def notify_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check addresses and topic."""
    for at, address in enumerate(spec.notify.email):
        field = item_field(_EMAIL, at, len(spec.notify.email))
        if address in spec.notify.email[:at] and not is_token(address):
            yield Problem("email-duplicate", field, f"{shown(address)} is listed twice; keep one")
    topic = spec.notify.topic
    if topic is not None and not is_token(topic) and topic.endswith(".fifo"):
        # CloudWatch User Guide, "Using Amazon CloudWatch alarms"; EventBridge User Guide, "Targets".
        message = f"{shown(topic)} is a FIFO topic, which alarms and EventBridge rules can't reach; use a standard one"
        yield Problem("topic-fifo", _TOPIC, message)


def log_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check how long logs are kept."""
    days = spec.workflow.log_retention_in_days
    if days not in LOG_RETENTION_IN_DAYS and not is_token(days):
        allowed = ", ".join(map(str, LOG_RETENTION_IN_DAYS))
        yield Problem(
            "log-retention-unknown",
            "workflow.log_retention_in_days",
            f"{days} is not a retention period of CloudWatch Logs; write one of {allowed}",
        )
