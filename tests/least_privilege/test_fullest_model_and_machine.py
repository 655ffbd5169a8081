"""Least privilege of the same jobs as in test_fullest.py: the roles of their models and state machines."""

from __future__ import annotations

from least_privilege.account_proofs import MODEL_AND_MACHINE, UNDER_A_KEY, PartProofs


class TestModelAndMachine(PartProofs):
    jobs = UNDER_A_KEY
    customer_key = True
    parts = (MODEL_AND_MACHINE,)
