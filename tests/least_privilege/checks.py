"""What the tests of each account ask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from batch_transform.local.emulator.enforcement.permissions import ServiceCaller
from batch_transform.local.emulator.enforcement.roles import trusts
from least_privilege.account import ACCOUNT, Account
from least_privilege.documented import excepted_by, rows_of, table
from least_privilege.mutation import Document, mutations
from least_privilege.policies import Policy
from least_privilege.proof import broken, prove
from least_privilege.stories import messages, plain_http
from least_privilege.stories.point import Points
from least_privilege.stories.told import Story, stories_of

STRANGER = "999999999999"


def what_goes_wrong(account: Account, jobs: Iterable[str]) -> list[str]:
    """Sufficient: with IAM enforced, no story of these jobs goes otherwise than it should."""
    return [each for job in jobs for each in broken(account, job, stories_of(account, job))]


def what_nobody_misses(account: Account, job: str) -> list[str]:
    """Minimal: whichever permission of the job is taken out, some story goes otherwise."""
    return prove(account, job, account.policies(job), stories_of(account, job)).unnoticed


def what_nobody_misses_of_all(account: Account, jobs: Sequence[str]) -> list[str]:
    """Minimal, for what the jobs share."""
    telling: list[Story] = [messages.tells_of_failure, messages.tells_of_alarm]
    stories = [refuses_plain_http_anywhere, *(_of(job, story) for story in telling for job in jobs)]
    # every use of the key is in one of the stories of the first job
    stories += [_of(jobs[0], story) for story in stories_of(account, jobs[0]) if story not in telling]
    return prove(account, jobs[0], account.policies(None), stories).unnoticed


def _of(job: str, story: Story) -> Story:
    def told(account: Account, _job: str) -> Points:
        return story(account, job)

    told.__name__ = f"{story.__name__} of {job}"
    return told


def refuses_plain_http_anywhere(account: Account, _job: str) -> Points:
    """What the jobs share refuses it as well."""
    return plain_http.refuses_plain_http(account, None)


def what_is_not_explained(policies: Iterable[Policy]) -> set[str]:
    """The permissions that docs/reference/permissions.md has no row for."""
    return {
        f"{policy}: {action}"
        for policy in policies
        for action in actions_of(policy.document)
        if not any(action in row.permissions for row in rows_of("Statements", policy))
    }


def exceptions_without_use(policies: Iterable[Policy]) -> list[str]:
    """The rows of what is not proven that no permission needs any more."""
    used = {excepted_by(policy, mutation) for policy in policies for mutation in mutations(policy.document)}
    return [
        f"{row.owner}: {', '.join(row.permissions)}" for row in table("Not proven here") if row not in used
    ]


def actions_of(document: Document) -> set[str]:
    """All that a policy speaks of."""
    listed = [statement["Action"] for statement in document["Statement"]]
    return {action for each in listed for action in ([each] if isinstance(each, str) else each)}


def services_that_strangers_could_use(policies: Iterable[Policy]) -> list[str]:
    """The roles whose trust lets a service in that acts for somebody else's account."""
    found = []
    for policy in policies:
        for statement in policy.document["Statement"] if policy.kind == "trust" else []:
            service = statement["Principal"]["Service"]
            role = {"AssumeRolePolicyDocument": policy.document, "Arn": policy.owner}
            assert _lets_in(role, service, ACCOUNT), policy
            if _lets_in(role, service, STRANGER):
                found.append(str(policy))
    return found


def _lets_in(role: Document, service: str, account: str) -> bool:
    return trusts(role, ServiceCaller(service, f"arn:aws:any:us-east-1:{account}:thing"))
