"""Which part of the source imports which, as how-it-works/design.md has it; and who may import the large packages.

Imports within functions count too. `lambda/` and the framework server run in other places, with less beside them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ROOTS = (PROJECT, PROJECT / "constructs_lib")
JOB = "batch_transform.job"
LOCAL = "batch_transform.local"
PARTS = {f"{LOCAL}.{part}" for part in ("emulator", "sagemaker", "model_server")}

MAY_IMPORT = {
    JOB: set(),
    "batch_transform.engine": {JOB},
    f"{LOCAL}.cloudwatch": set(),
    f"{LOCAL}.framework": {JOB},
    f"{LOCAL}.model_server": {LOCAL, JOB},
    f"{LOCAL}.sagemaker": {f"{LOCAL}.model_server", LOCAL, "batch_transform.engine", JOB},
    f"{LOCAL}.emulator": {*PARTS, f"{LOCAL}.cloudwatch", LOCAL, JOB},
    LOCAL: {*PARTS, "batch_transform.engine", JOB},
    "batch_transform.runs": {JOB},
    "batch_transform.explain": {JOB, "batch_transform.engine"},
    "batch_transform.scaffold": {JOB},
    "batch_transform.adopt": {
        JOB,
        "batch_transform.scaffold",
        "batch_transform.engine",
        "batch_transform.explain",
    },
    "batch_transform.parity": {JOB, "batch_transform.engine", LOCAL},
    "batch_transform.preview": {JOB, "batch_transform.engine", "batch_transform.runs", LOCAL, *PARTS},
    "batch_transform.cli": {"batch_transform"},  # everything
    "batch_transform_nag": {JOB},
    "batch_transform_cdk": {JOB, "batch_transform_cdk.app"},  # app: its __init__ alone, see below
    "batch_transform_cdk.app": {"batch_transform_cdk", "batch_transform_nag", JOB},
    "stacks": {"batch_transform_cdk"},
    "lambda": {JOB},
}
"""A part, and the parts that it may import beside itself. A part is the longest name here that leads a module's."""

OURS = {"batch_transform", "batch_transform_cdk", "batch_transform_nag", "stacks"}
ONLY_IN = {
    "aws_cdk": ("batch_transform_cdk", "batch_transform_nag.pack", "stacks"),
    "constructs": ("batch_transform_cdk", "stacks"),
    "ministack": (f"{LOCAL}.emulator",),
    "yaml": (
        "batch_transform.job.files.yaml_document",
        "batch_transform.scaffold.yaml_scalar",
        "batch_transform.cli.overrides_option",
        f"{LOCAL}.model_server.image",
    ),
    "click": ("batch_transform.cli",),
}


def part_of(module: str) -> str | None:
    names = module.split(".")
    found = (".".join(names[:length]) for length in range(len(names), 0, -1))
    return next((name for name in found if name in MAY_IMPORT), None)


def modules() -> Iterator[tuple[str, Path]]:
    for root in ROOTS:
        for package in ("batch_transform", "batch_transform_nag", "batch_transform_cdk", "stacks", "lambda"):
            for path in sorted((root / package).rglob("*.py")):
                inside = path.relative_to(root).with_suffix("")
                if inside.parts[:2] != ("batch_transform", "templates"):  # of projects that init makes
                    yield ".".join(inside.parts).removesuffix(".__init__"), path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            whole = node.module or ""
            yield from (
                (f"{whole}.{name.name}" for name in node.names) if part_of(whole) is None else (whole,)
            )


IMPORTS = sorted({(module, name) for module, path in modules() for name in imported(path)})


def test_every_module_belongs_to_a_part() -> None:
    found = dict(modules())
    assert len(found) > 300
    assert {module for module in found if part_of(module) is None} == {"batch_transform"}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_what_the_design_allows(part: str) -> None:
    allowed = MAY_IMPORT[part]
    wrong = [
        f"{module} imports {name}"
        for module, name in IMPORTS
        if part_of(module) == part
        and name.partition(".")[0] in OURS
        and part_of(name) not in {part, *allowed}
        and not ("batch_transform" in allowed and name.startswith("batch_transform."))
    ]
    assert wrong == []


def test_constructs_know_nothing_of_an_app_of_job_files() -> None:
    assert [
        module
        for module, name in IMPORTS
        if name.startswith("batch_transform_cdk.app") and ".app" not in module
    ] == ["batch_transform_cdk"]


@pytest.mark.parametrize("package", ONLY_IN)
def test_a_large_package_is_imported_where_it_is_needed_and_nowhere_else(package: str) -> None:
    places = ONLY_IN[package]
    used = [module for module, name in IMPORTS if name.partition(".")[0] == package]
    assert used
    assert [
        module for module in used if not any(f"{module}.".startswith(f"{place}.") for place in places)
    ] == []


def test_a_job_needs_the_standard_library_alone_since_it_runs_in_the_functions_too() -> None:
    others = {
        name.partition(".")[0]
        for module, name in IMPORTS
        if part_of(module) == JOB and module != "batch_transform.job.files.yaml_document"
    }
    assert others - sys.stdlib_module_names - OURS == set()


def test_the_design_names_every_part() -> None:
    page = (PROJECT / "docs/how-it-works/design.md").read_text(encoding="utf-8")
    rooms = " ".join(re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE))
    for part in MAY_IMPORT:
        assert part.rpartition(".")[2] in rooms, part
