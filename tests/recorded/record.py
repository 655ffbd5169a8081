"""What is recorded of a release's templates, to compare later ones with.

PYTHONPATH=tests python -m recorded.record 0.2.0 build/tumours    # once, for each release
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backports import tarfile  # the standard library has no filters in Python 3.11.2, which is Debian 12's

from recorded.forms import FORMS, Templates, example, synthesised

RECORDS = Path(__file__).resolve().parent

STATEFUL = frozenset(
    {
        "AWS::CloudWatch::Alarm",  # composite alarms and dashboards of others name it
        "AWS::CloudWatch::Dashboard",
        "AWS::DynamoDB::Table",
        "AWS::IAM::Role",  # policies of buckets and keys of others name it
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::Scheduler::Schedule",
        "AWS::StepFunctions::StateMachine",
    }
)
"""Resources that lose data, or break references from outside, when CloudFormation replaces them."""

Kept = dict[str, dict[str, Any]]


def kept_of(templates: Templates) -> Kept:
    """Return what must stay: of each stack, stateful resources with their names, and outputs with their exports."""
    return {
        stack: {
            "Resources": {
                logical_id: [resource["Type"], _own_name(resource)]
                for logical_id, resource in sorted(template["Resources"].items())
                if resource["Type"] in STATEFUL
            },
            "Outputs": {
                key: output.get("Export", {}).get("Name")
                for key, output in sorted(template.get("Outputs", {}).items())
            },
        }
        for stack, template in templates.items()
    }


def _own_name(resource: Mapping[str, Any]) -> object:
    """The name that the template gives to a resource, which CloudFormation replaces when it changes."""
    properties = resource.get("Properties", {})
    names = ("Name", "RoleName", "TopicName", "QueueName", "BucketName", "LogGroupName", "AlarmName")
    found = [properties[name] for name in names if name in properties]
    return found[0] if found else None


def recorded(release: str, form: str) -> Kept:
    """Return what the release kept of a form."""
    loaded: Kept = json.loads((RECORDS / release / f"{form}.json").read_text(encoding="utf-8"))
    return loaded


def releases() -> list[str]:
    """Return all releases of which templates are recorded."""
    return sorted(path.name for path in RECORDS.iterdir() if (path / f"{FORMS[0]}.json").exists())


def assembly_of(release: str, folder: Path) -> Path:
    """Unpack the cloud assembly of the example job that this release made: a deployable `cdk.out`, with its assets."""
    with tarfile.open(RECORDS / release / "cdk.out.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "cdk.out"


def _record(release: str, model: Path) -> None:
    target = RECORDS / release
    target.mkdir()
    for form in FORMS:
        with tempfile.TemporaryDirectory() as folder:
            kept = kept_of(synthesised(form, Path(folder)))
        (target / f"{form}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        assembly = example(Path(folder), model)
        with tarfile.open(target / "cdk.out.tar.xz", "w:xz", preset=9) as archive:
            for path in sorted(path for path in assembly.rglob("*") if path.is_file()):
                archive.add(path, arcname=path.relative_to(assembly.parent), filter=_without_owner)


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    _record(sys.argv[1], Path(sys.argv[2]))
