from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePath

import pytest

from tiers import TESTS, TIER_OF, TIERS, tier_of


def test_every_test_file_is_in_one_tier() -> None:
    files = {path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    assert len(files) > 200
    assert set(Counter(tier_of(file) for file in files)) == set(TIERS)


def test_the_entry_that_names_most_of_a_path_decides() -> None:
    assert tier_of(PurePath("local/test_server.py")) == "story"
    assert tier_of(PurePath("local/clients/test_aws_cli.py")) == "proof"
    assert tier_of(PurePath("local/framework/test_aws_toolkits.py")) == "proof"


def test_every_entry_names_a_file_or_folder_with_tests() -> None:
    there = {
        named.as_posix() for path in TESTS.rglob("test_*.py") for named in _names(path.relative_to(TESTS))
    }
    assert set(TIER_OF) <= there


def _names(path: PurePath) -> list[PurePath]:
    return [path, *path.parents]


def test_fails_for_a_folder_that_no_entry_names() -> None:
    with pytest.raises(LookupError, match=r"tests/new/test_it\.py is in no tier"):
        tier_of(PurePath("new/test_it.py"))


def test_pytest_runs_the_files_of_a_tier_alone(tmp_path: Path) -> None:
    """With the files that choose, and a test in each of three folders."""
    for name in ("conftest.py", "tiers.py"):
        shutil.copyfile(TESTS / name, tmp_path / name)
    for folder in ("job", "e2e", "least_privilege"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"test_{folder}.py").write_text("def test_it(): pass\n")
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "--import-mode=importlib"]
    listed = subprocess.run(
        [
            *command,
            "--config-file=/dev/null",
            "--override-ini=pythonpath=.",
            f"--rootdir={tmp_path}",
            "--tier=proof",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTEST_ADDOPTS": ""},  # such as -v, which lists the tests in another form
    )
    assert re.findall(r"^(\S+)::", listed.stdout, re.MULTILINE) == ["least_privilege/test_least_privilege.py"]
