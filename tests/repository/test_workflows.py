"""The workflows of GitHub run what this repository has, with no more rights than they need."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))
TARGETS = set(
    re.findall(r"^([a-z][\w-]*):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)


def workflow(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def commands(path: Path) -> list[str]:
    return [step["run"] for job in workflow(path)["jobs"].values() for step in job["steps"] if "run" in step]


def test_there_is_one_for_each_change_and_one_for_a_release() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_names_targets_that_the_makefile_has(path: Path) -> None:
    named = {target for command in commands(path) for target in re.findall(r"\bmake ([a-z-]+)", command)}
    assert named
    assert named <= TARGETS


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".github/pull_request_template.md"])
def test_a_page_names_targets_that_the_makefile_has(page: str) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    named = {*re.findall(r"`make ([a-z-]+)", text), *re.findall(r"^ {4}make ([a-z-]+)", text, re.MULTILINE)}
    assert named
    assert named <= TARGETS


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_read_the_repository_and_a_job_no_more_than_it_says(path: Path) -> None:
    assert workflow(path)["permissions"] == {"contents": "read"}
    allowed = {"publish": {"id-token": "write"}, "github-release": {"contents": "write"}}
    for name, job in workflow(path)["jobs"].items():
        assert job.get("permissions") == allowed.get(name), name
        assert job["timeout-minutes"] <= 60, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit_with_its_tag_beside_it(path: Path) -> None:
    used = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert used
    for line in used:
        assert re.fullmatch(r"- uses: [\w.-]+/[\w.-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_whoever_opens_a_pull_request_writes_is_in_no_command(path: Path) -> None:
    assert [command for command in commands(path) if "${{" in command] == []


def test_every_python_of_the_package_is_tested_on_both_systems() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    (ci,) = (workflow(path) for path in WORKFLOWS if path.name == "ci.yml")
    matrix = ci["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == versions
    assert [system.partition("-")[0] for system in matrix["os"]] == ["ubuntu", "macos"]


def test_a_release_is_built_with_the_uv_of_the_lock() -> None:
    (release,) = (workflow(path) for path in WORKFLOWS if path.name == "release.yml")
    lock = (PROJECT / "dependencies.lock").read_text(encoding="utf-8")
    assert f'"uv=={release["env"]["UV_VERSION"]}"' in lock
