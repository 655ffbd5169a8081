from __future__ import annotations

import json
from typing import Any

import pytest

from batch_transform.doctor.policy import Access, access_of, trusts

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


def allow(principal: object, action: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action}


@pytest.mark.parametrize(
    ("text", "access"),
    [
        (policy(allow("*", "*")), Access.ACCOUNT),
        (policy(allow({"AWS": "*"}, ["kms:Decrypt"])), Access.ACCOUNT),
        (policy(allow({"AWS": ACCOUNT}, "kms:*")), Access.ACCOUNT),
        (policy(allow({"AWS": ["arn:aws:iam::444455556666:root", ROOT]}, "KMS:de*")), Access.ACCOUNT),
        (policy(allow({"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}, "kms:*")), Access.ACCOUNT),
        (policy(allow({"AWS": f"arn:aws:iam::{ACCOUNT}:role/a"}, "kms:*")), Access.NAMED_ONLY),
        (policy(allow({"AWS": "arn:aws:iam::444455556666:root"}, "kms:*")), Access.NOBODY),
        (policy(allow({"AWS": ROOT}, "kms:Encrypt")), Access.NOBODY),
        (policy({**allow("*", "*"), "Effect": "Deny"}), Access.NOBODY),
        (policy(allow({"Service": "logs.amazonaws.com"}, "kms:*")), Access.NOBODY),
        (json.dumps({"Statement": allow("*", "*")}), Access.ACCOUNT),
        (policy(), Access.NOBODY),
    ],
)
def test_the_access_of_an_account_is_evaluated(text: str, access: Access) -> None:
    assert access_of(ACCOUNT, text, ["kms:Decrypt"]) is access


def test_every_action_must_be_allowed() -> None:
    text = policy(allow({"AWS": ROOT}, "ecr:BatchGetImage"), allow({"AWS": ROOT}, "ecr:GetDownload*"))
    assert access_of(ACCOUNT, text, ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]) is Access.ACCOUNT
    assert access_of(ACCOUNT, text, ["ecr:BatchGetImage", "ecr:PutImage"]) is Access.NOBODY


def test_a_role_trusts_the_services_that_it_names() -> None:
    trust = {"Statement": [allow({"Service": ["sagemaker.amazonaws.com"]}, "sts:AssumeRole")]}
    assert trusts(trust, "sagemaker.amazonaws.com")
    assert not trusts(trust, "lambda.amazonaws.com")
