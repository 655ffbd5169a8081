from __future__ import annotations

import pytest

from batch_transform.job.errors import EmulatorHookError
from batch_transform.local.emulator.hooks import HOOKS, check


def test_the_pinned_emulator_has_every_hook() -> None:
    check()


@pytest.mark.parametrize(
    "hook",
    [
        "ministack.services.stepfunctions:_no_such_thing",
        "ministack.services.no_such_service:handle_request",
    ],
)
def test_fails_naming_a_hook_that_is_gone(hook: str) -> None:
    with pytest.raises(
        EmulatorHookError, match=rf"the emulator lacks {hook}: ministack \S+ is installed, \S+ is needed"
    ):
        check({**HOOKS, hook: dict})


def test_fails_naming_a_hook_whose_parameters_have_changed() -> None:
    name = "ministack.services.stepfunctions:_execute_task"
    with pytest.raises(EmulatorHookError, match=r"_execute_task\(state, context\)"):
        check({name: ("state", "context")})


def test_fails_naming_a_hook_that_is_something_else() -> None:
    name = "ministack.services.scheduler:_SCHEDULE_TICK_INTERVAL"
    with pytest.raises(EmulatorHookError, match=f"{name} as dict"):
        check({name: dict})


def test_all_hooks_that_are_gone_are_named_at_once() -> None:
    with pytest.raises(EmulatorHookError, match=r"ministack\.app:a; ministack\.app:b"):
        check({"ministack.app:a": dict, "ministack.app:b": dict})
