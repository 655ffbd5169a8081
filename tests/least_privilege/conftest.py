from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("least_privilege.account_proofs")

from least_privilege.account import Account, deployed  # noqa: E402  # what asserts is registered before
from least_privilege.stories.runs import put_data  # noqa: E402  # as above


@pytest.fixture(scope="class")
def account(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The account of a class of `AccountProofs`."""
    jobs, customer_key = request.cls.jobs, request.cls.customer_key
    with deployed(tmp_path_factory.mktemp("account"), jobs, customer_key=customer_key) as there:
        for job in jobs:
            put_data(there, job)
        yield there
