"""Checks of the place to deploy to: account, region, bootstrap, stacks, quotas, log groups, runs and notifications."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from batch_transform.doctor.account import Concurrency, Subscription
from batch_transform.doctor.finding import Finding, Unread, Verdict
from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.wording import counted, listed

BOOTSTRAP_VERSION = 6
"""The version that templates require, in the rule CheckBootstrapVersion of the CDK's default synthesizer."""

DEFAULT_QUALIFIER = "hnb659fds"
"""The CDK's default (CDK Developer Guide, "Customize AWS CDK bootstrapping")."""

WORKFLOW_LOGS = "/aws/vendedlogs/states/"


def check_account(account: str, caller: str, environment: EnvironmentSpec) -> Finding:
    """The credentials must be for the environment's account."""
    if environment.account not in {None, account}:
        text = (
            f"{caller} is of the account {account}, and environments.yaml has {environment.environment} in "
            f"{environment.account}: choose other credentials with AWS_PROFILE"
        )
        return Finding("account", account, Verdict.ERROR, text)
    where = "" if environment.account else "; environments.yaml names no account"
    return Finding("account", account, Verdict.FINE, f"{caller}{where}")


def check_region(
    region: str, caller: str, environment: EnvironmentSpec, with_sagemaker: Collection[str]
) -> Finding:
    """The region must have SageMaker. `with_sagemaker` has the regions that botocore lists; AWS may have more."""
    partition = caller.split(":")[1]
    source = "of environments.yaml" if environment.region else "of your AWS settings"
    if region not in with_sagemaker:
        text = (
            f"{source}; the installed boto3 knows no SageMaker there in the partition {partition}: correct the region, "
            "or upgrade boto3 if it is new"
        )
        return Finding("region", region, Verdict.WARNING, text)
    return Finding("region", region, Verdict.FINE, f"{source}, partition {partition}")


def check_bootstrap(version: int | Unread | None, qualifier: str, account: str, region: str) -> Finding:
    """The account and region must be bootstrapped for the CDK, with a version recent enough for the templates."""
    fix = f"npx aws-cdk@2 bootstrap aws://{account}/{region}"
    if qualifier != DEFAULT_QUALIFIER:
        fix += f" --qualifier {qualifier}"
    if isinstance(version, Unread):
        return version.finding("bootstrap", "")
    if version is None:
        return Finding(
            "bootstrap", "", Verdict.ERROR, f"the CDK isn't bootstrapped here; to bootstrap it: {fix}"
        )
    if version < BOOTSTRAP_VERSION:
        text = f"version {version} is too old, {BOOTSTRAP_VERSION} is required; to upgrade it: {fix}"
        return Finding("bootstrap", "", Verdict.ERROR, text)
    return Finding("bootstrap", "", Verdict.FINE, f"version {version}; {BOOTSTRAP_VERSION} is required")


_STUCK = frozenset({"UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"})


def check_stack(name: str, status: str) -> Finding:
    """The stack must have a status in which CloudFormation can update it (User Guide, "Stack status codes")."""
    if status in _STUCK:
        text = f"is {status}: CloudFormation refuses to update it; continue the rollback or delete the stack first"
        return Finding("stack", name, Verdict.ERROR, text)
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        return Finding("stack", name, Verdict.WARNING, f"is {status}: wait until it has ended")
    return Finding("stack", name, Verdict.FINE, f"is deployed: {status}")


def check_quotas(quotas: Mapping[str, float] | Unread, jobs: Sequence[JobSpec]) -> Iterator[Finding]:
    """Each instance type needs a quota for the job's instances. If a job has several types, one of them is enough."""
    users: dict[str, list[JobSpec]] = {}
    for job in jobs:
        for instance_type in job.transform.instance_type:
            users.setdefault(instance_type, []).append(job)
    for instance_type, using in users.items():
        if isinstance(quotas, Unread):
            yield quotas.finding("quota", instance_type)
            continue
        yield _quota(instance_type, quotas, using)


