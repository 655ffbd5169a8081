"""What the commands for deployed jobs share: the environment that they search, and the AWS clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from batch_transform.job.files.environment_file import load_environments
from batch_transform.job.values.environment import DEFAULT_ENVIRONMENT, EnvironmentSpec
from batch_transform.local.proxies import LOOPBACK
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.deployment import DeployedJob, deployed_jobs, named_job
from batch_transform.runs.execution import Clients
from batch_transform.runs.run_record import RunRecords

if TYPE_CHECKING:
    import boto3

environment_option = click.option(
    "--environment",
    "environment_name",
    default=DEFAULT_ENVIRONMENT,
    show_default=True,
    help="The environment in environments.yaml whose stacks to search.",
)

stack_option = click.option(
    "--stack",
    metavar="NAME",
    help="Search only this stack. Default: all stacks in the account and region.",
)


@dataclass(frozen=True)
class Deployed:
    """An environment, or one stack, and the AWS clients for it: of an account, or of a local AWS (AWS_ENDPOINT_URL)."""

    environment: EnvironmentSpec
    session: boto3.Session
    clients: Clients
    stack: str | None = None
    others: Sequence[EnvironmentSpec] = ()

    @classmethod
    def in_environment(cls, name: str, stack: str | None = None) -> Deployed:
        """Find endpoint, credentials and region as boto3 does. The environment's region, if set, comes first."""
        environments = load_environments()
        environment = environments.named(name)
        import boto3  # noqa: PLC0415 - slow to import, and not needed to reject a wrong name

        with aws_calls():
            session = boto3.Session(region_name=environment.region)
            clients = Clients(
                stepfunctions=session.client("stepfunctions"),
                sagemaker=session.client("sagemaker"),
                logs=session.client("logs"),
            )
        return cls(environment, session, clients, stack, tuple(environments.by_name.values()))

    def jobs(self, name: str | None = None) -> list[DeployedJob]:
        """Return all deployed jobs, or only the one with that name."""
        with aws_calls():
            cloudformation = self.session.client("cloudformation")
        jobs = deployed_jobs(self.environment, cloudformation, stack=self.stack, others=self.others)
        return jobs if name is None else [named_job(name, jobs, self.environment)]

    def s3(self) -> Any:  # noqa: ANN401  # the type stubs are installed only for mypy
        """Return an S3 client."""
        with aws_calls():
            return self.session.client("s3")

    def caller(self) -> str:
        """Return the ARN of the user or the role's session that calls AWS, which requires no permission."""
        with aws_calls():
            return str(self.session.client("sts").get_caller_identity()["Arn"])

    def records(self) -> RunRecords:
        """Return the records of the jobs' runs."""
        return RunRecords(self.clients.stepfunctions, self.s3())

    def pricing(self, region: str) -> Any:  # noqa: ANN401  # the type stubs are installed only for mypy
        """Return a client of the Price List's endpoint in a region. It gives up soon: a price is no reason to wait."""
        from botocore.config import Config  # noqa: PLC0415  # slow to import

        config = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
        with aws_calls():
            return self.session.client("pricing", region_name=region, config=config)

    @property
    def has_console(self) -> bool:
        """Whether there is an AWS console to link to; a local AWS has none."""
        host = urlsplit(self.clients.stepfunctions.meta.endpoint_url).hostname
        return host not in LOOPBACK

    def command(self, words: str) -> str:
        """Return a batch-transform command for the same environment and stack, to copy and run."""
        name = self.environment.environment
        environment = "" if name == DEFAULT_ENVIRONMENT else f" --environment {name}"
        stack = f" --stack {self.stack}" if self.stack else ""
        return f"batch-transform {words}{environment}{stack}"
