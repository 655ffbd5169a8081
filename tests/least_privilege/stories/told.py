"""Which stories a job can tell."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from batch_transform.job.rules.unfit_data import reads_text
from least_privilege.account import Account
from least_privilege.stories import messages, plain_http, runs, starts
from least_privilege.stories.point import Points

Story = Callable[[Account, str], Points]


def stories_of(account: Account, job: str) -> list[Story]:
    """The stories of this job, quick ones first."""
    told: list[Story] = [runs.redefines, runs.completes, runs.explains]
    if "batch_data_capture_config" in account.jobs[job]:
        told.append(runs.completes_in_parts)
    if "columns" in account.jobs[job].get("input", {}):
        told.append(runs.finds_header)
    spec = account.jobs[job].get("input", {})
    if reads_text(spec.get("content_type"), spec.get("split_type", "None")):
        told.append(runs.finds_unfit_data)
    if account.jobs[job].get("workflow", {}).get("overlapping_runs") != "allow":
        told.append(runs.takes_over)
    if account.physical_ids(job, "AWS::CloudWatch::Alarm"):
        told += [messages.tells_of_failure, messages.tells_of_alarm]
    told += [runs.stops, runs.leaves_nothing_running]
    if account.physical_ids(job, "AWS::Lambda::Function", "Upload"):
        told += [starts.puts_off_after_upload, starts.keeps_lost_uploads]
    if account.physical_ids(job, "AWS::Scheduler::Schedule"):
        told += [starts.starts_when_due, starts.keeps_lost_starts]
    return [*told, plain_http.refuses_plain_http]


def otherwise(account: Account, job: str, story: Story) -> str | None:
    """Tell the story: the first thing that is not so, None when it goes as it should."""
    with closing(story(account, job)) as points:
        return next((what for what, is_so in points if not is_so), None)
