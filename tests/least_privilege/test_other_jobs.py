"""Least privilege, proved for the smallest job, the example, and a job whose model is in the registry."""

from __future__ import annotations

from least_privilege.account_proofs import AccountProofs


class TestOtherJobs(AccountProofs):
    jobs = ("smallest", "tumours", "registered")
