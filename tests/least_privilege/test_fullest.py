"""Least privilege, proved under a customer key: the fullest job, one behind an endpoint, one of the model registry.

Here are the permissions of what starts and watches the jobs, and of what they share.
"""

from __future__ import annotations

from least_privilege import checks
from least_privilege.account import Account
from least_privilege.account_proofs import REST, UNDER_A_KEY, AccountProofs


class TestFullest(AccountProofs):
    jobs = UNDER_A_KEY
    customer_key = True
    parts = (REST,)

    def test_each_exception_of_the_page_is_needed(self, account: Account) -> None:
        assert checks.unused_exceptions(self.policies(account)) == []
