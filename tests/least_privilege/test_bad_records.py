"""Least privilege of what `bad_records` adds to a job. With a customer key, of its use: the rest is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from least_privilege import checks
from least_privilege.account import Account, deployed
from least_privilege.mutation import Mutation
from least_privilege.policies import Policy
from least_privilege.proof import broken, prove
from least_privilege.stories import bad_records
from least_privilege.stories.selection import Story

JOB = "lenient"
STORIES: list[Story] = [
    bad_records.leaves_bad_records_out,
    bad_records.ends_its_upload,
    bad_records.deletes_sections_when_stopped,
]


@pytest.fixture(scope="module", params=[False, True], ids=["without-a-key", "customer-key"])
def with_key(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def account(with_key: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with deployed(tmp_path_factory.mktemp("account"), [JOB], customer_key=with_key) as there:
        bad_records.put_data(there, JOB)
        yield there


def is_added(policy: Policy, mutation: Mutation) -> bool:
    """Whether it is of the function, or of what the others have for it and for the sections."""
    is_of_function = "/BadRecords" in policy.owner or "BadRecords" in mutation.part
    return is_of_function or "_sections/" in json.dumps(mutation.statement)


def uses_key(policy: Policy, mutation: Mutation) -> bool:
    return is_added(policy, mutation) and any(action.startswith("kms:") for action in mutation.actions)


@pytest.mark.timeout(900)
def test_each_permission_that_bad_records_add_is_needed(account: Account, with_key: bool) -> None:
    concerns = uses_key if with_key else is_added
    proof = prove(account, JOB, account.policies(JOB), STORIES, concerns=concerns)
    assert proof.unnoticed == []
    assert proof.tried >= 6


def test_the_permissions_suffice(account: Account) -> None:
    assert broken(account, JOB, STORIES) == []


def test_each_permission_is_documented(account: Account) -> None:
    assert checks.undocumented_permissions(account.policies(JOB)) == set()
