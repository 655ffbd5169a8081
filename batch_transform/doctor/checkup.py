"""All checks of an environment, in the order in which their problems would stop a deployment and then a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence

from batch_transform.doctor import frequency, needs, place, resources
from batch_transform.doctor.account import Account, Subscription
from batch_transform.doctor.finding import Finding, Unread, Verdict
from batch_transform.doctor.max_cost import check_max_cost, declared_price
from batch_transform.job.errors import AwsCallError
from batch_transform.job.values.environment import EnvironmentSpec, in_environment
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec
from batch_transform.job.values.stack_outputs import FIRST_STACK, job_of
from batch_transform.runs.deployment import Stack

_MOST_STACKS = 64
"""The most stacks of an environment whose log group names are compared; 32 stacks already hold hundreds of jobs."""


def examine(
    jobs: Sequence[JobSpec],
    environment: EnvironmentSpec,
    account: Account,
    *,
    region: str,
    regions: Collection[str],
    qualifier: str = place.DEFAULT_QUALIFIER,
) -> Iterator[Finding]:
    """Yield the findings. `jobs` are as written in their files; `regions` are those where boto3 knows SageMaker.

    Without valid credentials, nothing else is checked; in the wrong account, only the account is.
    """
    try:
        number, caller = account.identity()
    except AwsCallError as error:
        yield Finding("account", "", Verdict.ERROR, str(error))
        return
    first = place.check_account(number, caller, environment)
    yield first
    if first.verdict is Verdict.ERROR:
        return
    yield place.check_region(region, caller, environment, regions)
    yield place.check_bootstrap(account.bootstrap_version(qualifier), qualifier, number, region)
    deployed = [
        dataclasses.replace(in_environment(job, environment), name=job.name) for job in jobs
    ]  # with their names in the job files, without the prefix
    stacks = account.stacks(environment)
    yield from _stacks(stacks, environment)
    yield _log_groups(deployed, stacks, environment, account)
    yield from place.check_quotas(account.transform_quotas(), deployed)
    yield from _concurrency(deployed, stacks, account)
    yield from _max_costs(deployed, account, region)
    yield from _images(deployed, account, number, region)
    yield from _data(deployed, environment, account, number, region)
    yield from _models(deployed, account, number)
    yield from _runs(stacks, account)
    yield from _schedules(deployed, stacks, account)
    yield from _notifications(deployed, stacks, environment, account)


def _stacks(stacks: Sequence[Stack] | Unread, environment: EnvironmentSpec) -> Iterator[Finding]:
    first = f"{environment.prefix}{FIRST_STACK}"
    if isinstance(stacks, Unread):
        yield stacks.finding("stack", first)
        return
    if not stacks:
        yield Finding("stack", first, Verdict.FINE, "isn't deployed yet")
    for stack in stacks:
        yield place.check_stack(stack["StackName"], stack.get("StackStatus", ""))


def _log_groups(
    jobs: Sequence[JobSpec], stacks: Sequence[Stack] | Unread, environment: EnvironmentSpec, account: Account
) -> Finding:
    if isinstance(stacks, Unread):
        return stacks.finding("log groups", "")
    first = f"{environment.prefix}{FIRST_STACK}"
    with_machine = _with_machines(stacks)
    names = [first, *(f"{first}-{number}" for number in range(2, _MOST_STACKS + 1))]
    expected = [
        place.workflow_log_group(name, job.name)
        for job in jobs
        if job.name not in with_machine
        for name in names
    ]
    prefix = f"{place.WORKFLOW_LOGS}{first.replace('-', '')}"
    return place.check_log_groups(account.log_groups(prefix), expected)


def _with_machines(stacks: Sequence[Stack]) -> dict[str, str]:
    """Return the state machine of each deployed job."""
    return {
        name: output["OutputValue"]
        for stack in stacks
        for output in stack.get("Outputs", [])
        if (name := job_of(output.get("Description", ""), output["OutputValue"])) is not None
    }


def _concurrency(
    jobs: Sequence[JobSpec], stacks: Sequence[Stack] | Unread, account: Account
) -> Iterator[Finding]:
    reserving = [
        job for job in jobs if job.triggers.on_upload and job.triggers.on_upload.reserved_concurrency
    ]
    if reserving:
        deployed = [] if isinstance(stacks, Unread) else _with_machines(stacks)
        yield place.check_concurrency(account.concurrency(), reserving, deployed)


def _max_costs(jobs: Sequence[JobSpec], account: Account, region: str) -> Iterator[Finding]:
    for job in jobs:
        most, given = job.workflow.max_cost, job.workflow.price_per_hour
        if most is None:
            continue
        for instance_type in job.transform.instance_type:
            price = (
                account.price(instance_type, region)
                if given is None
                else declared_price(given, instance_type, region)
            )
            yield check_max_cost(job, instance_type, price, most)


def _images(jobs: Sequence[JobSpec], account: Account, number: str, region: str) -> Iterator[Finding]:
    for image, job in needs.images(jobs).items():
        if isinstance(image, FrameworkImage):
            yield resources.check_framework_image(image, job, region)
            continue
        in_ecr = needs.EcrImage.parse(image)
        asks = in_ecr is not None and in_ecr.region == region
        found = account.has_image(in_ecr) if in_ecr and asks else None
        is_foreign = in_ecr is not None and in_ecr.account != number
        policy = account.repository_policy(in_ecr) if in_ecr and is_foreign and found is True else None
        yield resources.check_image(image, in_ecr, found, policy, account=number, region=region, job=job)


def _data(
    jobs: Sequence[JobSpec], environment: EnvironmentSpec, account: Account, number: str, region: str
) -> Iterator[Finding]:
    uses: dict[str, list[needs.BucketUse]] = {}
    for use in needs.bucket_uses(jobs, environment):
        uses.setdefault(use.bucket, []).append(use)
    for name, its_uses in uses.items():
        yield resources.check_bucket(
            name,
            its_uses,
            account.bucket(name),
            region=region,
            customer_key=environment.customer_key,
        )
    for key, where in needs.keys(jobs).items():
        yield resources.check_key(key, where, account.key(key), account=number, region=region)


def _models(jobs: Sequence[JobSpec], account: Account, number: str) -> Iterator[Finding]:
    for job in jobs:
        model = job.model
        if model.existing:
            yield resources.check_model(model.existing, job.name, account.has_model(model.existing))
        if model.endpoint:
            yield resources.check_endpoint(model.endpoint, job.name, account.endpoint_status(model.endpoint))
        if model.package_group:
            found = account.has_approved_package(model.package_group)
            yield resources.check_package_group(model.package_group, job.name, found)
        if model.role:
            trust = account.trust_policy(model.role)
            yield resources.check_role(model.role, job.name, trust, account=number)


def _runs(stacks: Sequence[Stack] | Unread, account: Account) -> Iterator[Finding]:
    if not isinstance(stacks, Unread):
        for job, machine in _with_machines(stacks).items():
            yield place.check_runs(job, account.running(machine))


def _schedules(
    jobs: Sequence[JobSpec], stacks: Sequence[Stack] | Unread, account: Account
) -> Iterator[Finding]:
    machines = {} if isinstance(stacks, Unread) else _with_machines(stacks)
    for job in jobs:
        if job.name in machines and frequency.is_compared(job):
            outputs = account.outputs(machines[job.name], frequency.MOST_RUNS)
            yield from frequency.check_frequency(job, outputs)


def _notifications(
    jobs: Sequence[JobSpec], stacks: Sequence[Stack] | Unread, environment: EnvironmentSpec, account: Account
) -> Iterator[Finding]:
    found: list[Subscription] = []
    unread: Unread | None = stacks if isinstance(stacks, Unread) else None
    topics = dict.fromkeys(needs.topics(jobs, environment), True)
    for stack in () if isinstance(stacks, Unread) else stacks:
        of_stack = account.topics_of(stack["StackName"])
        if isinstance(of_stack, Unread):
            unread = of_stack
        else:
            topics = {**dict.fromkeys(of_stack, False), **topics}
    for topic, is_named in topics.items():
        subscriptions = account.subscriptions(topic)
        if isinstance(subscriptions, Unread):
            unread = subscriptions
        elif subscriptions is not None:
            found += subscriptions
        elif is_named:
            text = "doesn't exist: create it, or correct notify.topic"
            yield Finding("topic", topic, Verdict.ERROR, text)
    addresses = needs.addresses(jobs, environment)
    if addresses or found or (unread and topics):
        yield from place.check_notifications(addresses, unread or found, is_deployed=bool(stacks))
