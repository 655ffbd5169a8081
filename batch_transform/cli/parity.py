"""`batch-transform parity`: compares how a SageMaker endpoint behaves with known cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import boto3
import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from batch_transform.job.errors import InputError
from batch_transform.local.clients import isolated_session
from batch_transform.local.settings import ACCESS_KEY, DEFAULT_REGION
from batch_transform.local.up import LocalAws
from batch_transform.parity.case import Case, load_cases
from batch_transform.parity.endpoint import Clients, Endpoint, endpoint_with_model
from batch_transform.parity.outcome import Result, run_case, summary

CONTAINER = Path(__file__).parents[1] / "parity" / "container"
LOCAL_ROLE = "arn:aws:iam::000000000000:role/parity"
MINUTES_A_JOB = 5
"""What is billed for a job that does almost nothing: mostly the start of its container (from experience)."""
USD_AN_HOUR = 0.115
"""The price of ml.m5.large for batch transform in us-east-1, at the time of writing."""

_PIPE_WIDTH = 160  # a file or a log has no width that a table must fit


@click.command()
@click.option("--endpoint-url", help="The address of a running local AWS. Default: start one for the cases.")
@click.option("--case", "case_ids", multiple=True, help="Run only this case; can be repeated.")
@click.option(
    "--cases",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A JSON Lines file with cases to run instead of the built-in ones; can be repeated.",
)
@click.option(
    "--at-once",
    default=4,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of transform jobs to run in parallel.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each case.")
@click.option(
    "--aws",
    is_flag=True,
    help="Run the cases on AWS, with your credentials. Shows the estimated cost, and asks first.",
)
@click.option(
    "--image-uri", help="With --aws: the image in ECR, built from batch_transform/parity/container."
)
@click.option("--role", help="With --aws: the ARN of an execution role with access to the bucket.")
@click.option("--bucket", help="With --aws: the bucket to use; everything is written under parity/.")
def parity(
    *,
    endpoint_url: str | None,
    case_ids: tuple[str, ...],
    files: tuple[Path, ...],
    at_once: int,
    as_json: bool,
    aws: bool,
    image_uri: str | None,
    role: str | None,
    bucket: str | None,
) -> int:
    """Run transform jobs whose outcome is known, and compare the results.

    The outcome of a case is known because AWS documents it, because transform jobs on AWS behave that way, or because
    it follows from these. For a case that isn't documented, shows the outcome without a comparison.

    Exits with 1 if any outcome differs, and with 0 otherwise.
    """
    cases = _chosen(load_cases(files or None), case_ids)
    if aws:
        on_aws = {"--image-uri": image_uri, "--role": role, "--bucket": bucket}
        missing = [option for option, value in on_aws.items() if not value]
        if missing or endpoint_url:
            raise InputError(
                f"--aws requires {', '.join(missing)}"
                if missing
                else "--aws and --endpoint-url cannot be combined; keep one of them"
            )
        if not _confirmed(cases):
            click.echo("nothing was run", err=True)
            return 0
        place = _on_aws(cast(str, image_uri), cast(str, role), cast(str, bucket))
    else:
        place = _on_local_aws(endpoint_url)
    with place as endpoint, ThreadPoolExecutor(at_once) as workers:
        results = list(workers.map(lambda case: run_case(endpoint, case), cases))
    _print_json(results) if as_json else _print_table(results)
    return 1 if any(result.differences for result in results) else 0


def _chosen(cases: Sequence[Case], ids: Sequence[str]) -> list[Case]:
    unknown = sorted(set(ids) - {case.id for case in cases})
    if unknown:
        raise InputError(
            f"unknown case {', '.join(unknown)}; the cases are {', '.join(case.id for case in cases)}"
        )
    return [case for case in cases if not ids or case.id in ids]


def _confirmed(cases: Sequence[Case]) -> bool:
    jobs = sum(not case.is_free for case in cases)
    hours = jobs * MINUTES_A_JOB / 60
    click.echo(
        f"{len(cases)} cases start up to {jobs} transform jobs, each on one ml.m5.large. At {MINUTES_A_JOB} minutes "
        f"per job, that is {hours:.1f} instance hours, or about {hours * USD_AN_HOUR:.2f} USD at {USD_AN_HOUR} USD per "
        "hour. Check the price in your region, and your quota for ml.m5.large (--at-once)."
    )
    return click.confirm("Run them?", default=False)


@contextmanager
def _on_local_aws(endpoint_url: str | None) -> Iterator[Endpoint]:
    if endpoint_url is None:
        with LocalAws() as aws, _on_local_aws(aws.endpoint_url) as endpoint:
            yield endpoint
        return
    session = boto3.Session(
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=ACCESS_KEY,
        region_name=DEFAULT_REGION,
        botocore_session=isolated_session(),
    )
    bucket = "parity"
    with ExitStack() as made:
        with _reporting(f"--endpoint-url {endpoint_url}"):
            clients = _clients(session, endpoint_url)
            clients.s3.create_bucket(Bucket=bucket)
            model = endpoint_with_model(clients, image=f"file://{CONTAINER}", role=LOCAL_ROLE, bucket=bucket)
            endpoint = made.enter_context(model)
        yield endpoint


@contextmanager
def _on_aws(image_uri: str, role: str, bucket: str) -> Iterator[Endpoint]:
    waits = {"poll": 15.0, "log_wait": 60.0}
    with ExitStack() as made:
        with _reporting("AWS"):
            clients = _clients(boto3.Session(), None)
            model = endpoint_with_model(clients, image=image_uri, role=role, bucket=bucket, **waits)
            endpoint = made.enter_context(model)
        yield endpoint


@contextmanager
def _reporting(where: str) -> Iterator[None]:
    """Raise InputError if the endpoint cannot be used. Nothing has run at that point."""
    try:
        yield
    except (BotoCoreError, ClientError, ValueError) as error:  # ValueError: not a valid address
        raise InputError(f"{where}: {error}") from error


def _clients(session: boto3.Session, endpoint_url: str | None) -> Clients:
    def client(service: str) -> Any:  # noqa: ANN401  # boto3 makes clients at run time
        config = Config(
            max_pool_connections=32,
            retries={"mode": "standard"},
            s3={"addressing_style": "path"} if endpoint_url else {},
        )
        return session.client(cast(Any, service), endpoint_url=endpoint_url, config=config)

    return Clients(sagemaker=client("sagemaker"), s3=client("s3"), logs=client("logs"))


def _print_json(results: Sequence[Result]) -> None:
    for result in results:
        case, outcome = result.case, result.outcome
        line = {
            "id": case.id,
            "evidence": case.evidence,
            "source": case.source,
            "completeness": case.completeness,
            "register": case.register,
            "differences": result.differences,
            "got": {
                **asdict(outcome),
                "outputs": {
                    key: body.decode("utf-8", "backslashreplace") for key, body in outcome.outputs.items()
                },
                "described": None,
            },
        }
        click.echo(json.dumps(line))


def _print_table(results: Sequence[Result]) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    table = Table("case", "evidence", "expected", "got", show_lines=True)
    for result in results:
        case = result.case
        got = "\n".join(result.differences) or ("same" if not case.is_unknown else summary(result.outcome))
        known = summary(case.expected) if not case.is_unknown else f"not documented ({case.register})"
        colour = "red" if result.differences else "yellow" if case.is_unknown else "green"
        table.add_row(
            f"{case.id}\n{case.title}", case.evidence, _literal(known), f"[{colour}]{_literal(got)}[/]"
        )
    console.print(table)
    differing = sum(bool(result.differences) for result in results)
    unknown = sum(result.case.is_unknown for result in results)
    console.print(
        f"{len(results)} cases: {len(results) - unknown - differing} same, {differing} different, "
        f"{unknown} not documented"
    )


def _literal(text: str) -> str:
    """Return the text with its brackets escaped, so that they are not read as markup."""
    return text.replace("[", r"\[")
