from __future__ import annotations

import pytest

from least_privilege import checks
from least_privilege.account import Account
from least_privilege.mutation import mutations
from least_privilege.order import LIKELY, likely_first
from least_privilege.policies import Policy
from least_privilege.stories import bad_records, messages, plain_http, records, runs, starts
from least_privilege.stories.point import Points
from least_privilege.stories.selection import Story

LOGS = {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}
MODULES = (bad_records, messages, plain_http, records, runs, starts, checks)


def order(owner: str, *stories: Story) -> list[str]:
    policy = Policy(owner, "identity", {"Statement": [LOGS]}, lambda _document: None)
    (mutation,) = mutations(policy.document)
    return [story.__name__ for story in likely_first(policy, mutation, stories)]


def story_of(job: str) -> Story:
    def notifies(_account: Account, _job: str) -> Points:
        yield "notifies", True

    notifies.__name__ = f"notifies_of_failure of {job}"
    return notifies


@pytest.mark.parametrize("name", sorted({name for *_, names in LIKELY for name in names.split()}))
def test_each_story_in_the_table_exists(name: str) -> None:
    assert any(callable(getattr(module, name, None)) for module in MODULES)


def test_likely_stories_are_first_and_the_others_follow() -> None:
    stories = (runs.completes, starts.starts_when_due, runs.explains)
    assert order("Jobs/churn/Workflow/Report/Role", *stories) == ["explains", "completes", "starts_when_due"]


def test_the_story_of_the_job_in_the_statement_is_first() -> None:
    document = {
        "Statement": [{**LOGS, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:events:::rule/fraud"}}}]
    }
    policy = Policy("Notifications/Notify", "resource", document, lambda _document: None)
    first = [
        likely_first(policy, each, [story_of("churn"), story_of("fraud")])[0].__name__
        for each in mutations(document)
    ]
    assert set(first) == {"notifies_of_failure of fraud"}
