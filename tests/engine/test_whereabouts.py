"""Which record it was, in words."""

from __future__ import annotations

import pytest

from batch_transform.engine.whereabouts import record_at


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        (b"1,2", "'1,2'"),
        (b"x" * 60, f"'{'x' * 60}'"),
        (b"x" * 61, f"'{'x' * 60}'..."),
        (b"caf\xe9", "'caf\ufffd'"),
    ],
    ids=["short", "of 60 bytes", "longer", "not UTF-8"],
)
def test_a_record_is_named_by_its_line_and_its_first_60_bytes(record: bytes, shown: str) -> None:
    assert record_at(7, record, "fix it") == f"this is line 7 of the object, which begins {shown}; fix it"


def test_a_record_without_a_line_is_the_whole_object_and_one_of_another_unit_is_named_by_that() -> None:
    assert record_at(0, b"x", "fix it").startswith("this is the whole object, which")
    assert record_at(3, b"x", "fix it", "record").startswith("this is record 3 of the object, which")
