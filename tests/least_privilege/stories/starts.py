"""What starts a job by itself, and where a start lands that could not be made."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from least_privilege.account import Account, wait_until
from least_privilege.stories.point import Points
from least_privilege.stories.runs import SOON, functions_log


def starts_when_due(account: Account, job: str) -> Points:
    """What a schedule of the job starts, it may start: one with the same target, due now, starts the machine."""
    for target in _targets(account, job):
        before = set(account.executions(job))

        def started(before: set[str] = before) -> set[str]:
            return set(account.executions(job)) - before

        with _due_now(account, target):
            wait_until(lambda: started() or _letters(account, job), SOON)
        yield f"{target['RoleArn']} starts it", bool(started())
        for arn in started():
            account.stop(arn)


def keeps_lost_starts(account: Account, job: str) -> Points:
    """A start of a machine that is not there lands in the queue of lost starts."""
    _letters(account, job)
    for target in _targets(account, job):
        with _due_now(account, {**target, "Arn": f"{target['Arn']}-gone"}):
            is_kept = _has_letter(account, job)
        yield f"{target['RoleArn']} keeps it", is_kept


def puts_off_after_upload(account: Account, job: str) -> Points:
    """An upload makes the one-time schedule, the next one puts it off."""
    (function,) = account.physical_ids(job, "AWS::Lambda::Function", "Upload")
    slots = _environment(account, function)["SCHEDULES"].split(",")
    scheduler = account.client("scheduler")

    def waiting() -> dict[str, Any]:
        """The schedule, as long as there is one."""
        names = [each["Name"] for each in scheduler.list_schedules()["Schedules"]]
        return next((scheduler.get_schedule(Name=slot) for slot in slots if slot in names), {})

    began = int(time.time() * 1000)
    _clear_schedules(account, slots)
    _forget(account, function)
    _upload(account, job)
    wait_until(waiting, SOON)
    made = waiting()
    yield "is made", bool(made)
    try:
        soon = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 60))
        settings = {name: made[name] for name in ("Name", "Target", "FlexibleTimeWindow")}
        scheduler.update_schedule(**settings, ScheduleExpression=soon)
        _forget(account, function)
        _upload(account, job)
        yield "is put off", wait_until(lambda: waiting().get("ScheduleExpression", soon) > soon, SOON)
    finally:
        _clear_schedules(account, slots)
    yield "the function logs", functions_log(account, job, began, "Upload")


def keeps_lost_uploads(account: Account, job: str) -> Points:
    """An upload that the rule cannot hand over, and one that the function cannot deal with, land in the queue."""
    _letters(account, job)
    events = account.client("events")
    (rule,) = (each.rpartition("|")[2] for each in account.physical_ids(job, "AWS::Events::Rule", "Upload"))
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    (function,) = account.physical_ids(job, "AWS::Lambda::Function", "Upload")
    events.put_targets(Rule=rule, Targets=[{**target, "Arn": f"{target['Arn']}-gone"}])
    try:
        _upload(account, job)
        yield "of the rule", _has_letter(account, job)
    finally:
        events.put_targets(Rule=rule, Targets=[target])
    account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    yield "of the function", _has_letter(account, job)


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
    try:
        yield
    finally:
        scheduler.delete_schedule(Name=name)


def _clear_schedules(account: Account, slots: Collection[str]) -> None:
    scheduler = account.client("scheduler")
    for each in scheduler.list_schedules()["Schedules"]:
        if each["Name"] in slots:
            scheduler.delete_schedule(Name=each["Name"])


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
