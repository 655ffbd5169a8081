"""The checks of each account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from batch_transform.local.emulator.enforcement.permissions import ServiceCaller
from batch_transform.local.emulator.enforcement.roles import trusts
from least_privilege.account import ACCOUNT, Account
from least_privilege.documented import excepted_by, rows_of, table
from least_privilege.mutation import Document, Mutation, mutations
from least_privilege.policies import Policy
from least_privilege.proof import broken, prove
from least_privilege.stories import messages, plain_http, runs
from least_privilege.stories.point import Points
from least_privilege.stories.selection import Story, stories_of

STRANGER = "999999999999"


def failures(account: Account, jobs: Iterable[str]) -> list[str]:
    """Sufficient: with IAM enforced, every story of these jobs succeeds."""
    return [each for job in jobs for each in broken(account, job, stories_of(account, job))]


def unneeded_permissions(
    account: Account, job: str, *, concerns: Callable[[Policy, Mutation], bool]
) -> list[str]:
    """Minimal: some story fails without each permission of the job that `concerns` the proof."""
    stories = stories_of(account, job)
    if runs.scores in stories:
        runs.transform_request(account, job)
    return prove(account, job, account.policies(job), stories, concerns=concerns).unnoticed


def changed_policies(account: Account) -> list[str]:
    """Return the policies that are not what was deployed."""
    now = {str(policy): policy.document for policy in account.read_policies()}
    before = {str(policy): policy.document for policy in account.found}
    return sorted(each for each in {*now, *before} if now.get(each) != before.get(each))


def unneeded_shared_permissions(account: Account, jobs: Sequence[str]) -> list[str]:
    """Minimal, for what the jobs share."""
    notifying: list[Story] = [messages.notifies_of_failure, messages.notifies_of_alarm]
    stories = [refuses_plain_http_anywhere, *(_of(job, story) for story in notifying for job in jobs)]
    # the stories of the first job use the key in every way
    stories += [_of(jobs[0], story) for story in stories_of(account, jobs[0]) if story not in notifying]
    return prove(account, jobs[0], account.policies(None), stories).unnoticed


def _of(job: str, story: Story) -> Story:
    def of_job(account: Account, _job: str) -> Points:
        return story(account, job)

    of_job.__name__ = f"{story.__name__} of {job}"
    return of_job


def refuses_plain_http_anywhere(account: Account, _job: str) -> Points:
    """The resources that jobs share refuse it too."""
    return plain_http.refuses_plain_http(account, None)


def undocumented_permissions(policies: Iterable[Policy]) -> set[str]:
    """Return the permissions without a row in docs/reference/permissions.md."""
    return {
        f"{policy}: {action}"
        for policy in policies
        for action in actions_of(policy.document)
        if not any(action in row.permissions for row in rows_of("Statements", policy))
    }


def unused_exceptions(policies: Iterable[Policy]) -> list[str]:
    """Return the rows of "Not proven here" that no permission needs any more."""
    used = {excepted_by(policy, mutation) for policy in policies for mutation in mutations(policy.document)}
    return [
        f"{row.owner}: {', '.join(row.permissions)}" for row in table("Not proven here") if row not in used
    ]


def actions_of(document: Document) -> set[str]:
    """Return every action in a policy."""
    listed = [statement["Action"] for statement in document["Statement"]]
    return {action for each in listed for action in ([each] if isinstance(each, str) else each)}


def roles_open_to_other_accounts(policies: Iterable[Policy]) -> list[str]:
    """Return the roles that a service may assume on behalf of another account."""
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
