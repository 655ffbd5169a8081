"""What holds for all tests: their order in a parallel run, which deals out files, and their signals."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

_LONG = ("least_privilege", "e2e", "second_interpreter")
"""The folders with the files that take longest, which come first: the last file to end is then a short one."""

# Under nohup the programs that the tests start would ignore SIGHUP, as they should, and not end by it.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return _LONG.index(folder) if folder in _LONG else len(_LONG)