def _quota(instance_type: str, quotas: Mapping[str, float], using: Sequence[JobSpec]) -> Finding:
    name = f'"{instance_type} for transform job usage"'
    if instance_type not in quotas:
        text = f"Service Quotas lists no {name} in this region: look for the type there, or take another"
        return Finding("quota", instance_type, Verdict.NOT_CHECKED, text)
    quota = int(quotas[instance_type])
    short = [job for job in using if _count(job) > quota]
    if short:
        stuck = [
            job
            for job in short
            if all(quotas.get(other, _count(job)) < _count(job) for other in job.transform.instance_type)
        ]
        needs = listed([f"{job.name} needs {_count(job)}" for job in (stuck or short)], most=3)
        fallback = "" if stuck else "; the run then tries its other instance types"
        text = f"{counted(quota, 'instance')}, and {needs}{fallback}: request an increase of {name} in Service Quotas"
        return Finding("quota", instance_type, Verdict.ERROR if stuck else Verdict.WARNING, text)
    most = max(using, key=_count)
    runs = counted(quota // _count(most), "run")
    which = f"of {most.name}" if len(using) == 1 else f"of the {len(using)} jobs that share it"
    each = f" with {_count(most)} instances each" if _count(most) > 1 else ""
    text = f"{counted(quota, 'instance')}: {runs} {which} at once{each}"
    return Finding("quota", instance_type, Verdict.FINE, text)


_LEAST_UNRESERVED = 100
"""Concurrency that no function may reserve (Lambda Developer Guide, "Configuring reserved concurrency")."""


def check_concurrency(
    found: Concurrency | Unread, jobs: Sequence[JobSpec], deployed: Collection[str]
) -> Finding:
    """The account must have the concurrency that the functions of upload triggers reserve.

    The function of a deployed job usually has it already: such a job alone is no error. It may have been deployed by a
    release that reserved none.
    """
    subject = "of the account's functions"
    if isinstance(found, Unread):
        return found.finding("concurrency", subject)
    reserved = {
        job.name: job.triggers.on_upload.reserved_concurrency for job in jobs if job.triggers.on_upload
    }
    text = f"{found.total:,}, and {found.unreserved:,} of it unreserved"
    left = found.unreserved - _LEAST_UNRESERVED
    if left >= sum(reserved.values()):
        return Finding("concurrency", subject, Verdict.FINE, text)
    names = listed([f"{name} reserves {count}" for name, count in reserved.items() if count], most=3)
    is_short = left < sum(count for name, count in reserved.items() if name not in deployed)
    already = "" if is_short else ", perhaps already"
    text = (
        f"{text}; {names}{already}, and {_LEAST_UNRESERVED} must stay unreserved: request an increase of "
        '"Concurrent executions" in Service Quotas, or write triggers.on_upload.reserved_concurrency: 0'
    )
    return Finding("concurrency", subject, Verdict.ERROR if is_short else Verdict.WARNING, text)


def _count(job: JobSpec) -> int:
    return job.transform.instance_count


def workflow_log_group(stack: str, job: str) -> str:
    """Return the name of the log group of a job's state machine, which the CDK's `Names.unique_resource_name` makes.

    No other resource of a stack has a fixed name. Source: aws-cdk-lib, core/lib/private/unique-resource-name.js.
    """
    parts = [part for part in (stack, "Jobs", job, "Workflow") if part != "Default"]
    digest = hashlib.md5("/".join(parts).encode(), usedforsecurity=False).hexdigest()[:8].upper()
    apart: list[str] = []
    for part in parts:
        if part != "Resource" and (not apart or not apart[-1].endswith(part)):
            apart.append(part)
    name = "".join(re.sub("[^A-Za-z0-9]", "", part) for part in apart)
    most = 60 - len(digest)
    return f"{WORKFLOW_LOGS}{name if len(name) <= most else name[: most // 2] + name[-most // 2 :]}{digest}"


def check_log_groups(found: Sequence[str] | Unread, expected: Sequence[str]) -> Finding:
    """No log group may exist with the name of one that a deployment creates: `expected`, for jobs not yet deployed."""
    if isinstance(found, Unread):
        return found.finding("log groups", "")
    taken = [name for name in expected if name in found]
    if taken:
        text = (
            f"{listed(taken, most=3)} already exists, in no stack of the environment: export what you need, then "
            f"aws logs delete-log-group --log-group-name {taken[0]}"
        )
        return Finding("log groups", "", Verdict.ERROR, text)
    return Finding("log groups", "", Verdict.FINE, "no name is taken")


def check_runs(job: str, running: int | Unread) -> Finding:
    """A deployment doesn't affect runs in progress, but deleting the stack would delete their roles."""
    if isinstance(running, Unread):
        return running.finding("runs", job)
    if running:
        have = "is" if running == 1 else "are"
        text = f"{counted(running, 'run')} {have} in progress: wait for the end before you change or delete the stack"
        return Finding("runs", job, Verdict.WARNING, text)
    return Finding("runs", job, Verdict.FINE, "none in progress")


def check_notifications(
    addresses: Sequence[str], subscriptions: Sequence[Subscription] | Unread, *, is_deployed: bool
) -> Iterator[Finding]:
    """Each address must confirm its subscription (API reference of SNS, Subscribe)."""
    if isinstance(subscriptions, Unread):
        yield subscriptions.finding("email", "")
        return
    confirmed = {one.address for one in subscriptions if one.is_confirmed}
    pending = [one.address for one in subscriptions if not one.is_confirmed and one.address not in confirmed]
    for address in dict.fromkeys([*addresses, *pending]):
        if address in confirmed:
            yield Finding("email", address, Verdict.FINE, "subscribed and confirmed")
        elif address in pending:
            text = (
                "hasn't confirmed: open the link in the email from AWS Notifications; if that is older than two days, "
                "subscribe the address to the topic again"
            )
            yield Finding("email", address, Verdict.WARNING, text)
        else:
            when = "the next deployment" if is_deployed else "the deployment"
            yield Finding(
                "email", address, Verdict.WARNING, f"{when} sends a link: open it to get notifications"
            )
