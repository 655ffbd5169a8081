"""Least privilege, proved for a job with everything in it and one behind an endpoint, under a customer key."""

from __future__ import annotations

from least_privilege import checks
from least_privilege.account import Account
from least_privilege.account_proofs import AccountProofs


class TestFullest(AccountProofs):
    jobs = ("fullest", "served")
    customer_key = True

    def test_no_exception_of_the_page_is_without_use(self, account: Account) -> None:
        assert checks.exceptions_without_use(self.policies(account)) == []
