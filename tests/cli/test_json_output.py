"""Each member that `--json` prints is in the reference."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from batch_transform.cli.fetch import FetchedFile, FetchReport
from batch_transform.cli.upload import UploadedFile, UploadReport
from batch_transform.compare.inputs import Inputs
from batch_transform.compare.outcome import Column, Keys
from batch_transform.runs.past_runs import RunSummary
from batch_transform.runs.run_details import OutputFile, PassedState, RunDetails
from batch_transform.runs.run_facts import RunFacts
from batch_transform.runs.run_jobs import RunJob
from batch_transform.runs.stop import StoppedRun

PAGE = (Path(__file__).parents[2] / "docs/reference/commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("command", "shapes"),
    [
        ("upload", [UploadReport, UploadedFile]),
        ("start", [RunSummary, RunDetails, PassedState, OutputFile, RunJob]),
        ("fetch", [FetchReport, FetchedFile]),
        ("compare", [RunFacts, Inputs, Keys, Column]),
        ("stop", [StoppedRun]),
    ],
)
def test_the_reference_has_each_member(command: str, shapes: list[type]) -> None:
    [section] = re.findall(rf"^## `{command} .*?(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
    for shape in shapes:
        members = {field.name for field in dataclasses.fields(shape)}
        assert members <= set(re.findall(r"`(\w+)`", section)), shape
