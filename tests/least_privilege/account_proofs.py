"""The proofs for an account. Each account has its own test file, since parallel runs distribute files."""

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
    def test_each_permission_of_a_job_is_needed(self, account: Account, job: str) -> None:
        assert checks.unneeded_permissions(account, job) == []

    @pytest.mark.timeout(900)
    def test_each_permission_that_jobs_share_is_needed(self, account: Account) -> None:
        assert checks.unneeded_shared_permissions(account, self.jobs) == []

    def test_the_permissions_suffice(self, account: Account) -> None:
        """It runs last, which shows that every removed permission was restored."""
        assert checks.failures(account, self.jobs) == []

    def test_no_service_can_use_a_role_for_another_account(self, account: Account) -> None:
        assert checks.roles_open_to_other_accounts(self.policies(account)) == []

    def test_each_permission_is_documented(self, account: Account) -> None:
        assert checks.undocumented_permissions(self.policies(account)) == set()

    def policies(self, account: Account) -> list[Policy]:
        return [policy for job in (None, *self.jobs) for policy in account.policies(job)]
