"""Each permission is removed, one at a time, and a story must fail without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from least_privilege.account import Account
from least_privilege.documented import excepted_by
from least_privilege.mutation import Mutation, mutations
from least_privilege.order import likely_first
from least_privilege.policies import Policy
from least_privilege.stories.plain_http import refuses_plain_http
from least_privilege.stories.selection import Story, first_failure


@dataclass
class Proof:
    """The result. `unnoticed` are the permissions that no story needs, `tried` is how many were removed."""

    tried: int = 0
    unnoticed: list[str] = field(default_factory=list)


def prove(
    account: Account,
    job: str,
    policies: Sequence[Policy],
    stories: Sequence[Story],
    *,
    concerns: Callable[[Policy, Mutation], bool] = lambda _policy, _mutation: True,
) -> Proof:
    """Remove each part of the policies that `concerns` the proof, and run the job's stories without it."""
    proof = Proof()
    for policy in policies:
        for mutation in mutations(policy.document):
            if not concerns(policy, mutation) or excepted_by(policy, mutation):
                continue
            same = _general(f"{policy}: {mutation}", job)
            if account.missed.get(same) in {story.__name__ for story in stories}:
                continue  # the same story already failed without it for another job
            proof.tried += 1
            order = likely_first(policy, mutation, stories)
            policy.write(mutation.document)
            try:
                noticed = next((story for story in order if _misses(account, job, story, mutation)), None)
            finally:
                policy.write(policy.document)
            if noticed is None:
                proof.unnoticed.append(f"{policy}: {mutation}")
                continue
            account.missed[same] = noticed.__name__
    return proof


def _misses(account: Account, job: str, story: Story, mutation: Mutation) -> bool:
    """Whether the story fails because what the mutation removed was refused.

    If it fails for another reason, such as a late refusal of the previous mutation, it runs once more.
    """
    for _ in range(2):
        account.refusals.forget()
        if first_failure(account, job, story) is None:
            return False
        if mutation.is_deny or account.refusals.show(mutation):
            return True
    return False


def _general(text: str, job: str) -> str:
    """Return the text without the names of the job, its schedules and its resources."""
    text = re.sub(r"\b[0-9A-Fa-f]{8}[-0-9A-Fa-f]*\b|[0-9A-F]{8}-?[0-9A-F]*", "ID", text)
    return re.sub(r"Schedule-?\w+", "Schedule", re.sub(rf"{job}", "JOB", text))


def broken(account: Account, job: str, stories: Sequence[Story]) -> list[str]:
    """Return the points that fail with all permissions in place, and the calls that are refused.

    A story that fails runs once more, as in `_misses`: a late effect of the one before, such as a model that still
    hangs, isn't a missing permission, which fails it again and is refused.
    """
    found = []
    for story in stories:
        account.refusals.forget()
        what = first_failure(account, job, story)
        if what is not None and not account.refusals.actions():
            what = first_failure(account, job, story)
        if what is not None:
            found.append(f"{story.__name__} of {job}: failed: {what}")
        if story is not refuses_plain_http:
            found += [f"{story.__name__} of {job}: refused: {each}" for each in account.refusals.actions()]
    return found
