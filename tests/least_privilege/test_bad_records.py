"""Least privilege of what `bad_records` adds to a job. With a customer key, the permissions are shown to suffice."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from least_privilege import checks
from least_privilege.account import Account, deployed
from least_privilege.mutation import mutations
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


def added_policies(account: Account) -> Iterator[Policy]:
    """The policies of the function, and what the others have for the sections."""
    for policy in account.policies(JOB):
        if "/BadRecords" in policy.owner or any(
            is_of_sections(each.statement) for each in mutations(policy.document)
        ):
            yield policy


def is_of_sections(statement: dict[str, object]) -> bool:
    return "_sections/" in json.dumps(statement)


@pytest.mark.timeout(1800)
def test_each_permission_that_bad_records_add_is_needed(
    account: Account, with_key: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if with_key:
        pytest.skip(
            "results and sections are in one bucket, to which S3 binds both under a bucket key: any of the statements "
            "on the key allows all of it there, and each is needed only in a bucket without a bucket key"
        )

    def of_sections(document: dict[str, object]) -> Iterator[object]:
        return (each for each in mutations(document) if document in own or is_of_sections(each.statement))

    policies = list(added_policies(account))
    own = [policy.document for policy in policies if "/BadRecords" in policy.owner]
    monkeypatch.setattr("least_privilege.proof.mutations", of_sections)
    assert len(policies) >= 2
    assert prove(account, JOB, policies, STORIES).unnoticed == []


def test_the_permissions_suffice(account: Account) -> None:
    assert broken(account, JOB, STORIES) == []


def test_each_permission_is_documented(account: Account) -> None:
    assert checks.undocumented_permissions(account.policies(JOB)) == set()
