"""What holds for all tests: their tiers, their order in a parallel run, which deals out files, signals, memory."""

from __future__ import annotations

import functools
import gc
import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import settings

from tiers import TESTS, TIERS, tier_of

_LONG = (
    "least_privilege/test_other_jobs.py",
    "package/test_init.py",
    "least_privilege/test_fullest.py",
    "e2e/test_machine_faults.py",
    "least_privilege/test_fullest_model_and_machine.py",
    "package/test_project.py",
    "least_privilege/test_fullest_functions.py",
    "e2e/test_at_once.py",
    "least_privilege/test_bad_records.py",
    "e2e/test_run_in_any_app.py",
    "second_interpreter/test_same_result.py",
    "e2e/test_cdk.py",
    "e2e/test_stopped_half_way.py",
    "local/framework/test_aws_toolkits.py",
    "e2e/test_several_stacks.py",
    "e2e/test_retry.py",
    "package",
    "e2e",
    "second_interpreter",
    "cli/test_deployed.py",
)
"""The files, and the folders of files, that take longest. They come first: the last file to end is then a short one.

Files that mostly wait for a local AWS are between those that compute.
"""

_MORE_WORKERS = {"unit": 0, "story": 3, "proof": 4}

# Under nohup the programs that the tests start would ignore SIGHUP, as they should, and not end by it. What a shell
# starts in the background ignores Ctrl-C.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Each session of boto3 reads AWS's models again, which took half of the time of the tests that call commands.
_read = JSONFileLoader.load_file
_read_once = functools.cache(lambda path: _read(JSONFileLoader(), path))
setattr(JSONFileLoader, "load_file", lambda _, path: _read_once(path))  # noqa: B010  # mypy forbids to assign a method

# How long an example takes tells how busy the machine is.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tier", choices=TIERS, action="append", help="run the tests of this tier (tests/tiers.py)"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a test file of another tier, without importing it."""
    if not (collection_path.name.startswith("test_") and collection_path.suffix == ".py"):
        return None
    tier = tier_of(collection_path.relative_to(TESTS))
    wanted = config.getoption("tier")
    return True if wanted and tier not in wanted else None


@pytest.hookimpl(wrapper=True, optionalhook=True)  # so that `-p no:xdist` works too
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """Take more workers than xdist: stories and proofs wait for a local AWS more than they compute."""
    found = yield
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return found
    tiers = config.getoption("tier") or TIERS
    return found + max(_MORE_WORKERS[tier] for tier in tiers)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave the tests out of garbage collection: with 7,000 of them it takes a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    file = item.path.relative_to(TESTS)
    named = (_LONG.index(each.as_posix()) for each in (file, *file.parents) if each.as_posix() in _LONG)
    return next(named, len(_LONG))
