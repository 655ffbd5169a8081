"""Least privilege of the same jobs as in test_fullest.py: the functions of their runs."""

from __future__ import annotations

from least_privilege.account_proofs import FUNCTIONS, UNDER_A_KEY, PartProofs


class TestFunctions(PartProofs):
    jobs = UNDER_A_KEY
    customer_key = True
    parts = (FUNCTIONS,)
