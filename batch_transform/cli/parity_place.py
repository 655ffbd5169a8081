"""Where `parity` runs: a local AWS of its own, a running one, or an account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from batch_transform.job.errors import InputError
from batch_transform.job.files.environment_file import load_environments
from batch_transform.local.clients import isolated_session
from batch_transform.local.proxies import LOOPBACK
from batch_transform.local.settings import ACCESS_KEY, DEFAULT_REGION
from batch_transform.local.up import LocalAws
from batch_transform.parity.endpoint import Clients, Endpoint, endpoint_with_model
from batch_transform.parity.steps import INSTANCE_TYPE
from batch_transform.runs.aws_calls import aws_calls
from batch_transform.runs.deployment import deployed_jobs
from batch_transform.runs.prices import FoundPrice, PriceCache, asks_aws, find_price, given_price

if TYPE_CHECKING:
    from batch_transform.parity.definitions import Machine

CONTAINER = Path(__file__).parents[1] / "parity" / "container"
LOCAL_ROLE = "arn:aws:iam::000000000000:role/parity"
_PATH_STYLE = {"addressing_style": "path"}
_ATTEMPTS = 8
"""How often a throttled call is made. TestState is throttled sooner than most calls are."""


@dataclass(frozen=True)
class ParityPlace:
    """An account, with boto3's own credentials and endpoint, or a local AWS. None starts one for the cases."""

    endpoint_url: str | None
    is_aws: bool
    environment_name: str
    stack: str | None

    def machines(self) -> tuple[Any, list[Machine]]:
        """Return a client of Step Functions, and the deployed state machines.

        Raises InputError without an account, NotDeployedError if no job is deployed, and botocore's errors.
        """
        if not self.is_aws and self.endpoint_url is None:
            raise InputError(
                "step 0 compares deployed state machines: pass --aws, or the --endpoint-url of a local AWS that has "
                "your stacks"
            )
        from batch_transform.parity.definitions import Machine  # noqa: PLC0415  # slow to import

        environments = load_environments()
        environment = environments.named(self.environment_name)
        session = self._session(environment.region)
        states, cloudformation = self._states(session), self._client(session, "cloudformation")
        others = tuple(environments.by_name.values())
        jobs = deployed_jobs(environment, cloudformation, stack=self.stack, others=others)
        arns = {job.state_machine_arn: job.name for job in jobs}
        described = {arn: states.describe_state_machine(stateMachineArn=arn) for arn in arns}
        return states, [
            Machine(arns[arn], arn, each["definition"], each["type"]) for arn, each in described.items()
        ]

    def price(self, given: float | None) -> FoundPrice:
        """Return the price of the instance that the jobs run on: the given one, or what AWS's Price List says."""
        with aws_calls():
            session = self._session(load_environments().named(self.environment_name).region)
            region = session.region_name or DEFAULT_REGION
            if given is not None:
                return FoundPrice(given_price(given, INSTANCE_TYPE, region))
            soon = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
            ask = asks_aws(lambda name: session.client("pricing", region_name=name, config=soon))
            return find_price(INSTANCE_TYPE, region, ask, None if self._is_local(session) else PriceCache())

    @contextmanager
    def endpoint(self, image_uri: str | None, role: str | None, bucket: str | None) -> Iterator[Endpoint]:
        """Return what the cases and probes need, with their model, which is deleted afterwards."""
        if not self.is_aws and self.endpoint_url is None:
            with LocalAws() as aws:
                running = ParityPlace(aws.endpoint_url, False, self.environment_name, self.stack)
                with running.endpoint(None, None, None) as endpoint:
                    yield endpoint
            return
        with ExitStack() as made:
            with _reporting("AWS" if self.is_aws else f"--endpoint-url {self.endpoint_url}"):
                session = self._session(None)
                clients = self._clients(session)
                if not self.is_aws:
                    image_uri, role, bucket = f"file://{CONTAINER}", LOCAL_ROLE, "parity"
                    # once: where nothing answers, nothing will
                    self._client(session, "s3", 1, s3=_PATH_STYLE).create_bucket(Bucket=bucket)
                waits = {"poll": 15.0, "log_wait": 60.0} if self.is_aws else {}
                model = endpoint_with_model(
                    clients,
                    image=cast(str, image_uri),
                    role=cast(str, role),
                    bucket=cast(str, bucket),
                    **waits,
                )
                endpoint = made.enter_context(model)
            yield endpoint

    def _session(self, region: str | None) -> boto3.Session:
        if self.is_aws:
            return boto3.Session(region_name=region)
        return boto3.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=ACCESS_KEY,
            region_name=region or DEFAULT_REGION,
            botocore_session=isolated_session(),
        )

    def _states(self, session: boto3.Session) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        # a local AWS has no name that begins with `sync-`, where AWS answers TestState
        return self._client(session, "stepfunctions", inject_host_prefix=not self._is_local(session))

    def _is_local(self, session: boto3.Session) -> bool:
        address = self._client(session, "stepfunctions").meta.endpoint_url
        return urlsplit(address).hostname in LOOPBACK

    def _clients(self, session: boto3.Session) -> Clients:
        return Clients(
            sagemaker=self._client(session, "sagemaker"),
            sagemaker_once=self._client(session, "sagemaker", attempts=1),
            s3=self._client(session, "s3", s3=_PATH_STYLE if self.endpoint_url else {}),
            logs=self._client(session, "logs"),
        )

    def _client(
        self,
        session: boto3.Session,
        service: str,
        attempts: int = _ATTEMPTS,
        **settings: Any,  # noqa: ANN401  # botocore's own
    ) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        config = Config(
            max_pool_connections=32, retries={"mode": "standard", "total_max_attempts": attempts}, **settings
        )
        return session.client(cast(Any, service), endpoint_url=self.endpoint_url, config=config)


@contextmanager
def _reporting(where: str) -> Iterator[None]:
    """Raise InputError if the endpoint cannot be used. Nothing has run at that point."""
    try:
        yield
    except (BotoCoreError, ClientError, ValueError) as error:  # ValueError: not a valid address
        raise InputError(f"{where}: {error}") from error
