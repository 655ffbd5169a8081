"""Compares the tables of parameters with the SDK, which is installed in its own environment."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from batch_transform.adopt import sdk_parameters

SDK = Path(__file__).parents[2] / "build/sagemaker-sdk"
TRANSFORMER = [*SDK.glob("lib/python3*/site-packages/sagemaker/transformer.py")]
pytestmark = pytest.mark.skipif(
    not TRANSFORMER, reason="needs the SageMaker SDK (300 MB): tests/local/clients/install sagemaker-sdk"
)


def test_the_tables_match_the_sdk() -> None:
    source = TRANSFORMER[0].read_text(encoding="utf-8")
    tables = {"__init__": sdk_parameters.CONSTRUCTORS["Transformer"], "transform": sdk_parameters.TRANSFORM}
    of_the_sdk = {
        node.name: [argument.arg for argument in node.args.args][1:]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name in tables
    }
    assert of_the_sdk == {
        name: [parameter for parameter in table if parameter != "transform_ami_version"]  # only in SDK 3
        for name, table in tables.items()
    }
