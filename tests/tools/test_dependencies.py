from __future__ import annotations

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tools.dependencies import (
    LOCK,
    PROJECT,
    PROJECT_EXTRAS,
    PROJECT_GROUPS,
    REQUIREMENTS,
    declared,
    main,
    own_environments,
    pinned,
)

EVERY_PYTHON = ("3.11.2", "3.12.0", "3.13.0", "3.14.0")
EVERY_PLATFORM = ("linux", "darwin")


def direct(environment: str) -> list[Requirement]:
    """What pyproject.toml asks for in an environment."""
    found = declared()
    if environment != PROJECT:
        return [Requirement(line) for line in found["dependency-groups"][environment]]
    project = found["project"]
    lines = [*project["dependencies"]]
    for extra in PROJECT_EXTRAS:
        lines += project["optional-dependencies"][extra]
    for group in PROJECT_GROUPS:
        lines += found["dependency-groups"][group]
    return [Requirement(line) for line in lines]


def is_for(requirement: Requirement, python: str, platform: str) -> bool:
    """Say whether the requirement is one on this Python and platform."""
    there = {
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": platform,
        "platform_machine": {"linux": "x86_64", "darwin": "arm64"}[platform],
    }
    return requirement.marker is None or requirement.marker.evaluate(there)


def pins(lines: list[str], python: str = "3.11.2", platform: str = "linux") -> dict[str, str]:
    """Return package -> version on a Python and platform."""
    found: dict[str, str] = {}
    for line in lines:
        requirement = Requirement(line)
        if is_for(requirement, python, platform):
            assert requirement.name not in found, f"{requirement.name} is pinned twice"
            found[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return found


ENVIRONMENTS = [PROJECT, *own_environments()]
each = pytest.mark.parametrize("environment", ENVIRONMENTS)


@each
@pytest.mark.parametrize("platform", EVERY_PLATFORM)
@pytest.mark.parametrize("python", EVERY_PYTHON)
def test_the_lock_has_each_direct_dependency_inside_its_range(
    environment: str, python: str, platform: str
) -> None:
    there = pins(pinned(environment), python, platform)
    wanted = [each for each in direct(environment) if is_for(each, python, platform)]
    assert wanted
    outside = [
        str(each)
        for each in wanted
        if not each.specifier.contains(there.get(canonicalize_name(each.name), "0"), prereleases=True)
    ]
    assert outside == []


def test_the_lock_has_no_environment_that_pyproject_does_not_name() -> None:
    assert re.findall(r"^(\S+) = \[$", LOCK.read_text(), re.MULTILINE) == ENVIRONMENTS


@each
def test_each_line_is_a_package_at_one_version_and_no_address(environment: str) -> None:
    form = re.compile(r"[a-z0-9.-]+==[0-9a-z.+]+( ; [a-z_ '\"<>=!.0-9A-Z()]+)?")
    assert [line for line in pinned(environment) if not form.fullmatch(line)] == []


def test_requirements_txt_is_what_the_core_and_the_cdk_extra_need_as_the_lock_says() -> None:
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert set(lines) <= set(pinned(PROJECT))
    assert set(pins(lines)) == _closure({"batch-transform"}, extra="cdk") - {"batch-transform"}


def _closure(names: set[str], extra: str) -> set[str]:
    """Return these packages and what they need, by the metadata of what is installed."""
    found, todo = set(names), [(name, extra) for name in names]
    while todo:
        name, extra = todo.pop()
        for line in metadata.requires(name) or ():
            requirement = Requirement(line)
            if requirement.marker and not any(
                requirement.marker.evaluate({"extra": wanted}) for wanted in ("", extra)
            ):
                continue
            needed = canonicalize_name(requirement.name)
            if needed not in found:
                found.add(needed)
                todo += [(needed, wanted) for wanted in ("", *requirement.extras)]
    return found


def test_the_lock_is_for_the_oldest_python_that_the_project_supports() -> None:
    supported = SpecifierSet(declared()["project"]["requires-python"])
    assert [python for python in EVERY_PYTHON if python not in supported] == []


def test_pins_are_printed_as_pip_reads_them(capsys: pytest.CaptureFixture[str]) -> None:
    main(["pins", "moto"])
    assert capsys.readouterr().out.splitlines() == pinned("moto")
    assert "moto==5.2.5" in pinned("moto")


def test_fails_for_an_environment_that_pyproject_does_not_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["environment", "mota"])
    assert "invalid choice: 'mota' (choose from" in capsys.readouterr().err
