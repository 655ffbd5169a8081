"""The apps whose templates are recorded at each release: what teams have deployed, and upgrade."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from batch_transform.job.values.job_spec import (
    InputSpec,
    JobSpec,
    ModelSpec,
    NotifySpec,
    OutputSpec,
    ScheduleSpec,
    TriggersSpec,
    UploadSpec,
)
from batch_transform_cdk import BatchTransform, CustomerKey, Dashboard, DataBuckets, Notifications
from checks.synthesis import synthesise_here

PROJECT = Path(__file__).resolve().parents[2]

Templates = Mapping[str, Mapping[str, Any]]
"""The templates of an app by the names of their files."""

_FULLEST = (PROJECT / "tests/jobs/fullest.yaml").read_text(encoding="utf-8")
_SMALLEST = (PROJECT / "tests/jobs/smallest.yaml").read_text(encoding="utf-8")


def _small(name: str, more: str = "") -> str:
    return _SMALLEST.replace("name: smallest", f"name: {name}") + more


_ENVIRONMENTS = """\
environments:
  prod: {{{prod}}}
  dev: {{prefix: dev-, schedules: paused, removal_policy: destroy}}
"""
_ON_UPLOAD = "triggers: {on_upload: {suffix: .csv}, schedule: {cron: '0 2 * * ? *'}}\n"
_OWN_TOPIC = "notify: {topic: 'arn:aws:sns:us-east-1:000000000000:ops'}\n"

_JOBS: dict[str, dict[str, str]] = {
    "one-stack": {"fullest": _FULLEST, "small": _small("small"), "churn-nightly": _small("churn-nightly")},
    "several-stacks": {
        "fullest": _FULLEST,
        **{f"small-{number:02}": _small(f"small-{number:02}") for number in range(30)},
    },
    "customer-key": {"fullest": _FULLEST, "small": _small("small", _ON_UPLOAD)},
    "customer-key-of-several-stacks": {
        f"small-{number:02}": _small(f"small-{number:02}") for number in range(30)
    },
    "mail": {
        "small": _small("small"),
        "own-address": _small("own-address", "notify: {email: [team@example.com]}\n"),
        "own-topic": _small("own-topic", _OWN_TOPIC),
    },
    "own-topics-only": {"own-topic": _small("own-topic", _OWN_TOPIC)},
    "uploads": {"one": _small("one", _ON_UPLOAD), "two": _small("two", _ON_UPLOAD)},
    "dev": {"fullest": _FULLEST, "small": _small("small")},
}
_PROD = {
    "customer-key": "customer_key: true",
    "customer-key-of-several-stacks": "customer_key: true",
    "mail": "notify: {email: [ops@example.com, night@example.com]}",
}


def _of_app(name: str, folder: Path) -> Templates:
    """The templates of this repository's own app, with the jobs and the environment of this form."""
    _link_app(folder)
    (folder / "jobs").mkdir()
    for job, text in _JOBS[name].items():
        (folder / f"jobs/{job}.yaml").write_text(text, encoding="utf-8")
    prod = _PROD.get(name, "")
    (folder / "environments.yaml").write_text(_ENVIRONMENTS.format(prod=prod), encoding="utf-8")
    environment = "dev" if name == "dev" else "prod"
    synthesise_here(folder, jobs=Path("jobs"), assembly=folder / "cdk.out", environment=environment)
    return _templates(folder / "cdk.out")


def example(folder: Path, model: Path) -> Path:
    """Return the cloud assembly of the example job, with its trained model, made in an empty folder."""
    _link_app(folder)
    (folder / "build").mkdir()
    (folder / "build/tumours").symlink_to(model.resolve())
    shutil.copytree(PROJECT / "jobs", folder / "jobs")
    synthesise_here(folder, jobs=Path("jobs"), assembly=folder / "cdk.out")
    return folder / "cdk.out"


def _link_app(folder: Path) -> None:
    for linked in ("app.py", "cdk.json"):
        (folder / linked).symlink_to(PROJECT / linked)


_MODEL = ModelSpec(
    artifact="s3://our-models/churn/model.tar.gz",
    image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:7",
)
_CHURN = JobSpec(
    name="churn",
    model=_MODEL,
    input=InputSpec(content_type="text/csv", split_type="Line"),
    output=OutputSpec(accept="text/csv", assemble_with="Line"),
)


def _job(name: str, **more: Any) -> JobSpec:
    return JobSpec(name=name, model=ModelSpec(existing=name), **more)


def _alone(app: cdk.App) -> None:
    """The first example of docs/how-to/your-own-cdk-app.md."""
    BatchTransform(cdk.Stack(app, "Scoring"), "Churn", job=_CHURN)


def _alone_under_a_key(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Scoring")
    triggers = TriggersSpec(schedule=(ScheduleSpec(rate="1 hour"),), on_upload=UploadSpec())
    job = _job("churn", triggers=triggers, notify=NotifySpec(email=("team@example.com",)))
    BatchTransform(stack, "Churn", job=job, encryption_key=CustomerKey(stack, "Key").key)


def _alone_with_a_topic(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Scoring")
    BatchTransform(stack, "Churn", job=_CHURN, topic=sns.Topic(stack, "Ours", enforce_ssl=True))


def _shared(app: cdk.App) -> None:
    """Jobs that share buckets, a key, notifications and a dashboard, as docs/how-to/your-own-cdk-app.md has them."""
    stack = cdk.Stack(app, "Shared")
    key = CustomerKey(stack, "Key").key
    data = DataBuckets(stack, "Data", encryption_key=key, keep_outputs_for=cdk.Duration.days(400))
    notifications = Notifications(stack, "Notifications", email=["ops@example.com"], encryption_key=key)
    watched = [
        BatchTransform(stack, name, job=_job(name), buckets=data, notifications=notifications)
        for name in ("leads", "prices")
    ]
    Dashboard(stack, "Dashboard", jobs=watched)


def _given(app: cdk.App) -> None:
    """A job in buckets, a key and a network that the app already has."""
    stack = cdk.Stack(app, "Own", env=cdk.Environment(account="123456789012", region="eu-west-1"))
    lake = s3.Bucket.from_bucket_name(stack, "Lake", "our-lake")
    source = InputSpec(data="s3://our-lake/customers/", content_type="text/csv", split_type="Line")
    BatchTransform(
        stack,
        "Churn",
        job=JobSpec(name="churn", model=_MODEL, input=source),
        input_bucket=lake,
        encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
        vpc=ec2.Vpc(stack, "Vpc", nat_gateways=0),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
    )


_CONSTRUCTS: dict[str, Callable[[cdk.App], None]] = {
    "construct-alone": _alone,
    "construct-under-a-key": _alone_under_a_key,
    "construct-with-a-topic": _alone_with_a_topic,
    "constructs-that-share": _shared,
    "construct-in-given-resources": _given,
}

FORMS = (*_JOBS, *_CONSTRUCTS)


def synthesised(form: str, folder: Path) -> Templates:
    """Return the templates that this working copy makes of a form. `folder` is empty."""
    if form in _JOBS:
        return _of_app(form, folder)
    app = cdk.App(outdir=str(folder / "cdk.out"))
    _CONSTRUCTS[form](app)
    app.synth()
    return _templates(folder / "cdk.out")


def _templates(assembly: Path) -> Templates:
    paths = sorted(assembly.glob("*.template.json"))
    return {path.name.partition(".")[0]: json.loads(path.read_text(encoding="utf-8")) for path in paths}
