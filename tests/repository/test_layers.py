"""What import-linter cannot check of the layers; pyproject.toml has the rest.

The Lambda functions are in `lambda`, a keyword, so their modules have no importable names. The job may import nothing
but the standard library: a list of what is allowed, where import-linter wants what is forbidden.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_transform_cdk.ground.workflow_function import ENGINE_MODULES

PROJECT = Path(__file__).resolve().parents[2]
JOB = PROJECT / "batch_transform/job"
SHARED = PROJECT / "lambda/shared"
FUNCTIONS = [path.parent for path in sorted(PROJECT.glob("lambda/*/handler.py"))]
IN_LAMBDA = {*sys.stdlib_module_names, "boto3", "botocore"}  # what the runtime has
NOT_SHIPPED = "batch_transform.job.files"
OF_ENGINE = {
    function: {f"batch_transform.engine.{module}" for module in modules}
    for function, modules in ENGINE_MODULES.items()
}


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each module of the folder with each name that it imports, also within functions."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((str(path.relative_to(PROJECT)), name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: a relative import"
                yield str(path.relative_to(PROJECT)), node.module or ""


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_function_imports_what_is_shipped_with_it(function: Path) -> None:
    beside_it = {path.stem for folder in (function, SHARED) for path in folder.glob("*.py")}
    assert [
        f"{module} imports {name}"
        for module, name in imported(function)
        if name.partition(".")[0] not in IN_LAMBDA | beside_it
        and not (
            f"{name}.".startswith("batch_transform.job.") and not f"{name}.".startswith(f"{NOT_SHIPPED}.")
        )
        and name not in OF_ENGINE.get(function.name, ())
    ] == []


def test_what_functions_share_has_no_name_of_a_module_of_one_of_them() -> None:
    shared = {path.name for path in SHARED.glob("*.py")}
    assert [path for function in FUNCTIONS for path in function.glob("*.py") if path.name in shared] == []


@pytest.mark.parametrize("function", OF_ENGINE)
def test_the_shipped_modules_of_the_engine_need_one_another_and_the_job_alone(function: str) -> None:
    shipped = {f"{name.replace('.', '/')}.py" for name in OF_ENGINE[function]}
    assert {
        (module, name)
        for module, name in imported(PROJECT / "batch_transform/engine")
        if module in shipped
        and name.partition(".")[0] not in {*sys.stdlib_module_names, "_typeshed"}
        and not f"{name}.".startswith("batch_transform.job.")
        and name not in OF_ENGINE[function]
    } == {("batch_transform/engine/compiled.py", "batch_transform.engine")}  # the filters in C, or none


def test_the_job_needs_the_standard_library_alone_since_it_runs_in_the_functions_too() -> None:
    assert {
        (module, name)
        for module, name in imported(JOB)
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "batch_transform"}
    } == {("batch_transform/job/files/yaml_document.py", "yaml")}


def test_the_design_names_every_room() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = [
        layer
        for contract in contracts
        if contract.get("containers") in (["batch_transform"], ["batch_transform.local"])
        for layer in contract["layers"]
    ]
    names = [name for layer in layers for name in layer.split(" | ")]
    page = (PROJECT / "docs/how-it-works/design.md").read_text(encoding="utf-8")
    rooms = " ".join(re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE))
    assert len(names) > 10
    assert [name for name in names if f"{name}/" not in rooms] == []
