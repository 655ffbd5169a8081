"""Who is told of what went wrong."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.aws.stack_shape import EMAIL, TOPIC_ARN
from batch_transform.job.errors import Problem
from batch_transform.job.rules.shape import shown, value_problems
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.one_or_more import item_field

_EMAIL = "notify.email"
_TOPIC = "notify.topic"


def notify_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check addresses and topic."""
    addresses: object = spec.notify.email
    if isinstance(addresses, str):
        yield Problem("wrong-type", _EMAIL, f"must be a tuple of addresses; write ({shown(addresses)},)")
        return
    for at, address in enumerate(spec.notify.email):
        field = item_field(_EMAIL, at, len(spec.notify.email))
        yield from value_problems(field, address, EMAIL)
        if address in spec.notify.email[:at] and not is_token(address):
            yield Problem("email-duplicate", field, f"{shown(address)} is named twice; keep one")
    topic = spec.notify.topic
    if topic is None:
        return
    yield from value_problems(_TOPIC, topic, TOPIC_ARN)
    if not is_token(topic) and topic.endswith(".fifo"):
        # CloudWatch User Guide, "Using Amazon CloudWatch alarms"; EventBridge User Guide, "Targets".
        message = f"{shown(topic)} is a FIFO topic, which neither alarms nor EventBridge rules can tell; take another"
        yield Problem("topic-fifo", _TOPIC, message)
