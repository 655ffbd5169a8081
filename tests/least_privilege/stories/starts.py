"""What starts a job by itself, and where a start lands that could not be made."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from least_privilege.account import Account, wait_until
from least_privilege.stories.runs import SOON, functions_log


def starts_when_due(account: Account, job: str) -> dict[str, bool]:
    """What a schedule of the job starts, it may start: one with the same target, due now, starts the machine."""
    outcome = {}
    for target in _targets(account, job):
        before = set(account.executions(job))
        with _due_now(account, target):
            outcome[f"{target['RoleArn']} starts it"] = wait_until(
                lambda before=before: (
                    bool(set(account.executions(job)) - before) or bool(_letters(account, job))
                ),
                SOON,
            ) and bool(set(account.executions(job)) - before)
        account.stop(set(account.executions(job)) - before)
        if not all(outcome.values()):
            break
    return outcome


def keeps_lost_starts(account: Account, job: str) -> dict[str, bool]:
    """A start of a machine that is not there lands in the queue of lost starts."""
    outcome = {}
    for target in _targets(account, job):
        with _due_now(account, {**target, "Arn": f"{target['Arn']}-gone"}):
            outcome[f"{target['RoleArn']} keeps it"] = _has_letter(account, job)
        if not all(outcome.values()):
            break
    return outcome


def puts_off_after_upload(account: Account, job: str) -> dict[str, bool]:
    """An upload makes the one-time schedule, the next one puts it off."""
    (function,) = account.physical_ids(job, "AWS::Lambda::Function", "Upload")
    slots = _environment(account, function)["SCHEDULES"].split(",")
    scheduler = account.client("scheduler")

    def waiting() -> dict[str, Any] | None:
        names = [each["Name"] for each in scheduler.list_schedules()["Schedules"]]
        return next((scheduler.get_schedule(Name=slot) for slot in slots if slot in names), None)

    began = int(time.time() * 1000)
    _forget(account, function)
    _upload(account, job)
    outcome = {"is made": wait_until(lambda: waiting() is not None, SOON)}
    if (made := waiting()) is not None:
        soon = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 60))
        settings = {name: made[name] for name in ("Name", "Target", "FlexibleTimeWindow")}
        scheduler.update_schedule(**settings, ScheduleExpression=soon)
        _forget(account, function)
        _upload(account, job)
        outcome["is put off"] = wait_until(
            lambda: (waiting() or {"ScheduleExpression": soon})["ScheduleExpression"] > soon, SOON
        )
        scheduler.delete_schedule(Name=made["Name"])
    return outcome | {"the function logs": functions_log(account, job, began, "Upload")}


def keeps_lost_uploads(account: Account, job: str) -> dict[str, bool]:
    """An upload that the rule cannot hand over, and one that the function cannot deal with, land in the queue."""
    events = account.client("events")
    (rule,) = (each.rpartition("|")[2] for each in account.physical_ids(job, "AWS::Events::Rule", "Upload"))
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    events.put_targets(Rule=rule, Targets=[{**target, "Arn": f"{target['Arn']}-gone"}])
    _upload(account, job)
    outcome = {"of the rule": _has_letter(account, job)}
    events.put_targets(Rule=rule, Targets=[target])
    (function,) = account.physical_ids(job, "AWS::Lambda::Function", "Upload")
    account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    outcome["of the function"] = _has_letter(account, job)
    slots = set(_environment(account, function)["SCHEDULES"].split(","))
    scheduler = account.client("scheduler")
    for each in scheduler.list_schedules()["Schedules"]:
        if each["Name"] in slots:
            scheduler.delete_schedule(Name=each["Name"])
    return outcome


def _targets(account: Account, job: str) -> Iterator[dict[str, Any]]:
    """Yield the targets of the job's schedules: those of the stack, and the one that uploads lead to."""
    scheduler = account.client("scheduler")
    for name in account.physical_ids(job, "AWS::Scheduler::Schedule"):
        target: dict[str, Any] = scheduler.get_schedule(Name=name)["Target"]
        yield target
    for function in account.physical_ids(job, "AWS::Lambda::Function", "Upload"):
        environment = _environment(account, function)
        yield {
            "Arn": environment["STATE_MACHINE_ARN"],
            "RoleArn": environment["ROLE_ARN"],
            "DeadLetterConfig": {"Arn": environment["LOST_STARTS_ARN"]},
            "Input": "{}",
        }


@contextmanager
def _due_now(account: Account, target: dict[str, Any]) -> Iterator[None]:
    scheduler = account.client("scheduler")
    name = f"due-{uuid.uuid4().hex}"
    scheduler.create_schedule(
        Name=name,
        Target=target,
        ScheduleExpression=time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime()),
        FlexibleTimeWindow={"Mode": "OFF"},
    )
    yield
    scheduler.delete_schedule(Name=name)


def _forget(account: Account, function: str) -> None:
    """Let the next event find a new process: the function remembers what it did in this minute."""
    functions = account.client("lambda")
    timeout = functions.get_function_configuration(FunctionName=function)["Timeout"]
    functions.update_function_configuration(FunctionName=function, Timeout=timeout)


def _upload(account: Account, job: str) -> None:
    trigger = account.jobs[job]["triggers"]["on_upload"]
    account.put_input(job, f"{trigger.get('prefix', '')}{uuid.uuid4().hex}{trigger.get('suffix', '')}", "1,2")


def _environment(account: Account, function: str) -> dict[str, str]:
    config = account.client("lambda").get_function_configuration(FunctionName=function)
    return dict(config["Environment"]["Variables"])


def _has_letter(account: Account, job: str) -> bool:
    return wait_until(lambda: bool(_letters(account, job)), SOON)


def _letters(account: Account, job: str) -> list[str]:
    """Take what lies in the job's queue of lost starts."""
    sqs = account.client("sqs")
    bodies = []
    for url in account.physical_ids(job, "AWS::SQS::Queue"):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(json.dumps(message["Body"]))
    return bodies
