"""The proofs for an account. Each account has its own test file, since parallel runs distribute files.

What takes too long for one file is in several, which deploy the same: each proves one part of the policies.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import ClassVar

import pytest

from least_privilege import checks
from least_privilege.account import Account
from least_privilege.mutation import Mutation
from least_privilege.policies import Policy

UNDER_A_KEY = ("fullest", "served", "registered")
"""The jobs that are deployed under a customer key."""

MODEL_AND_MACHINE, FUNCTIONS, REST = "model and machine", "functions", "rest"
_OWNERS = (
    ("Jobs/*/Model/*", MODEL_AND_MACHINE),
    ("Jobs/*/Workflow/Role", MODEL_AND_MACHINE),
    ("Jobs/*/Workflow/*", FUNCTIONS),
)


def part_of(policy: Policy) -> str:
    """Return the one part that the policy is in."""
    return next((part for owner, part in _OWNERS if fnmatchcase(policy.owner, owner)), REST)


class PartProofs:
    """Least privilege of these jobs, deployed together, with a customer key or without; of these parts of it."""

    jobs: ClassVar[tuple[str, ...]]
    customer_key: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = (MODEL_AND_MACHINE, FUNCTIONS, REST)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "job" in metafunc.fixturenames:
            metafunc.parametrize("job", self.jobs)

    @pytest.mark.timeout(900)
    def test_each_permission_of_a_job_is_needed(self, account: Account, job: str) -> None:
        def is_in_part(policy: Policy, _mutation: Mutation) -> bool:
            return part_of(policy) in self.parts

        assert checks.unneeded_permissions(account, job, concerns=is_in_part) == []

    def test_each_removed_permission_was_restored(self, account: Account) -> None:
        assert checks.changed_policies(account) == []

    def policies(self, account: Account) -> list[Policy]:
        return [policy for job in (None, *self.jobs) for policy in account.policies(job)]


class AccountProofs(PartProofs):
    """The same, and what is proved once for an account, with the permissions that its jobs share."""

    @pytest.mark.timeout(900)
    def test_each_permission_that_jobs_share_is_needed(self, account: Account) -> None:
        assert checks.unneeded_shared_permissions(account, self.jobs) == []

    def test_the_permissions_suffice(self, account: Account) -> None:
        """It runs last, which shows once more that every removed permission was restored."""
        assert checks.failures(account, self.jobs) == []

    def test_no_service_can_use_a_role_for_another_account(self, account: Account) -> None:
        assert checks.roles_open_to_other_accounts(self.policies(account)) == []

    def test_each_permission_is_documented(self, account: Account) -> None:
        assert checks.undocumented_permissions(self.policies(account)) == set()
