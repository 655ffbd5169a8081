"""What a run of a deployed job will cost: collects price, rate and size for `start` and `explain`."""

from __future__ import annotations

from typing import Any

import click

from batch_transform.cli.deployed import Deployed
from batch_transform.job.errors import AwsCallError
from batch_transform.job.request.overrides import RunRequest
from batch_transform.runs.deployed_request import DeployedRequest
from batch_transform.runs.deployment import DeployedJob
from batch_transform.runs.estimate import Estimate
from batch_transform.runs.input_size import input_bytes
from batch_transform.runs.prices import FoundPrice, PriceCache, asks_aws, find_price, given_price
from batch_transform.runs.run_rate import past_outputs, run_rate

price_option = click.option(
    "--price",
    type=click.FloatRange(min=0, min_open=True),
    metavar="AMOUNT_PER_HOUR",
    help="Price of one instance per hour, in USD (in China, in CNY). Default: AWS's Price List.",
)


def price_of(
    instance_type: str, region: str, deployed: Deployed, given: float | None, *, cached: bool = True
) -> FoundPrice:
    """Return the price of an instance type: the given one, or what the Price List says."""
    if given is not None:
        return FoundPrice(given_price(given, instance_type, region))
    cache = PriceCache() if cached and deployed.has_console else None
    return find_price(instance_type, region, asks_aws(deployed.pricing), cache)


def estimate(
    job: DeployedJob, declared: DeployedRequest, run: RunRequest, deployed: Deployed, given: float | None
) -> Estimate:
    """Return what a run will cost. What AWS refuses to say is unknown: an estimate never stops a run."""
    instance_type = run.instance_types[0]
    try:
        outputs = past_outputs(job.state_machine_arn, deployed.clients.stepfunctions)
        rate = run_rate(outputs, instance_type)
    except AwsCallError:
        rate = None
    try:
        size = input_bytes(run.request, deployed.s3())
    except AwsCallError:
        size = None
    resources: dict[str, Any] = run.request["TransformResources"]
    return Estimate(
        found=price_of(instance_type, job.region, deployed, given),
        rate=rate,
        input_bytes=size,
        instance_count=resources["InstanceCount"],
        time_limit=declared.time_limit,
        max_cost=declared.max_cost,
    )
