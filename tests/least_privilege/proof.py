"""Each permission is taken out, one at a time, and a story must come out otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from least_privilege.account import Account
from least_privilege.documented import Row, excepted_by
from least_privilege.mutation import mutations
from least_privilege.policies import Policy
from least_privilege.stories.told import Story


@dataclass
class Proof:
    """What came of it. `unnoticed` are the permissions that no story misses, `excepted` the rows that were of use."""

    tried: int = 0
    unnoticed: list[str] = field(default_factory=list)
    excepted: set[Row] = field(default_factory=set)


def prove(account: Account, job: str, policies: Sequence[Policy], stories: Sequence[Story]) -> Proof:
    """Mutate the policies while the job tells its stories."""
    proof = Proof()
    for policy in policies:
        order = list(stories)
        for mutation in mutations(policy.document):
            if row := excepted_by(policy, mutation):
                proof.excepted.add(row)
                continue
            proof.tried += 1
            policy.write(mutation.document)
            try:
                noticed = next((story for story in order if not all(story(account, job).values())), None)
            finally:
                policy.write(policy.document)
            if noticed is None:
                proof.unnoticed.append(f"{policy}: {mutation}")
            else:  # what missed the last permission of this policy is likely to miss the next
                order.remove(noticed)
                order.insert(0, noticed)
    return proof


def broken(account: Account, job: str, stories: Sequence[Story]) -> list[str]:
    """What is not as it should be with all permissions in place."""
    return [
        f"{story.__name__} of {job}: not so: {what}"
        for story in stories
        for what, is_so in story(account, job).items()
        if not is_so
    ]
