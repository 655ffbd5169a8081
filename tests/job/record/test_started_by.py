from __future__ import annotations

import pytest

from batch_transform.job.record.started_by import PARENT, started_by

MACHINE = "arn:aws:states:eu-west-1:123456789012:execution:churn"


@pytest.mark.parametrize(
    ("name", "run_input", "kind", "who"),
    [
        ("schedule-d32c5kddcf5bb8c3", {}, "Schedule", None),
        ("schedule-sunday-early-d32c5kddcf5bb8c3", {}, "Schedule", "sunday-early"),
        ("upload-d32c5kddcf5bb8c3", {}, "Upload", None),
        ("start-20261122T020001-0a1b2c3d", {}, "Person", None),
        ("start-20261122T020001-0a1b2c3d-jane-doe", {}, "Person", "jane-doe"),
        (
            "0a1b2c3d-1111-2222-3333-444444444444",
            {PARENT: "arn:of:a:parent"},
            "StateMachine",
            "arn:of:a:parent",
        ),
        ("0a1b2c3d-1111-2222-3333-444444444444", {}, "Unknown", None),
        ("start-of-the-month", {}, "Unknown", None),
        ("nightly", [], "Unknown", None),
        ("nightly", None, "Unknown", None),
        ("nightly", {PARENT: 7}, "Unknown", None),
    ],
)
def test_the_name_and_the_input_say_what_started_a_run(
    name: str, run_input: object, kind: str, who: str | None
) -> None:
    assert started_by(f"{MACHINE}:{name}", run_input) == {"Type": kind, "Name": who}
