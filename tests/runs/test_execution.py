from __future__ import annotations

import pytest

from batch_transform.runs.execution import pause_seconds


@pytest.mark.parametrize(("followed", "pause"), [(0, 0.25), (5, 0.25), (60, 3), (200, 10), (86_400, 10)])
def test_a_long_run_is_polled_less_often(followed: float, pause: float) -> None:
    assert pause_seconds(followed) == pytest.approx(pause)
