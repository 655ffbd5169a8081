"""The jobs in a cloud assembly, found by the metadata that `BatchTransform` writes, and the stacks that they need."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from batch_transform.job.errors import InputError
from batch_transform.job.values.job_spec import InputSpec, JobSpec, ModelSpec, OutputSpec, TransformSpec

_STATE_MACHINE = "AWS::StepFunctions::StateMachine"
_NESTED_STACK = "AWS::CloudFormation::Stack"
_UNKNOWN_REGION = "unknown-region"


@dataclass(frozen=True)
class AssemblyStack:
    """A stack of an assembly, or of a stage in it. `artifact_id` is its name in the manifest in `folder`."""

    folder: Path
    artifact_id: str
    artifact: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the stack in CloudFormation."""
        return str(self.artifact.get("properties", {}).get("stackName", self.artifact_id))

    @property
    def template(self) -> Path:
        """The path of its template."""
        return self.folder / str(self.artifact["properties"]["templateFile"])

    @property
    def region(self) -> str | None:
        """The region that the app sets for it; None if the region is taken from the AWS configuration."""
        region = str(self.artifact.get("environment", "")).rpartition("/")[2]
        return None if region in {"", _UNKNOWN_REGION} else region

    @cached_property
    def jobs(self) -> Mapping[str, JobSpec]:
        """Its jobs by name, including those in nested stacks, with as much as the template says about them."""
        found = _jobs_of(self.template, self._nested_templates())
        return {job.name: job for job in map(_job, found)}

    def _nested_templates(self) -> dict[str, Path]:
        """The templates among its assets, by the hash in their URLs."""
        manifest = self.folder / f"{self.artifact_id}.assets.json"
        if not manifest.exists():
            return {}
        files = json.loads(manifest.read_text(encoding="utf-8")).get("files", {})
        paths = {key: str(asset["source"].get("path", "")) for key, asset in files.items()}
        return {
            key: self.folder / path for key, path in paths.items() if path.endswith(".nested.template.json")
        }


def stacks_in(assembly: Path) -> list[AssemblyStack]:
    """Return all stacks of the assembly and of its stages."""
    found = []
    artifacts = json.loads((assembly / "manifest.json").read_text(encoding="utf-8")).get("artifacts", {})
    for artifact_id, artifact in artifacts.items():
        if artifact["type"] == "aws:cloudformation:stack":
            found.append(AssemblyStack(assembly, artifact_id, artifact))
        elif artifact["type"] == "cdk:cloud-assembly":
            found += stacks_in(assembly / artifact["properties"]["directoryName"])
    return found


def stack_with(
    names: Iterable[str], stacks: Sequence[AssemblyStack], chosen: str | None
) -> tuple[str, AssemblyStack]:
    """Return the first of these names that a stack has a job for, and that stack. `chosen` limits it to one stack.

    Raises InputError if no stack has such a job, or if several have it.
    """
    among = [stack for stack in stacks if chosen in {None, stack.name}]
    if not among:
        raise InputError(f"the app has no stack {chosen}; it has {_listed(stack.name for stack in stacks)}")
    names = list(names)
    for name in names:
        found = [stack for stack in among if name in stack.jobs]
        if len(found) > 1:
            raise InputError(
                f"the app has the job {name} in {len(found)} stacks, {' and '.join(stack.name for stack in found)}: "
                "choose one of them with --stack"
            )
        if found:
            return name, found[0]
    where = f"stack {chosen}" if chosen else "the app"
    raise InputError(
        f"{where} has no job {names[-1]}; its jobs: {_listed(job for stack in among for job in stack.jobs)}"
    )


def with_needed(stack: AssemblyStack, stacks: Sequence[AssemblyStack]) -> list[AssemblyStack]:
    """Return the stack and all stacks that it depends on, in the order of their deployment."""
    siblings = {other.artifact_id: other for other in stacks if other.folder == stack.folder}
    ordered: dict[str, AssemblyStack] = {}

    def add(one: AssemblyStack) -> None:
        for needed in one.artifact.get("dependencies", []):
            if needed in siblings and needed not in ordered:
                add(siblings[needed])
        ordered[one.artifact_id] = one

    add(stack)
    return list(ordered.values())


def _jobs_of(template: Path, nested: Mapping[str, Path]) -> Iterator[Mapping[str, Any]]:
    """Yield what the metadata of state machines says about their jobs."""
    resources = json.loads(template.read_text(encoding="utf-8")).get("Resources", {})
    for resource in resources.values():
        if resource["Type"] == _STATE_MACHINE:
            metadata = resource.get("Metadata", {}).get("Job")
            if isinstance(metadata, dict) and isinstance(metadata.get("model"), dict):
                yield metadata
        elif resource["Type"] == _NESTED_STACK:
            address = json.dumps(resource["Properties"]["TemplateURL"])
            for key, path in nested.items():
                if key in address:
                    yield from _jobs_of(path, nested)


def _job(metadata: Mapping[str, Any]) -> JobSpec:
    """Return the parts of the job that a run on this machine needs, without values that only a deployment knows."""
    model, source, output = metadata["model"], metadata.get("input", {}), metadata.get("output", {})
    return JobSpec(
        name=str(metadata["name"]),
        model=ModelSpec(
            existing=_text(model, "existing"),
            endpoint=_text(model, "endpoint"),
            package_group=_text(model, "package_group"),
            role=_text(model, "role"),
        ),
        input=InputSpec(content_type=_text(source, "content_type"), columns=tuple(source.get("columns", ()))),
        transform=TransformSpec(instance_type=tuple(metadata["transform"]["instance_type"])),
        output=OutputSpec(accept=_text(output, "accept"), columns=tuple(output.get("columns", ()))),
    )


def _text(metadata: Mapping[str, Any], member: str) -> str | None:
    value = metadata.get(member)
    return value if isinstance(value, str) else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "none"
