"""`batch-transform parity`: compares AWS with the local AWS, and both with what is known of AWS."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from batch_transform.cli import parity_view as view
from batch_transform.cli.cost_estimate import price_option
from batch_transform.cli.deployed import environment_option, stack_option
from batch_transform.cli.parity_place import ParityPlace
from batch_transform.job.errors import AwsCallError, InputError
from batch_transform.job.values.wording import listed
from batch_transform.parity.case import Case, load_cases
from batch_transform.parity.endpoint import Endpoint
from batch_transform.parity.outcome import run_case
from batch_transform.parity.steps import CASES, DEFINITIONS, Step, chosen_steps
from batch_transform.runs.aws_calls import aws_calls, refusal

if TYPE_CHECKING:
    from batch_transform.parity.definitions import MachineResult, UnansweredError


@click.command()
@click.option("--endpoint-url", help="The address of a running local AWS. Default: start one for the cases.")
@click.option(
    "--step",
    "step_ids",
    multiple=True,
    metavar="STEP",
    help="What to run: 0 compares the deployed definitions, 1 runs the cases, U1 to U24 answer one open question. "
    "Can be repeated. Default: 1; with --aws, 0, which costs nothing.",
)
@click.option("--case", "case_ids", multiple=True, help="Run only this case; can be repeated.")
@click.option(
    "--cases",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A JSON Lines file with cases to run instead of the built-in ones; can be repeated.",
)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="STEP=NUMBER",
    help="The number of objects, keys or calls of U21 to U24, such as U22=500; can be repeated.",
)
@click.option(
    "--at-once",
    default=4,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of transform jobs, or of states, to test in parallel.",
)
@click.option(
    "--skip",
    default=0,
    metavar="NUMBER",
    type=click.IntRange(min=0),
    help="Step 0: leave out the first requests, which an earlier call has compared.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object for each definition, case or probe."
)
@click.option(
    "--aws",
    is_flag=True,
    help="Ask AWS, with your credentials. Shows the price of each step, and asks before one that costs.",
)
@click.option("--yes", is_flag=True, help="Don't ask before steps that cost.")
@price_option
@click.option(
    "--image-uri", help="With --aws: the image in ECR, built from batch_transform/parity/container."
)
@click.option("--role", help="With --aws: the ARN of an execution role with access to the bucket.")
@click.option("--bucket", help="With --aws: the bucket to use; everything is written under parity/.")
@environment_option
@stack_option
def parity(
    *,
    endpoint_url: str | None,
    step_ids: tuple[str, ...],
    case_ids: tuple[str, ...],
    files: tuple[Path, ...],
    sizes: tuple[str, ...],
    at_once: int,
    skip: int,
    as_json: bool,
    aws: bool,
    yes: bool,
    price: float | None,
    image_uri: str | None,
    role: str | None,
    bucket: str | None,
    environment_name: str,
    stack: str | None,
) -> int:
    """Compare AWS with the local AWS, and both with what is known of AWS.

    Step 0 validates each deployed state machine, tests each of its states, rules, retriers, catchers and expressions
    with mocked results, and compares the answers with those of the local AWS. It needs no role and costs nothing.

    Step 1 runs transform jobs whose outcome is known, because AWS documents it, because transform jobs on AWS behave
    that way, or because it follows from these. For a case that isn't documented, shows the outcome without a
    comparison. U1 to U24 each answer one open question of the documentation's page "Parity with AWS".

    Exits with 1 if any answer or outcome differs, with 2 if nothing could be compared, and with 0 otherwise.
    """
    cases = _chosen(load_cases(files or None), case_ids)
    default = DEFINITIONS if aws and not (case_ids or files) else CASES
    steps = chosen_steps(step_ids or (default,), cases, _sizes(sizes))
    place = ParityPlace(endpoint_url, is_aws=aws, environment_name=environment_name, stack=stack)
    if aws:
        on_aws = {"--image-uri": image_uri, "--role": role, "--bucket": bucket}
        _check_options(steps, [name for name, value in on_aws.items() if not value], endpoint_url)
        if not _confirmed(steps, place, price, yes=yes):
            click.echo("nothing was run", err=True)
            return 0
    differs = False
    if any(step.id == DEFINITIONS for step in steps):
        differs = _compare_definitions(place, at_once=at_once, skip=skip, as_json=as_json)
    rest = [step for step in steps if step.needs_model]
    if rest:
        with place.endpoint(image_uri, role, bucket) as endpoint:
            differs = _run_cases(endpoint, rest, at_once=at_once, as_json=as_json) or differs
            _run_probes(endpoint, rest, as_json=as_json)
    return 1 if differs else 0


def _chosen(cases: Sequence[Case], ids: Sequence[str]) -> list[Case]:
    known = [case.id for case in cases]
    unknown = sorted(set(ids) - set(known))
    if unknown:
        near = list(dict.fromkeys(one for name in unknown for one in get_close_matches(name, known, n=3)))
        hint = (
            f"did you mean {' or '.join(near)}?"
            if near
            else f"the {len(known)} cases are {listed(known, most=12)}"
        )
        raise InputError(f"unknown case {', '.join(unknown)}; {hint}")
    return [case for case in cases if not ids or case.id in ids]


def _sizes(sizes: Sequence[str]) -> dict[str, int]:
    found = {}
    for text in sizes:
        name, _, number = text.partition("=")
        if not number.isdigit():
            raise InputError(f"--size {text}: write STEP=NUMBER, such as U22=500")
        found[name] = int(number)
    return found


def _check_options(steps: Sequence[Step], missing: Sequence[str], endpoint_url: str | None) -> None:
    """Raise InputError for options that --aws lacks or that contradict it."""
    if endpoint_url:
        raise InputError("--aws and --endpoint-url cannot be combined; keep one of them")
    needing = [step.id for step in steps if step.needs_model]
    if needing and missing:
        raise InputError(f"--aws requires {', '.join(missing)} for step {', '.join(needing)}")


def _confirmed(steps: Sequence[Step], place: ParityPlace, price: float | None, *, yes: bool) -> bool:
    """Show what each step costs, and return whether to run them."""
    costs = any(not step.is_free for step in steps)
    found = place.price(price) if costs else None
    view.show_prices(steps, found)
    return yes or not costs or click.confirm("Run them?", default=False, err=True)


def _compare_definitions(place: ParityPlace, *, at_once: int, skip: int, as_json: bool) -> bool:
    """Run step 0, and return whether anything differs. What was compared before AWS refused a request is shown too."""
    # what the packages of the local AWS's interpreter log when they are imported isn't about this command
    logging.getLogger().addHandler(logging.NullHandler())
    from batch_transform.parity.definitions import (  # noqa: PLC0415  # slow to import
        UnansweredError,
        check_definitions,
    )

    results: list[MachineResult] = []
    try:
        with aws_calls():
            client, machines = place.machines()
            compared = check_definitions(
                client, machines, at_once=at_once, skip=skip, progress=view.progress("states")
            )
            for result in compared:
                results.append(result)
                if as_json:
                    view.print_definition_json(result)
    except UnansweredError as stopped:
        raise _continued(stopped, skip) from stopped
    finally:
        view.end_progress()
        if results and not as_json:
            view.print_definitions(results)
    return any(not result.is_same for result in results)


def _continued(stopped: UnansweredError, skipped: int) -> AwsCallError:
    """Return the error of step 0 that AWS has stopped, with how to continue it."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  # as above

    why = refusal(stopped.error) if isinstance(stopped.error, ClientError) else str(stopped.error)
    if stopped.answered == skipped:
        return AwsCallError(why)
    return AwsCallError(
        f"{why}; {stopped.answered:,} requests were compared before that: continue with --skip {stopped.answered}, "
        "later or with --at-once 1"
    )


def _run_cases(endpoint: Endpoint, steps: Sequence[Step], *, at_once: int, as_json: bool) -> bool:
    """Run the cases of all steps, each once, and return whether an outcome differs."""
    cases = list({case.id: case for step in steps for case in step.cases}.values())
    if not cases:
        return False
    with ThreadPoolExecutor(at_once) as workers:
        results = list(workers.map(lambda case: run_case(endpoint, case), cases))
    (view.print_cases_json if as_json else view.print_cases)(results)
    return any(result.differences for result in results)


def _run_probes(endpoint: Endpoint, steps: Sequence[Step], *, as_json: bool) -> None:
    for step in steps:
        if step.probe is not None:
            finding = step.probe.run(endpoint, step.size, view.progress_of(step.id))
            view.end_progress()
            view.print_finding(step, finding, as_json=as_json)
