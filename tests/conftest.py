"""The order of the tests in a parallel run, which deals out files."""

from __future__ import annotations

from pathlib import Path

import pytest

_LONG = ("least_privilege", "e2e", "second_interpreter")
"""The folders with the files that take longest, which come first: the last file to end is then a short one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return _LONG.index(folder) if folder in _LONG else len(_LONG)
