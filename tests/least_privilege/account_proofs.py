"""What is proved of an account. Each has a file of its own, since a parallel run deals out files."""

from __future__ import annotations

from typing import ClassVar

import pytest

from least_privilege import checks
from least_privilege.account import Account
from least_privilege.policies import Policy


class AccountProofs:
    """Least privilege of these jobs, deployed together, with a customer key or without."""

    jobs: ClassVar[tuple[str, ...]]
    customer_key: ClassVar[bool] = False

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "job" in metafunc.fixturenames:
            metafunc.parametrize("job", self.jobs)

    @pytest.mark.timeout(900)
    def test_each_permission_of_a_job_is_missed_when_it_is_gone(self, account: Account, job: str) -> None:
        assert checks.what_nobody_misses(account, job) == []

    @pytest.mark.timeout(900)
    def test_each_permission_that_jobs_share_is_missed_when_it_is_gone(self, account: Account) -> None:
        assert checks.what_nobody_misses_of_all(account, self.jobs) == []

    def test_the_permissions_suffice(self, account: Account) -> None:
        """After the others: so each that was gone is back."""
        assert checks.what_goes_wrong(account, self.jobs) == []

    def test_no_service_can_use_a_role_for_another_account(self, account: Account) -> None:
        assert checks.services_that_strangers_could_use(self.policies(account)) == []

    def test_each_permission_is_explained(self, account: Account) -> None:
        assert checks.what_is_not_explained(self.policies(account)) == set()

    def policies(self, account: Account) -> list[Policy]:
        return [policy for job in (None, *self.jobs) for policy in account.policies(job)]
