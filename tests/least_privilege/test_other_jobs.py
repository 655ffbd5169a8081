"""Least privilege, proved for the smallest job, the example, and a job whose model is in the registry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from least_privilege import checks
from least_privilege.account import Account, deployed
from least_privilege.stories.runs import put_data

JOBS = ("smallest", "tumours", "registered")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with deployed(tmp_path_factory.mktemp("jobs"), JOBS) as there:
        for job in JOBS:
            put_data(there, job)
        yield there


def test_the_permissions_suffice(account: Account) -> None:
    assert checks.what_goes_wrong(account, JOBS) == []


@pytest.mark.timeout(900)
@pytest.mark.parametrize("job", JOBS)
def test_each_permission_of_a_job_is_missed_when_it_is_gone(account: Account, job: str) -> None:
    assert checks.what_nobody_misses(account, job) == []


@pytest.mark.timeout(900)
def test_each_permission_that_jobs_share_is_missed_when_it_is_gone(account: Account) -> None:
    assert checks.what_nobody_misses_of_all(account, JOBS) == []


def test_no_service_can_use_a_role_for_another_account(account: Account) -> None:
    policies = [policy for job in JOBS for policy in account.policies(job)]
    assert checks.services_that_strangers_could_use(policies) == []


def test_each_permission_is_explained(account: Account) -> None:
    policies = [*account.policies(None), *(policy for job in JOBS for policy in account.policies(job))]
    assert checks.what_is_not_explained(policies) == set()
