"""Each permission is taken out, one at a time, and a story must come out otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from least_privilege.account import Account
from least_privilege.documented import Row, excepted_by
from least_privilege.mutation import mutations
from least_privilege.policies import Policy
from least_privilege.stories.told import Story, otherwise


@dataclass
class Proof:
    """What came of it. `unnoticed` are the permissions that no story misses, `excepted` the rows that were of use."""

    tried: int = 0
    unnoticed: list[str] = field(default_factory=list)
    excepted: set[Row] = field(default_factory=set)


def prove(account: Account, job: str, policies: Sequence[Policy], stories: Sequence[Story]) -> Proof:
    """Mutate the policies while the job tells its stories."""
    proof = Proof()
    missing: dict[tuple[str, ...], Story] = {}
    for policy in policies:
        order = list(stories)
        for mutation in mutations(policy.document):
            if row := excepted_by(policy, mutation):
                proof.excepted.add(row)
                continue
            same = _general(f"{policy}: {mutation}", job)
            if account.missed.get(same) in {story.__name__ for story in stories}:
                continue  # another job has the same, and the same story missed it there
            proof.tried += 1
            sort = (policy.kind, *mutation.actions, mutation.part.split(":", 1)[0])
            likely = missing.get(sort)
            if likely is not None:  # a story that missed the same thing in another policy comes first
                order.remove(likely)
                order.insert(0, likely)
            policy.write(mutation.document)
            try:
                noticed = next((story for story in order if otherwise(account, job, story)), None)
            finally:
                policy.write(policy.document)
            if noticed is None:
                proof.unnoticed.append(f"{policy}: {mutation}")
                continue
            missing[sort] = noticed
            account.missed[same] = noticed.__name__
            order.remove(noticed)  # and so does the one that missed the last thing of this policy
            order.insert(0, noticed)
    return proof


def _general(text: str, job: str) -> str:
    """Without the names of the job, its schedules and its resources."""
    text = re.sub(r"\b[0-9A-Fa-f]{8}[-0-9A-Fa-f]*\b|[0-9A-F]{8}-?[0-9A-F]*", "ID", text)
    return re.sub(r"Schedule-?\w+", "Schedule", re.sub(rf"{job}", "JOB", text))


def broken(account: Account, job: str, stories: Sequence[Story]) -> list[str]:
    """What is not as it should be with all permissions in place."""
    return [
        f"{story.__name__} of {job}: not so: {what}"
        for story in stories
        if (what := otherwise(account, job, story)) is not None
    ]
