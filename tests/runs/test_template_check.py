"""The template rules, applied to the output of an app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.errors import SynthError
from batch_transform.runs.template_check import check_templates


def written(folder: Path, properties: dict[str, Any]) -> list[Path]:
    resource = {"Type": "AWS::SQS::Queue", "Properties": properties}
    (folder / "Stack.template.json").write_text(json.dumps({"Resources": {"Queue": resource}}))
    return [folder / "Stack.template.json"]


def test_a_valid_template_passes(tmp_path: Path) -> None:
    check_templates(written(tmp_path, {"VisibilityTimeout": 30}))


def test_fails_with_the_template_and_the_line_of_the_problem(tmp_path: Path) -> None:
    with pytest.raises(SynthError, match=r"Stack.template.json:\d+: \w+ .*NoSuchProperty"):
        check_templates(written(tmp_path, {"NoSuchProperty": 1}))
