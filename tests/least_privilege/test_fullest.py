"""Least privilege, proved under a customer key: the fullest job, one behind an endpoint, one of the model registry."""

from __future__ import annotations

from least_privilege import checks
from least_privilege.account import Account
from least_privilege.account_proofs import AccountProofs


class TestFullest(AccountProofs):
    jobs = ("fullest", "served", "registered")
    customer_key = True

    def test_each_exception_of_the_page_is_needed(self, account: Account) -> None:
        assert checks.unused_exceptions(self.policies(account)) == []
