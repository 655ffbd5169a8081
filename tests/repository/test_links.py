"""Every link and every path that the pages for people name leads to something in this repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [
    path.relative_to(PROJECT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", ".github/**/*.md")
    for path in sorted(PROJECT.glob(pattern))
]
_LINK = re.compile(r"\]\((?!https?:|mailto:|<)([^)#\s]*)(?:#([^)\s]+))?\)")
_PATH = re.compile(
    r"`((?:batch_transform|constructs_lib|docs|jobs|lambda|tests|\.github)[\w./-]*(?:/|\.\w+)|[\w-]+\.(?:md|toml|txt|yaml))`"
)


def text_of(page: str) -> str:
    return (PROJECT / page).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page; of several alike, the later ones have a number."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found: list[str] = []
    for heading in re.findall(r"^#+ +(.*?) *$", prose, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return set(found)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    here = PROJECT / page
    dead = []
    for target, anchor in _LINK.findall(text_of(page)):
        there = (here.parent / target).resolve() if target else here
        if not there.is_relative_to(PROJECT) or not there.exists():
            dead.append(target)
        elif anchor and anchor not in anchors(there):
            dead.append(f"{target}#{anchor}")
    assert dead == []


def test_every_path_that_contributors_are_sent_to_is_there() -> None:
    page = text_of("CONTRIBUTING.md")
    named = set(_PATH.findall(page))
    named |= {
        f"batch_transform/job/{name}" for name in re.findall(r"`(rules/\w+\.py)`", page)
    }  # beside others of that folder
    missing = sorted(name for name in named if not (PROJECT / name).exists())
    assert len(named) > 25
    assert missing == []


def test_the_pages_that_a_repository_is_expected_to_have_are_found() -> None:
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/reference/versions.md"} <= {
        *PAGES
    }
    readme, index = text_of("README.md"), text_of("docs/README.md")
    pages = {page.removeprefix("docs/") for page in PAGES if page.startswith("docs/")} - {"README.md"}
    assert [page for page in sorted(pages) if f"({page})" not in index] == []
    assert "(docs/README.md)" in readme
    assert all(
        f"({name})" in readme for name in ("LICENSE", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
    )
