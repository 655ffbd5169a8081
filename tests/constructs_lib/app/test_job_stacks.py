"""Many jobs, through the real `app.py`: the contents of each stack, and how the stacks depend on each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_transform.job.files.job_file import load_job_files
from batch_transform.job.values.stack_outputs import INPUT_BUCKET, OUTPUT_BUCKET, state_machine_output
from batch_transform_cdk.app.placement import SHARED_RESOURCES, most_bytes, most_resources, stacks_of
from checks.synthesis import synthesise_here
from checks.template import pack_violations

PROJECT = Path(__file__).resolve().parents[3]
FULLEST = (PROJECT / "tests/jobs/fullest.yaml").read_text()
SMALLEST = (PROJECT / "tests/jobs/smallest.yaml").read_text()
LARGE = {
    "tolerant": "bad_records: {max_count: 10, result: unscored}\n"
    "input: {content_type: text/csv, split_type: Line}\noutput: {assemble_with: Line}\nworkflow: {max_cost: 5}\n",
    "wide": "input: {content_type: text/csv, split_type: Line, columns: "
    f"[{', '.join(f'column_{number}' for number in range(400))}]}}\n",
    "noticed": f"notify: {{email: [{', '.join(f'{name}@example.com' for name in 'abcdefgh')}]}}\n",
}

Template = dict[str, Any]


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """34 jobs: more than fit into one stack. One of them sets most fields, and three what adds most to a template."""
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "fullest.yaml").write_text(FULLEST)
    for name, settings in LARGE.items():
        (folder / f"{name}.yaml").write_text(SMALLEST.replace("name: smallest", f"name: {name}") + settings)
    for number in range(30):
        (folder / f"small-{number:02}.yaml").write_text(
            SMALLEST.replace("name: smallest", f"name: small-{number:02}")
        )
    return folder


@pytest.fixture(scope="module")
def assembly(jobs: Path) -> Path:
    synthesise_here(PROJECT, jobs=jobs, assembly=jobs / "cdk.out", security_checks=True)
    return jobs / "cdk.out"


@pytest.fixture(scope="module")
def templates(assembly: Path) -> dict[str, Template]:
    paths = sorted(assembly.glob("*.template.json"))
    return {path.name.partition(".")[0]: json.loads(path.read_text()) for path in paths}


def values_of(template: Any, function: str) -> Iterator[Any]:
    """Every argument of an intrinsic function."""
    if isinstance(template, dict):
        for key, value in template.items():
            if key == function:
                yield value
            yield from values_of(value, function)
    elif isinstance(template, list):
        for item in template:
            yield from values_of(item, function)


def test_each_stack_is_within_the_limits_of_cloudformation(
    templates: dict[str, Template], assembly: Path
) -> None:
    assert len(templates) > 1
    for name, template in templates.items():
        assert len(template["Resources"]) <= 500
        assert len(template["Outputs"]) <= 200
        assert (assembly / f"{name}.template.json").stat().st_size <= 1_000_000


def test_a_job_is_never_larger_than_the_placement_estimates(
    templates: dict[str, Template], assembly: Path, jobs: Path
) -> None:
    for number, members in stacks_of(load_job_files(sorted(jobs.glob("*.yaml")))).items():
        name = f"BatchTransform-{number}" if number else "BatchTransform"
        shared = SHARED_RESOURCES if number == 0 else 0
        resources = templates[name]["Resources"]
        assert len(resources) <= sum(map(most_resources, members)) + shared
        size = (assembly / f"{name}.template.json").stat().st_size
        assert size <= sum(map(most_bytes, members)) + 1_500 * (shared + 2)
        for job in members:
            own = {
                key: resource
                for key, resource in resources.items()
                if key.startswith(f"Jobs{job.name.replace('-', '')}")
            }
            assert len(own) <= most_resources(job), job.name
            assert len(json.dumps(own)) <= most_bytes(job), job.name


def test_every_job_is_in_one_stack_with_its_output(templates: dict[str, Template], jobs: Path) -> None:
    machines = Counter(
        key for template in templates.values() for key in template["Outputs"] if key.startswith("State")
    )
    names = [job.name for job in load_job_files(sorted(jobs.glob("*.yaml")))]
    assert machines == Counter(map(state_machine_output, names))


def test_the_buckets_are_in_the_first_stack_and_the_others_import_them(
    templates: dict[str, Template],
) -> None:
    first = templates.pop("BatchTransform")
    exports = {output["Export"]["Name"] for output in first["Outputs"].values() if "Export" in output}
    assert {f"BatchTransform-{key}" for key in (INPUT_BUCKET, OUTPUT_BUCKET)} <= exports
    for name, template in templates.items():
        kinds = {resource["Type"] for resource in template["Resources"].values()}
        assert "AWS::S3::Bucket" not in kinds
        imported = set(values_of(template, "Fn::ImportValue"))
        assert imported >= {f"BatchTransform-{key}" for key in (INPUT_BUCKET, OUTPUT_BUCKET)}
        assert f"split-into-{name}" in "".join(imported)
    templates["BatchTransform"] = first


def test_a_stack_waits_for_the_one_that_it_split_off_from(assembly: Path) -> None:
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    for name, artifact in artifacts.items():
        if artifact["type"] == "aws:cloudformation:stack" and name != "BatchTransform":
            assert any(
                other.startswith("BatchTransform") for other in artifact["dependencies"] if "." not in other
            )


def test_the_security_checks_see_all_stacks(assembly: Path) -> None:
    assert pack_violations(assembly) == []


def test_dev_differs_from_prod_in_names_switches_and_tags_only(tmp_path: Path) -> None:
    """Equal logical ids, so that `cdk diff` between the two shows what differs and no more."""
    templates = {}
    for environment in ("prod", "dev"):
        job = tmp_path / "fullest.yaml"
        large = FULLEST.replace("[ml.m5.large, ml.m5.xlarge, ml.c5.xlarge", "[ml.m5.12xlarge")
        assert large.count("ml.m5.12xlarge") == 2, "in transform.instance_type and limits.instance_types"
        job.write_text(large)
        synthesise_here(PROJECT, jobs=job, assembly=tmp_path / environment, environment=environment)
        templates[environment] = json.loads(
            (tmp_path / environment / "BatchTransform.template.json").read_text()
        )
    prod, dev = templates["prod"]["Resources"], templates["dev"]["Resources"]
    assert {key: resource["Type"] for key, resource in prod.items()} == {
        key: resource["Type"] for key, resource in dev.items()
    }
    schedules = [one["Properties"] for one in dev.values() if one["Type"] == "AWS::Scheduler::Schedule"]
    assert {schedule["State"] for schedule in schedules} == {"DISABLED"}
    buckets = [one for one in dev.values() if one["Type"] == "AWS::S3::Bucket"]
    assert {bucket["DeletionPolicy"] for bucket in buckets} == {"Delete"}
    definitions = {
        name: json.dumps(next(values_of(resources, "DefinitionString")))
        for name, resources in (("prod", prod), ("dev", dev))
    }
    only_type = json.dumps(["ml.m5.12xlarge"]).replace('"', r"\"")  # `limits` has more types
    assert only_type in definitions["prod"]
    assert only_type not in definitions["dev"]


def test_all_is_tagged(jobs: Path, assembly: Path, templates: dict[str, Template]) -> None:
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    assert artifacts["BatchTransform"]["properties"]["tags"] == {
        "environment": "prod",
        "project": "batch-transform",
    }
    for template in templates.values():
        for key, resource in template["Resources"].items():
            tags = resource["Properties"].get("Tags")
            if key.startswith("Jobs") and isinstance(tags, list):
                assert "job" in {tag["Key"] for tag in tags}, key


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"environment": "qa"}, "environments.yaml has no environment 'qa'; it has prod"),
        ({"jobs": "nowhere"}, "there is no folder nowhere with job files"),
        ({"jobs": "broken"}, "broken/job.yaml:1:1: error missing-field: model: is required"),
    ],
)
def test_fails_with_the_problems_of_the_files_and_no_traceback(
    tmp_path: Path, context: dict[str, str], message: str
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/job.yaml").write_text("name: churn\n")
    code = (
        "import aws_cdk as cdk; from batch_transform_cdk import add_job_stacks; "
        f"add_job_stacks(cdk.App(context={context!r}))"
    )
    environment = {**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'constructs_lib'}"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
