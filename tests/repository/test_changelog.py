"""The changelog, and the text of a release that is made of it."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = PROJECT / ".github/release_notes.py"
CHANGELOG = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
KINDS = ("Breaking changes", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")

release_notes = cast("Callable[[str, str, str], str]", runpy.run_path(str(SCRIPT))["release_notes"])
TWO = "# Changelog\n\n## 2.0.0 - 2027-01-02\n\n### Added\n- New.\n\n## 1.0.0 - 2026-12-01\n\n### Fixed\n- Old.\n"


def test_the_newest_version_is_the_packages_own() -> None:
    assert re.findall(r"^## (\S+)", CHANGELOG, re.MULTILINE)[0] == VERSION


def test_each_version_has_a_date_but_the_one_that_is_under_way() -> None:
    heads = re.findall(r"^## (\d+\.\d+\.\d+) - (\S+)$", CHANGELOG, re.MULTILINE)
    assert len(heads) == len(re.findall(r"^## ", CHANGELOG, re.MULTILINE))
    numbers = [tuple(map(int, version.split("."))) for version, _ in heads]
    assert numbers == sorted(numbers, reverse=True)
    first, *others = [date for _, date in heads]
    assert re.fullmatch(r"unreleased|\d{4}-\d{2}-\d{2}", first)
    assert all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", date) for date in others)


def test_changes_are_sorted_by_their_kind() -> None:
    for section in CHANGELOG.split("\n## ")[1:]:
        kinds = re.findall(r"^### (.+)$", section, re.MULTILINE)
        assert kinds
        assert kinds == [kind for kind in KINDS if kind in kinds]


def test_a_release_has_its_section_as_text() -> None:
    assert release_notes("v2.0.0", TWO, "2.0.0") == "### Added\n- New.\n"


@pytest.mark.parametrize(
    ("tag", "changelog", "version", "message"),
    [
        ("v1.9.0", TWO, "2.0.0", "the tag is v1.9.0, and the version in pyproject.toml is 2.0.0; tag v2.0.0"),
        ("v2.1.0", TWO, "2.1.0", "the newest section of CHANGELOG.md is 2.0.0, not 2.1.0; add"),
        ("v2.0.0", TWO.replace("2027-01-02", "unreleased"), "2.0.0", "says 'unreleased'; give it the date"),
        ("v2.0.0", "# Changelog\n", "2.0.0", "the newest section of CHANGELOG.md is none"),
    ],
)
def test_fails_when_a_release_is_not_what_the_changelog_says(
    tag: str, changelog: str, version: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        release_notes(tag, changelog, version)


def test_fails_in_one_line_for_a_tag_of_another_version() -> None:
    ended = subprocess.run(
        [sys.executable, SCRIPT, "v0.0.1"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: the tag is v0.0.1, and the version in pyproject.toml is")
