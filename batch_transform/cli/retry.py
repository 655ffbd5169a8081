"""`batch-transform retry`: scores what a run has left without a result."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from batch_transform.cli.cost_estimate import estimate, price_option
from batch_transform.cli.deployed import Deployed, environment_option, stack_option
from batch_transform.cli.options import overrides_option, parse_overrides
from batch_transform.cli.start import execution_name, output_lines, show_started
from batch_transform.job.request.changes import changes, model_change, require_accepted, require_same_data
from batch_transform.job.request.retry_input import Retry
from batch_transform.job.values.model_source import NAME_TO_BE_FOUND
from batch_transform.job.values.wording import listed
from batch_transform.runs import execution as runs
from batch_transform.runs.deployed_request import deployed_request
from batch_transform.runs.retry import Remainder, RetriableRun, remainder, run_to_retry
from batch_transform.runs.run_output import RunOutput, size_text
from batch_transform.runs.run_record import RunRecords, reconciliation_text

_MOST_NAMES = 5


@click.command()
@click.argument("run", required=False)
@overrides_option
@click.option(
    "--accept-changes",
    is_flag=True,
    help="Retry also with another model, other filters or formats than RUN had. Its output then has results of both.",
)
@click.option("--wait", is_flag=True, help="Wait until the retry ends, and exit with its result.")
@price_option
@environment_option
@stack_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print the retry as JSON; with --wait, once it has ended."
)
def retry(
    *,
    run: str | None,
    overrides: tuple[str, ...],
    accept_changes: bool,
    wait: bool,
    price: float | None,
    environment_name: str,
    stack: str | None,
    as_json: bool,
) -> None:
    """Score the input objects of RUN that have no result, into the output of RUN.

    RUN is named as in show. The name of a job means its last run that didn't complete, and so does no RUN if a single
    job is deployed. What has a result isn't scored again, and its result isn't touched. The record of RUN is
    continued: once nothing is missing, it says Completed, and _SUCCESS is written.

    The retry uses the job as it is deployed now, with the overrides of RUN and those of --set. Instances and time
    limits may differ. If the model, filters or formats do, nothing is started without --accept-changes. If an input
    object was replaced since, start another run.

    Exits with 0 once the retry has started. With --wait, exits with 0 if it succeeded, 1 if it failed, and 130 if you
    interrupt it; the retry itself continues.
    """
    deployed = Deployed.in_environment(environment_name, stack)
    records = deployed.records()
    found = run_to_retry(run, deployed.jobs(), deployed.clients.stepfunctions, records)
    left = remainder(found, deployed.s3())
    kept = {
        name: value for name, value in found.input.items() if name not in Retry(found.run, True).as_input()
    }
    given = {**kept, **parse_overrides(overrides)}
    declared = deployed_request(found.job.state_machine_arn, deployed.clients.stepfunctions)
    checked = declared.checked(given)
    changed = _changes(found, checked.request, accepted=accept_changes)
    run_input = {**given, **Retry(found.run, accept_changes).as_input()}
    expected = dataclasses.replace(
        estimate(found.job, declared, checked, deployed, price), input_bytes=left.bytes
    )
    name = execution_name(datetime.now(UTC), deployed.caller())
    execution = runs.start(found.job.state_machine_arn, run_input, deployed.clients, name=name)

    def outcome(output: RunOutput, took: timedelta) -> Sequence[tuple[str, str]]:
        return _outcome(output, took, found, records)

    show_started(
        execution,
        found.job,
        deployed,
        begun={
            "run": execution.run,
            "job": found.job.name,
            "stack": found.job.stack,
            "execution_arn": execution.arn,
            "retry_of": found.run,
            "objects_left": left.objects,
            "objects": left.total,
            "bytes_left": left.bytes,
            "changes": changed,
            "overrides": given,
            "estimate": expected.as_json(),
        },
        lines=[
            ("retry of", _left_text(found.run, left)),
            ("scores", listed(left.first, _MOST_NAMES)),
            *(("change", text) for text in changed),
        ],
        expected=expected,
        is_waiting=wait,
        as_json=as_json,
        outcome=outcome,
    )


def _changes(found: RetriableRun, request: Mapping[str, Any], *, accepted: bool) -> list[str]:
    """Return how the job differs from that of the run, except the model of an endpoint or a package group."""
    before = found.record["Request"]
    require_same_data(found.run, before, request)
    names = [{"ModelName": one["ModelName"]} for one in (before, request)]
    models = [] if names[1]["ModelName"] == NAME_TO_BE_FOUND else model_change(*names)
    changed = [*models, *changes(before, request)]
    require_accepted(found.run, changed, accepted=accepted)
    return changed


def _left_text(run: str, left: Remainder) -> str:
    size = "" if left.bytes is None else f" ({size_text(left.bytes)})"
    objects = "object has" if left.total == 1 else "objects have"
    return f"{run}: {left.objects:,} of {left.total:,} {objects} no result{size}"


def _outcome(
    output: RunOutput, took: timedelta, found: RetriableRun, records: RunRecords
) -> list[tuple[str, str]]:
    """Return what a retry did, and how the whole run stands."""
    lines = [line for line in output_lines(output, took) if line[0] not in {"read", "written"}]
    record = records.of(found.job, found.run)
    if record is None or output.place is None:
        return lines
    objects = record["Objects"]
    whole = (
        f"{objects['Success']:,} of {objects['Total']:,} objects have a result; {reconciliation_text(record)}"
    )
    return [*lines, ("whole run", whole)]
