from __future__ import annotations

import re
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from package.clean import Distributions, Workshop, copied_sources
from package.wheelhouse import PROJECT

PACKAGES = {
    "batch_transform": "batch_transform",
    "batch_transform_nag": "batch_transform_nag",
    "batch_transform_cdk": "constructs_lib/batch_transform_cdk",
    "batch_transform_cdk/functions": "lambda",
}


def contents(wheel: Path) -> dict[str, bytes]:
    """The files that a wheel adds to site-packages, without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_everything_in_site_packages_begins_with_batch_transform(distributions: Distributions) -> None:
    for wheel in (distributions.pure, distributions.compiled):
        with zipfile.ZipFile(wheel) as archive:
            assert {name.split("/")[0].split("-")[0] for name in archive.namelist()} == {
                "batch_transform",
                "batch_transform_cdk",
                "batch_transform_nag",
            }


def test_the_pure_wheel_holds_every_file_of_the_packages_and_no_other(distributions: Distributions) -> None:
    expected = {
        f"{package}/{path.relative_to(PROJECT / folder)}"
        for package, folder in PACKAGES.items()
        for path in (PROJECT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".so", ".c", ".h"}
    } - {"batch_transform/local/emulator/patches/README.md"}  # for those who change a patch
    assert set(contents(distributions.pure)) == expected


def test_functions_cases_container_templates_and_types_are_in_the_wheel(distributions: Distributions) -> None:
    files = contents(distributions.pure)
    for name in (
        "batch_transform_cdk/functions/preflight/handler.py",
        "batch_transform/parity/cases/recorded.jsonl",
        "batch_transform/parity/container/serve",
        "batch_transform/job/files/job_schema.py",
        *(
            f"{package}/py.typed"
            for package in ("batch_transform", "batch_transform_cdk", "batch_transform_nag")
        ),
    ):
        assert name in files


def test_the_compiled_wheel_is_the_pure_one_and_the_extension(distributions: Distributions) -> None:
    compiled = contents(distributions.compiled)
    [extension] = set(compiled) - set(contents(distributions.pure))
    assert re.fullmatch(r"batch_transform/engine/_compiled\..*\.so", extension)
    del compiled[extension]
    assert compiled == contents(distributions.pure)


def test_a_wheel_of_the_checkout_is_the_wheel_of_the_sdist(
    workshop: Workshop, distributions: Distributions, tmp_path: Path
) -> None:
    workshop.build(copied_sources(tmp_path / "sources"), tmp_path, "--wheel", pure=True)
    [wheel] = tmp_path.glob("*.whl")
    assert contents(wheel) == contents(distributions.pure)
    assert metadata(wheel).as_string() == metadata(distributions.pure).as_string()


def test_the_oldest_build_tool_makes_the_same_wheel(
    workshop: Workshop, distributions: Distributions, tmp_path: Path
) -> None:
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    [requirement] = pyproject["build-system"]["requires"]
    constraint = tmp_path / "oldest.txt"
    constraint.write_text(requirement.replace(">=", "=="))
    workshop.build(distributions.sdist, tmp_path, "--wheel", "--build-constraint", str(constraint), pure=True)
    [wheel] = tmp_path.glob("*.whl")
    assert contents(wheel) == contents(distributions.pure)


def test_the_sdist_has_no_tests_and_nothing_that_was_built(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    sources = {
        f"batch_transform/engine/c/{path.name}" for path in (PROJECT / "batch_transform/engine/c").iterdir()
    }
    assert sources | {"lambda/preflight/handler.py", "setup.py"} <= names
    assert not [name for name in names if re.search(r"(^tests/|\.so$|\.pyc$|^stacks/|^build/)", name)]


@pytest.fixture
def without_compiler(tmp_path: Path) -> str:
    """An empty PATH."""
    empty = tmp_path / "bin"
    empty.mkdir()
    return str(empty)


def test_the_pure_wheel_needs_no_compiler(
    workshop: Workshop, distributions: Distributions, tmp_path: Path, without_compiler: str
) -> None:
    workshop.build(distributions.sdist, tmp_path, "--wheel", pure=True, path=without_compiler)
    assert [wheel.name for wheel in tmp_path.glob("*.whl")] == [distributions.pure.name]


def test_fails_to_build_the_compiled_wheel_without_a_compiler(
    workshop: Workshop, distributions: Distributions, tmp_path: Path, without_compiler: str
) -> None:
    with pytest.raises(AssertionError, match="build_wheel` failed"):
        workshop.build(distributions.sdist, tmp_path, "--wheel", pure=False, path=without_compiler)


def test_the_metadata_has_what_an_index_shows(distributions: Distributions) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    described = metadata(distributions.pure)
    assert (described["Name"], described["Version"]) == ("batch-transform", project["version"])
    assert described["License-Expression"] == "Apache-2.0"
    assert described["Description-Content-Type"] == "text/markdown"
    shown = str(described.get_payload())
    assert shown.startswith("# batch-transform\n")
    assert re.findall(r"\]\((?!https?:|#)|(?:src|srcset)=\"(?!https?:)", shown) == []  # no link leads nowhere
    assert described.get_all("Provides-Extra") == ["cdk", "compare", "local"]
    assert "Typing :: Typed" in described.get_all("Classifier", [])
    assert described["Keywords"]
