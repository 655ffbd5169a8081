from __future__ import annotations

from least_privilege.mutation import NOBODY, Document, mutations

READ: Document = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:ListBucket"],
    "Resource": "arn:aws:s3:::b/*",
    "Condition": {"StringEquals": {"kms:ViaService": ["s3", "sns"]}},
}
DENY: Document = {
    "Effect": "Deny",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def changed(*statements: Document) -> dict[str, list[Document]]:
    return {str(each): each.document["Statement"] for each in mutations({"Statement": list(statements)})}


def test_one_part_is_removed_at_a_time() -> None:
    of = " of s3:GetObject, s3:ListBucket"
    assert changed(READ) == {
        f"statement{of}": [],
        f"Action s3:GetObject{of}": [{**READ, "Action": ["s3:ListBucket"]}],
        f"Action s3:ListBucket{of}": [{**READ, "Action": ["s3:GetObject"]}],
        f"wildcard in arn:aws:s3:::b/*{of}": [{**READ, "Resource": [f"arn:aws:s3:::b/{NOBODY}"]}],
        f"Condition kms:ViaService s3{of}": [
            {**READ, "Condition": {"StringEquals": {"kms:ViaService": ["sns"]}}}
        ],
        f"Condition kms:ViaService sns{of}": [
            {**READ, "Condition": {"StringEquals": {"kms:ViaService": ["s3"]}}}
        ],
    }


def test_parts_of_a_deny_are_removed() -> None:
    of = " of deny s3:*"
    assert changed(DENY) == {
        f"statement{of}": [],
        f"Resource arn:aws:s3:::b{of}": [{**DENY, "Resource": ["arn:aws:s3:::b/*"]}],
        f"Resource arn:aws:s3:::b/*{of}": [{**DENY, "Resource": ["arn:aws:s3:::b"]}],
        f"Condition aws:SecureTransport false{of}": [
            {**DENY, "Condition": {"Bool": {"aws:SecureTransport": [NOBODY]}}}
        ],
    }


def test_the_other_statements_stay() -> None:
    assert all(DENY in left for name, left in changed(READ, DENY).items() if "deny" not in name)
    assert all(READ in left for name, left in changed(READ, DENY).items() if "deny" in name)


def test_the_resource_of_every_resource_is_not_narrowed() -> None:
    everything: Document = {"Effect": "Allow", "Action": "logs:CreateLogDelivery", "Resource": "*"}
    assert list(changed(everything)) == ["statement of logs:CreateLogDelivery"]
