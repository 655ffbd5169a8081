"""The stacks of `app.py`, synthesised with every pack, and their acknowledgments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag

from batch_transform.job.files.job_file import load_job_files
from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform_cdk.app.job_stacks import define_stacks
from batch_transform_nag import BatchTransformChecks

PROJECT = Path(__file__).resolve().parents[2]
JOBS = PROJECT / "tests/jobs"
PAGE = PROJECT / "docs/reference/compliance.md"
OTHERS = PROJECT / "tests/compliance/jobs"

PACKS = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.PCIDSS321Checks,
)

NAMES = [
    *(
        f"{environment}-{job}"
        for environment in ("prod", "dev", "with-key")
        for job in ("smallest", "fullest")
    ),
    "prod-others",
]
"""Environment and job of each assembly under test."""


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly of one stack; `acknowledged` is construct path -> finding -> reason."""

    template: Path
    reports: list[dict[str, Any]]
    acknowledged: Mapping[str, Mapping[str, str]]
    path_of: Mapping[str, str] = field(repr=False)
    """Logical id -> construct path."""

    def reason(self, finding: str, logical_id: str) -> str | None:
        """Return the reason for a finding, acknowledged on the resource or on a parent construct."""
        steps = self.path_of[logical_id].split("/")
        for length in range(len(steps), 0, -1):
            reason = self.acknowledged.get("/".join(steps[:length]), {}).get(finding)
            if reason:
                return reason
        return None

    def acknowledgments(self) -> Iterator[tuple[str, str, str]]:
        """Yield construct path, finding and reason."""
        for path, reasons in self.acknowledged.items():
            for finding, reason in reasons.items():
                yield path, finding, reason

    def definitions(self) -> list[dict[str, Any]]:
        """The definitions of the state machines, with references replaced by their names."""
        found = []
        for resource in json.loads(self.template.read_text())["Resources"].values():
            if resource["Type"] == "AWS::StepFunctions::StateMachine":
                parts = resource["Properties"]["DefinitionString"]["Fn::Join"][1]
                texts = (part if isinstance(part, str) else str(next(iter(part.values()))) for part in parts)
                found.append(json.loads("".join(texts).replace("AWS::Partition", "aws")))
        return found


def synthesised(job: str, environment: EnvironmentSpec, folder: Path) -> Assembly:
    """Synthesise the stack of one job of `tests/jobs` in an environment, or of all `others`."""
    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    app = cdk.App(outdir=str(folder), context=context, builtin_cloud_formation_validation=False)
    files = sorted(OTHERS.glob("*.yaml")) if job == "others" else [JOBS / f"{job}.yaml"]
    jobs = load_job_files(files, environments=[environment])
    define_stacks(app, jobs=jobs, environment=environment)
    cdk.Validations.of(app).add_plugins(*(pack(app) for pack in PACKS), BatchTransformChecks())
    failure = None
    try:
        app.synth()
    except RuntimeError as error:
        failure = error  # the report, which the tests read, says for what
    report = json.loads((folder / "validation-report.json").read_text())["pluginReports"]
    assert (failure is None) == all(part["conclusion"] == "success" for part in report), failure
    acknowledged: dict[str, dict[str, str]] = {}
    path_of = {}
    for path, entries in json.loads((folder / "BatchTransform.metadata.json").read_text()).items():
        for entry in entries:
            if entry["type"] == "aws:cdk:acknowledged-rules":
                acknowledged.setdefault(path.strip("/"), {}).update(entry["data"])
            elif entry["type"] == "aws:cdk:logicalId":
                path_of[entry["data"]] = path.strip("/")
    return Assembly(folder / "BatchTransform.template.json", report, acknowledged, path_of)


def kept_on_page() -> dict[str, int]:
    """The number of kept findings according to docs/reference/compliance.md, by tool."""
    rows = re.findall(r"^\| ([\w.]+) \|[^|]*\| (\d+) kept \|$", PAGE.read_text(), re.MULTILINE)
    return {tool: int(kinds) for tool, kinds in rows}
