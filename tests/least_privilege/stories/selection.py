"""The stories of a job, and the check of one story."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from batch_transform.job.rules.unfit_data import reads_text
from least_privilege.account import Account
from least_privilege.stories import messages, plain_http, records, runs, starts
from least_privilege.stories.point import Points

Story = Callable[[Account, str], Points]


def stories_of(account: Account, job: str) -> list[Story]:
    """Return the stories of this job, quick ones first."""
    selected: list[Story] = [runs.redefines, runs.completes, runs.explains]
    selected += [records.has_record, records.has_record_when_refused, records.is_retried]
    if account.physical_ids(job, "AWS::IAM::Role", "Model"):
        selected.append(runs.scores)
    if "limits" in account.jobs[job]:
        selected.append(runs.completes_on_each_instance_type)
    if "batch_data_capture_config" in account.jobs[job]:
        selected.append(runs.completes_in_parts)
    if "columns" in account.jobs[job].get("input", {}):
        selected.append(runs.finds_header)
    spec = account.jobs[job].get("input", {})
    if reads_text(spec.get("content_type"), spec.get("split_type", "None")):
        selected.append(runs.finds_unfit_data)
    overlapping = account.jobs[job].get("workflow", {}).get("overlapping_runs", "wait")
    of_lock: dict[str, list[Story]] = {"wait": [runs.takes_over, runs.waits_for_its_turn], "allow": []}
    selected += of_lock.get(overlapping, [runs.takes_over])
    if account.physical_ids(job, "AWS::CloudWatch::Alarm"):
        selected += [messages.notifies_of_failure, messages.notifies_of_alarm]
    selected += [runs.stops, runs.leaves_nothing_running, records.has_record_when_stopped]
    if account.physical_ids(job, "AWS::Lambda::Function", "Upload"):
        selected += [starts.delays_start_after_upload, starts.keeps_undelivered_uploads]
    if account.physical_ids(job, "AWS::Scheduler::Schedule"):
        selected += [starts.starts_when_due, starts.keeps_undelivered_starts]
    return [*selected, plain_http.refuses_plain_http]


def first_failure(account: Account, job: str, story: Story) -> str | None:
    """Run the story, and return its first point that fails; None if all of them hold."""
    with closing(story(account, job)) as points:
        return next((what for what, is_so in points if not is_so), None)
