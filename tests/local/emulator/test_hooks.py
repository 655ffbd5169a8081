from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from batch_transform.job.errors import EmulatorHookError
from batch_transform.local import emulator
from batch_transform.local.emulator.hooks import HOOKS, check

STEP_FUNCTIONS = "ministack.services.stepfunctions"


def is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def used_names(source: str) -> Iterator[tuple[str, str]]:
    """Yield each name of the emulator that a module uses, with the emulator's module that defines it."""
    tree = ast.parse(source)
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ministack"):
            for each in node.names:
                if is_module(f"{node.module}.{each.name}"):
                    modules[each.asname or each.name] = f"{node.module}.{each.name}"
                else:
                    yield node.module, each.name
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in modules
            and not is_module(f"{modules[node.value.id]}.{node.attr}")
        ):
            yield modules[node.value.id], node.attr


def test_the_pinned_emulator_has_every_hook() -> None:
    check()


def test_the_hooks_are_the_names_that_the_code_uses() -> None:
    folder = Path(emulator.__file__).parent
    used = {each for path in folder.rglob("*.py") for each in used_names(path.read_text(encoding="utf-8"))}
    listed = {
        (module, hook.partition("(")[0].partition(":")[0])
        for module, hooks in HOOKS.items()
        for hook in hooks
    }
    assert used == listed


@pytest.mark.parametrize(
    ("module", "hook"),
    [
        (STEP_FUNCTIONS, "_no_such_thing"),
        ("ministack.services.no_such_service", "handle_request"),
    ],
)
def test_fails_naming_a_missing_hook(module: str, hook: str) -> None:
    with pytest.raises(
        EmulatorHookError,
        match=rf"the emulator lacks {module}:{hook}: ministack \S+ is installed, \S+ is needed",
    ):
        check({**HOOKS, module: (f"{hook}: dict",)})


def test_fails_naming_a_hook_whose_parameters_have_changed() -> None:
    with pytest.raises(EmulatorHookError, match=r"_run_execution\(arn\), but has _run_execution\(exec_arn\)"):
        check({STEP_FUNCTIONS: ("_run_execution(arn)",)})


def test_fails_naming_a_hook_that_is_something_else() -> None:
    with pytest.raises(EmulatorHookError, match=r"_SCHEDULE_TICK_INTERVAL: dict, but has .*: int"):
        check({"ministack.services.scheduler": ("_SCHEDULE_TICK_INTERVAL: dict",)})


def test_all_missing_hooks_are_named_at_once() -> None:
    with pytest.raises(EmulatorHookError, match=r"ministack\.app:a; ministack\.app:b"):
        check({"ministack.app": ("a: dict", "b: dict")})
