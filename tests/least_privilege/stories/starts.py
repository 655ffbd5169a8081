"""The triggers of a job, and its queue of undelivered starts."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from least_privilege.account import Account
from least_privilege.refusals import GONE
from least_privilege.stories.point import Points
from least_privilege.stories.runs import functions_log


def starts_when_due(account: Account, job: str) -> Points:
    """A schedule may start the machine: one with the same target, due now, does."""
    before = set(account.executions(job))

    def started() -> str:
        new = set(account.executions(job)) - before
        return " ".join(account.input_of(execution) for execution in new)

    with _all_due_now(account, job) as targets:
        account.wait_until(lambda: _are_all_in(started(), targets))
    for mark, target in targets.items():
        yield f"{target['RoleArn']} starts it", mark in started()


def keeps_undelivered_starts(account: Account, job: str) -> Points:
    """A start of a machine that doesn't exist is sent to the queue of undelivered starts."""
    messages: list[str] = []

    def found() -> str:
        messages.extend(_undelivered(account, job))
        return " ".join(messages)

    with _all_due_now(account, job, of_machine=GONE) as targets:
        account.wait_until(lambda: _are_all_in(found(), targets))
    for mark, target in targets.items():
        yield f"{target['RoleArn']} keeps it", mark in found()


def delays_start_after_upload(account: Account, job: str) -> Points:
    """An upload creates the one-time schedule, and the next one delays it."""
    (function,) = account.physical_ids(job, "AWS::Lambda::Function", "Upload")
    slots = _environment(account, function)["SCHEDULES"].split(",")
    scheduler = account.client("scheduler")

    def waiting() -> dict[str, Any]:
        """The schedule, as long as there is one."""
        names = [each["Name"] for each in scheduler.list_schedules()["Schedules"]]
        return next((scheduler.get_schedule(Name=slot) for slot in slots if slot in names), {})

    began = int(time.time() * 1000)
    _clear_schedules(account, slots)
    try:
        _forget(account, function)
        _upload(account, job)
        account.wait_until(waiting)
        made = waiting()
        yield "is created", bool(made)
        yield "the function logs", functions_log(account, job, began, "Upload")
        soon = time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 60))
        settings = {name: made[name] for name in ("Name", "Target", "FlexibleTimeWindow")}
        scheduler.update_schedule(**settings, ScheduleExpression=soon)
        _forget(account, function)
        _upload(account, job)
        yield "is delayed", account.wait_until(lambda: waiting().get("ScheduleExpression", soon) > soon)
    finally:
        _clear_schedules(account, slots)


def keeps_undelivered_uploads(account: Account, job: str) -> Points:
    """An upload that the rule can't deliver, and one that the function can't handle, are sent to the queue."""
    _undelivered(account, job)
    events = account.client("events")
    (rule,) = (each.rpartition("|")[2] for each in account.physical_ids(job, "AWS::Events::Rule", "Upload"))
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    (function,) = account.physical_ids(job, "AWS::Lambda::Function", "Upload")
    events.put_targets(Rule=rule, Targets=[{**target, "Arn": f"{target['Arn']}{GONE}"}])
    try:
        _upload(account, job)
        yield "of the rule", _has_undelivered(account, job)
    finally:
        events.put_targets(Rule=rule, Targets=[target])
    account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    yield "of the function", _has_undelivered(account, job)


def _targets(account: Account, job: str) -> Iterator[dict[str, Any]]:
    """Yield the targets of the job's schedules: those of the stack, and the one that uploads lead to."""
    scheduler = account.client("scheduler")
    for name in account.physical_ids(job, "AWS::Scheduler::Schedule"):
        target: dict[str, Any] = scheduler.get_schedule(Name=name)["Target"]
        yield target
    for function in account.physical_ids(job, "AWS::Lambda::Function", "Upload"):
        environment = _environment(account, function)
        yield {
            "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
            "Input": json.dumps({"StateMachineArn": environment["STATE_MACHINE_ARN"]}),
            "RoleArn": environment["ROLE_ARN"],
            "DeadLetterConfig": {"Arn": environment["LOST_STARTS_ARN"]},
        }


@contextmanager
def _all_due_now(account: Account, job: str, of_machine: str = "") -> Iterator[dict[str, dict[str, Any]]]:
    """Create a schedule that is due now for each target, with a mark in its input; yield the targets by mark."""
    scheduler = account.client("scheduler")
    targets = {}
    for target in _targets(account, job):
        mark = f"due-{uuid.uuid4().hex}"  # not a field of a job: the run ends in the preflight
        targets[mark] = target
        started = json.loads(target["Input"])
        started |= {
            "StateMachineArn": f"{started['StateMachineArn']}{of_machine}",
            "Input": json.dumps({mark: True}),
        }
        scheduler.create_schedule(
            Name=mark,
            Target={**target, "Input": json.dumps(started)},
            ScheduleExpression=time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime()),
            FlexibleTimeWindow={"Mode": "OFF"},
        )
    try:
        yield targets
    finally:
        for mark in targets:
            scheduler.delete_schedule(Name=mark)


def _are_all_in(text: str, marks: Collection[str]) -> bool:
    return all(mark in text for mark in marks)


def _clear_schedules(account: Account, slots: Collection[str]) -> None:
    scheduler = account.client("scheduler")
    for each in scheduler.list_schedules()["Schedules"]:
        if each["Name"] in slots:
            scheduler.delete_schedule(Name=each["Name"])


def _forget(account: Account, function: str) -> None:
    """Let the next event start a new process: the function remembers the start of this minute."""
    functions = account.client("lambda")
    timeout = functions.get_function_configuration(FunctionName=function)["Timeout"]
    functions.update_function_configuration(FunctionName=function, Timeout=timeout)


def _upload(account: Account, job: str) -> None:
    trigger = account.jobs[job]["triggers"]["on_upload"]
    account.put_input(job, f"{trigger.get('prefix', '')}{uuid.uuid4().hex}{trigger.get('suffix', '')}", "1,2")


def _environment(account: Account, function: str) -> dict[str, str]:
    config = account.client("lambda").get_function_configuration(FunctionName=function)
    return dict(config["Environment"]["Variables"])


def _has_undelivered(account: Account, job: str) -> bool:
    return account.wait_until(lambda: bool(_undelivered(account, job)))


def _undelivered(account: Account, job: str) -> list[str]:
    """Receive the messages in the job's queue of undelivered starts."""
    sqs = account.client("sqs")
    bodies = []
    for url in account.physical_ids(job, "AWS::SQS::Queue"):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            bodies.append(json.dumps(message["Body"]))
    return bodies
