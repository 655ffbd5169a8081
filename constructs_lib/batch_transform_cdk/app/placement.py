"""Which job goes into which stack: a pure function of the jobs' names and sizes.

CloudFormation allows 500 resources and a template of 1 MB for a stack. While all jobs fit, they are all in stack 0.
When the jobs of a stack no longer fit, only that stack splits in two: each of its jobs stays or moves by the next bit
of the hash of its name (extendible hashing). So a new job moves others only out of the stack that it fills up, about
half of them, and never between other stacks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from batch_transform.job.values.job_spec import JobSpec

MOST_RESOURCES = 400
"""Four fifths of CloudFormation's limit, above which the CDK warns."""

MOST_BYTES = 950_000
"""Below CloudFormation's limit with room for what the jobs share. The CDK warns above 800,000, and would split a stack
of 17 jobs: a job that moves to another stack loses the history of its runs."""

SHARED_RESOURCES = 30
"""The shared resources in stack 0: buckets, key, topic, dashboard."""

_DEFINITION_AND_ROW_BYTES = 18_300
"""How much larger the state machine and the job's dashboard row are than other resources."""

_STATES_OF_A_SETTING_BYTES = 4_000
"""What `workflow.max_cost` and `bad_records` each add to the state machine."""

_MODEL_BYTES = 2_500
"""How much larger a model that the stack defines is, with its role, than other resources."""

_PLACES_OF_COLUMNS = 6
"""How often a template has the names of a job's columns: in the request, and in each state that passes them."""


def stacks_of(jobs: Sequence[JobSpec]) -> dict[int, list[JobSpec]]:
    """Return the jobs of each stack by the stack's number. Stack 0 always exists, even without jobs."""
    found: dict[int, list[JobSpec]] = {0: []}
    _split(0, 0, list(jobs), found)
    return dict(sorted(found.items()))


def parent_of(number: int, stacks: Mapping[int, object]) -> int:
    """Return the stack that this one split off from, or its nearest ancestor that exists."""
    while number:
        number -= 1 << (number.bit_length() - 1)
        if number in stacks:
            return number
    raise ValueError("stack 0 split off from nothing")


def _split(number: int, depth: int, jobs: list[JobSpec], found: dict[int, list[JobSpec]]) -> None:
    if not jobs:
        return
    if len(jobs) == 1 or _fit(jobs, is_first=number == 0):
        found[number] = jobs
        return
    _split(number, depth + 1, [job for job in jobs if not _bit(job, depth)], found)
    _split(number + (1 << depth), depth + 1, [job for job in jobs if _bit(job, depth)], found)


def _bit(job: JobSpec, place: int) -> bool:
    digest = hashlib.sha256(job.name.encode()).digest()
    return bool(int.from_bytes(digest, "big") >> place & 1)


def _fit(jobs: Sequence[JobSpec], *, is_first: bool) -> bool:
    room = MOST_RESOURCES - (SHARED_RESOURCES if is_first else 0)
    return sum(map(most_resources, jobs)) <= room and sum(map(most_bytes, jobs)) <= MOST_BYTES


def most_resources(job: JobSpec) -> int:
    """Return the maximum number of a job's resources. A test compares it with templates."""
    schedules, on_upload = len(job.triggers.schedule), job.triggers.on_upload
    started = 4 if schedules or on_upload is not None else 0
    notified = len(job.notify.email) + 2 if job.notify.email else 0  # the job's own topic, with its policy
    bad_records = 5 if job.bad_records is not None else 0
    return 23 + started + 2 * schedules + (8 if on_upload is not None else 0) + notified + bad_records


def most_bytes(job: JobSpec) -> int:
    """Return the maximum size of a job in a template, in bytes. A test compares it with templates."""
    names = sum(len(json.dumps(json.dumps(name))) for name in (*job.input.columns, *job.output.columns))
    settings = sum(setting is not None for setting in (job.workflow.max_cost, job.bad_records))
    return (
        _DEFINITION_AND_ROW_BYTES
        + 1_500 * most_resources(job)
        + (_MODEL_BYTES if job.model.existing is None else 0)
        + _STATES_OF_A_SETTING_BYTES * settings
        + _PLACES_OF_COLUMNS * names
    )
