from __future__ import annotations

import pytest

from batch_transform.local.emulator.interpreter.retry import error_matches


@pytest.mark.parametrize(
    ("names", "error", "is_caught"),
    [
        (["States.ALL"], "AnyName", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.TaskFailed", True),
        (["States.ALL"], "States.IntrinsicFailure", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.Runtime"], "States.Runtime", False),
        (["States.TaskFailed"], "AnyName", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.Runtime", False),
        (["Other", "AnyName"], "AnyName", True),
        (["Other"], "AnyName", False),
    ],
)
def test_an_error_is_caught_by_name(names: list[str], error: str, is_caught: bool) -> None:
    assert error_matches(names, error) is is_caught
